"""What the system tests share: certificates, and an nginx or a haproxy with a configuration of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from certificates import Authority
from processes import command, free_port, running

#: Starts a server with the lines given, where PORT stands for its port, and returns that port.
Start = Callable[[str], int]

NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    server {
        LINES
    }
}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
LINES
"""


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def server_files(authority: Authority) -> tuple[Path, Path]:
    """Give the files of a certificate for the name localhost, and of its key."""
    return authority.sign("localhost")


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(answer="An answer.") as endpoint:
        yield endpoint


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Start]:
    program = command("nginx", "apt-get install nginx-light")
    with ExitStack() as stack:

        def start(lines: str) -> int:
            port = free_port()
            configuration = NGINX.replace("LINES", lines).replace("PORT", str(port))
            (tmp_path / "nginx.conf").write_text(configuration)
            stack.enter_context(running([program, "-p", str(tmp_path), "-c", "nginx.conf"], port, tmp_path))
            return port

        yield start


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Start]:
    program = command("haproxy", "apt-get install haproxy")
    with ExitStack() as stack:

        def start(lines: str) -> int:
            port = free_port()
            configuration = HAPROXY.replace("LINES", lines).replace("PORT", str(port))
            (tmp_path / "haproxy.cfg").write_text(configuration)
            stack.enter_context(running([program, "-db", "-f", "haproxy.cfg"], port, tmp_path))
            return port

        yield start
