"""The real nginx with the configuration file that an operator installs.

Only the ports, the paths and the certificate of the file are replaced by those of this machine.
"""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "nginx.conf"
# Settings for all sites in the machine's own nginx.conf, which must not affect this site.
AROUND = """
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    sendfile on;
    tcp_nopush on;
    gzip on;
    gzip_proxied any;
    gzip_types *;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    access_log {folder}/access.log;
    include {folder}/release-feeds.conf;
}}
"""


@dataclass(frozen=True)
class Got:
    """A response: header names are in lower case, values of the same header are joined."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, response: HTTPResponse) -> "Got":
        """Read the whole response."""
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        return cls(response.status, headers, response.read())


@dataclass
class Site:
    """The running site."""

    folder: Path
    plain: int
    secure: int
    tls: ssl.SSLContext
    source: str = "127.0.0.1"
    _kept: list[HTTPSConnection] = field(default_factory=list)

    def ask(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Got:
        """Send a request over TLS on a persistent connection; the path is sent as it is written."""
        if not self._kept:
            self._kept.append(
                HTTPSConnection(
                    "127.0.0.1",
                    self.secure,
                    timeout=120,
                    source_address=(self.source, 0),
                    context=self.tls,
                )
            )
        connection = self._kept[0]
        try:
            connection.request(method, path, headers=dict(headers or {}))
            return Got.of(connection.getresponse())
        except OSError:
            self.close()
            raise

    def seen_from(self, source: str) -> "Site":
        """Return the same site for a client of another address."""
        return Site(self.folder, self.plain, self.secure, self.tls, source)

    def close(self) -> None:
        """Close the persistent connection."""
        for connection in self._kept:
            connection.close()
        self._kept.clear()


@contextmanager
def behind_nginx(
    service: str,
    folder: Path,
    instead: Mapping[str, str] | None = None,
    extra: str = "",
    sed: str = "",
) -> Iterator[Site]:
    """Run nginx in front of a service.

    ``instead`` maps parts of the configuration file to what replaces them in a test; ``extra`` is
    appended to the file. ``sed`` is a script that changes the machine's own nginx.conf.
    """
    if not (nginx := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")):
        pytest.skip("needs nginx, which is missing: apt-get install nginx-light")
    folder = folder / "nginx"
    folder.mkdir()
    certify(folder)
    plain, secure, inner = free_ports(3)
    text = FILE.read_text() + extra.replace("/live/www.prcentrs.example", "/live/feeds.example.org")
    words = {
        "127.0.0.1:8000": service.removeprefix("http://"),
        "127.0.0.1:8001": f"127.0.0.1:{inner}",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen [::]:80;": "",
        "listen 443 ": f"listen 127.0.0.1:{secure} ",
        "listen [::]:443 ssl http2;": "",
        "/etc/letsencrypt/live/feeds.example.org": str(folder),
        "/var/cache/nginx-feeds": f"{folder}/cache",
        "/var/log/nginx/": f"{folder}/",
    }
    for old, new in (words | dict(instead or {})).items():
        assert old in text, f"{FILE.name} does not contain: {old}"
        text = text.replace(old, new)
    (folder / "release-feeds.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    subprocess.run(["sed", "-i", sed, str(folder / "nginx.conf")], check=True)
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with ExitStack() as stack:
        err = stack.enter_context((folder / "nginx.err").open("w"))
        process = subprocess.Popen(command, stderr=err)
        stack.callback(process.wait, 120)
        stack.callback(process.terminate)
        trusted = ssl.create_default_context(cafile=folder / "fullchain.pem")
        site = Site(folder, plain, secure, trusted)
        stack.callback(site.close)
        deadline = time.monotonic() + 120
        while not listens(secure):
            assert process.poll() is None, (folder / "nginx.err").read_text()
            assert time.monotonic() < deadline, "nginx did not answer within two minutes"
            time.sleep(0.02)
        yield site


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def certify(folder: Path) -> None:
    """Make a self-signed certificate where Let's Encrypt would put one."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl, which is missing: apt-get install openssl")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=feeds.example.org"),
            *("-addext", "subjectAltName=DNS:feeds.example.org,IP:127.0.0.1"),
            *("-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")),
        ],
        check=True,
        capture_output=True,
    )
