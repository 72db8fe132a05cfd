"""Real hosts that serve a frozen archive with the configuration that ``feeds freeze`` wrote."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.deploy.site import Got, free_ports, listens

Ask = Callable[..., Got]
"""Sends a request: the path as it is written, then headers and the method."""


def _program(name: str, package: str) -> str:
    if found := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"):
        return found
    pytest.skip(f"needs {name}, which is missing: apt-get install {package}")


def _uploads(file: Path, folder: Path) -> str:
    """Return the lines for a copied folder in a configuration, without the signs of a comment."""
    lines = file.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if "the old portal had, copied" in line) + 1
    last = next(n for n in range(first, len(lines)) if not lines[n].startswith("# "))
    found = "\n".join(line.removeprefix("# ") for line in lines[first:last])
    assert "/srv/old-portal/wp-content/uploads" in found
    return found.replace("/srv/old-portal/wp-content/uploads", str(folder))


def _nginx(folder: Path, frozen: Path, port: int, uploads: Path) -> list[str]:
    program = _program("nginx", "nginx-light")
    paths = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"""
        {"user root;" if os.geteuid() == 0 else ""}
        pid {folder}/nginx.pid;
        error_log stderr warn;
        daemon off;
        events {{ }}
        http {{
            {paths}
            access_log off;
            gzip on;
            include {frozen}/current/nginx-http.conf;
            server {{
                listen 127.0.0.1:{port};
                {_uploads(frozen / "current" / "nginx-server.conf", uploads)}
                include {frozen}/current/nginx-server.conf;
            }}
        }}
        """
    )
    return [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(folder: Path, frozen: Path, port: int, uploads: Path) -> list[str]:
    program = _program("caddy", "caddy")
    (folder / "Caddyfile").write_text(
        f"""
        {{
            admin off
            auto_https off
            storage file_system {folder}
        }}
        http://127.0.0.1:{port} {{
            {_uploads(frozen / "current" / "Caddyfile", uploads)}
            import {frozen}/current/Caddyfile
        }}
        """
    )
    return [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def _apache(folder: Path, frozen: Path, port: int, uploads: Path) -> list[str]:
    program = _program("apache2", "apache2-bin")
    modules = (
        "mpm_event authz_core dir mime negotiation filter deflate brotli rewrite headers alias"
    )
    loaded = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in modules.split()
    )
    (folder / "apache.conf").write_text(
        f"""
        ServerRoot {folder}
        DefaultRuntimeDir {folder}
        PidFile {folder}/apache.pid
        ServerName feeds.example.org
        ErrorLog /dev/stderr
        {loaded}
        TypesConfig /dev/null
        AddType application/x-gzip .gz
        AddEncoding x-gzip .gz
        AddLanguage br .br
        AddOutputFilterByType DEFLATE text/html application/atom+xml application/rss+xml
        AddOutputFilterByType BROTLI_COMPRESS text/html application/json
        <Directory />
            Options FollowSymLinks
            Require all denied
        </Directory>
        Listen 127.0.0.1:{port}
        <VirtualHost 127.0.0.1:{port}>
            {_uploads(frozen / "current" / "apache.conf", uploads)}
            Include {frozen}/current/apache.conf
        </VirtualHost>
        """
    )
    command = [program, "-D", "FOREGROUND", "-f", str(folder / "apache.conf")]
    if os.geteuid() == 0:  # Apache refuses to be root, and only root may read the folders of tests
        capability = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
        user = ("--reuid=65534", "--regid=65534", "--clear-groups")
        return ["setpriv", *user, *capability, *command]
    return command


HOSTS = {"nginx": _nginx, "caddy": _caddy, "apache": _apache}


@contextmanager
def serving(
    host: str, frozen: Path, folder: Path, uploads: Path, port: int | None = None
) -> Iterator[Ask]:
    """Run a host, with a copied folder of the old portal; yield what asks it."""
    folder.mkdir(exist_ok=True)
    port = port or free_ports(1)[0]
    command = HOSTS[host](folder, frozen, port, uploads)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    connection = HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Got:
        connection.request(method, path, headers=dict(headers or {}))
        return Got.of(connection.getresponse())

    try:
        deadline = time.monotonic() + 120
        while not listens(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, f"{host} did not answer within two minutes"
            time.sleep(0.02)
        yield ask
    finally:
        connection.close()
        process.terminate()
        process.wait(120)
