"""Every host name is this machine, within the process that imports this module.

On 127.0.0.1 no client looks for a proxy, so what is measured there is less than what a call to AWS takes. A name that
is not this machine's own is treated as AWS's would be, and to be answered here it must be found here: by a patch of
the process's own resolver, since a benchmark must not need an entry in /etc/hosts. Each program and each worker has
it, whichever client it measures.
"""

import socket

_real = socket.getaddrinfo


def _here(host, *arguments, **more):
    return _real("127.0.0.1", *arguments, **more)


socket.getaddrinfo = _here
