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


def _nginx(folder: Path, frozen: Path, port: int) -> list[str]:
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
                include {frozen}/current/nginx-server.conf;
            }}
        }}
        """
    )
    return [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(folder: Path, frozen: Path, port: int) -> list[str]:
    program = _program("caddy", "caddy")
    (folder / "Caddyfile").write_text(
        f"""
        {{
            admin off
            auto_https off
            storage file_system {folder}
        }}
        http://127.0.0.1:{port} {{
            import {frozen}/current/Caddyfile
        }}
        """
    )
    return [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


HOSTS = {"nginx": _nginx, "caddy": _caddy}


@contextmanager
def serving(host: str, frozen: Path, folder: Path) -> Iterator[Ask]:
    """Run a host; yield what asks it."""
    folder.mkdir(exist_ok=True)
    (port,) = free_ports(1)
    command = HOSTS[host](folder, frozen, port)
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
