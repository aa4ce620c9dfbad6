"""The causes of failures where no answer came: names, connections, certificates, proxies.

Sources: OpenSSL's x509_vfy.h for the numbers of certificate errors; RFC 9110, 15.5.8 for 407; Amazon Bedrock user
guide, "Use interface VPC endpoints". An error and `doctor` say the same words.

This module is data: a cause is a word that whoever has seen the failure knows, and advice is ours.
"""

from __future__ import annotations

_CLIENT_CERTIFICATE = (
    "The server wants to see a certificate of yours: give a `session` that has it and its key (`cert` of requests, "
    "the connector's `ssl` of aiohttp)."
)
_NO_TLS = "What answers there speaks no TLS: is the port right, and is it https at all?"

_ADVICE = {
    "name": "No host is known by this name: is the Region right, and does this network resolve it?",
    "timeout": (
        "Nothing answers: in a VPC the service is reached by an interface endpoint or a NAT gateway, and security "
        "groups must let port 443 through; elsewhere HTTPS_PROXY may have to name a proxy."
    ),
    "untrusted": (
        "{bundle} does not hold the authority that signed this certificate, perhaps that of a proxy of your network: "
        "set AWS_CA_BUNDLE to a PEM file that holds it."
    ),
    "untrusted-bundle": (
        "Perhaps the authority is that of a proxy of your network: add its certificate to the file, or name another "
        "one in AWS_CA_BUNDLE."
    ),
    "bundle": "Give the path of a PEM file with the certificates to trust, or unset it for those of requests.",
    # X509_V_ERR_CERT_NOT_YET_VALID, ..._CERT_HAS_EXPIRED, ..._HOSTNAME_MISMATCH, ..._IP_ADDRESS_MISMATCH
    "certificate-9": "The certificate is not valid yet: is this machine's clock right?",
    "certificate-10": "The certificate has expired: its owner must renew it, if this machine's clock is right.",
    "certificate-62": "The certificate is another host's: the URL must name the host as the certificate does.",
    "certificate-64": "The certificate is another host's: the URL must name the host as the certificate does.",
    # OpenSSL's names of alerts and of what it reads in place of TLS
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _CLIENT_CERTIFICATE,
    "SSLV3_ALERT_BAD_CERTIFICATE": _CLIENT_CERTIFICATE,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "The server ended the handshake: it probably wants to see a certificate of yours (of a `session`), "
        "or shares no version or cipher of TLS."
    ),
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "proxy": "Check the URL of the proxy in HTTPS_PROXY; NO_PROXY names hosts that need none.",
    "proxy-name": "No host is known by the proxy's name: check HTTPS_PROXY; NO_PROXY names hosts that need none.",
    "proxy-timeout": "Check {proxy}, which HTTPS_PROXY names; NO_PROXY names hosts that need none.",
    "proxy-TLS": "The proxy itself probably speaks no TLS: its URL in HTTPS_PROXY then begins with http://.",
    "tunnel": "The proxy would not, or could not, connect: ask who runs it; NO_PROXY names hosts that need none.",
    "tunnel-407": "A proxy wants a user name and a password: put them into the URL in HTTPS_PROXY.",
    "tunnel-407-password": (
        "The proxy does not accept the user name or the password in its URL: correct them in HTTPS_PROXY."
    ),
    "tunnel-403": "The proxy forbids this host: ask who runs it to let it through, or name the host in NO_PROXY.",
    "socks": "Install {socks_by}: python -m pip install {socks_by}.",
}


def advise_on_network(
    cause: str, *, bundle: str | None = None, proxy: str | None = None, socks_by: str = "PySocks"
) -> str | None:
    """Return the advice for `cause`, with the CA bundle in use and the proxy, without its password, if there is one.

    `socks_by` is the library that speaks SOCKS.

    None where there is no advice for it.
    """
    text = _ADVICE.get(cause)
    return text and text.format(
        bundle=bundle or "The CA bundle in use", proxy=proxy or "the proxy", socks_by=socks_by
    )
