"""The servers under load: gunicorn and nginx on a core of their own, stopped whatever happens."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1

_ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 30
_STOP_SECONDS = 10


class MissingError(Exception):
    """A program is not installed; the message says which package has it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came over the wire."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header; raise ``RuntimeError`` where it is missing."""
        for known, value in self.headers:
            if known.lower() == name.lower():
                return value
        raise RuntimeError(f"the answer has no {name}")

    def finished(self) -> "Answer":
        """Return it without what the server adds to every answer by itself."""
        own = {"server", "date", "connection"}
        kept = tuple(header for header in self.headers if header[0].lower() not in own)
        return Answer(self.status, self.reason, kept, self.body)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def address(self, path: str) -> str:
        """Return the absolute address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Ask once."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            body = response.read()
            return Answer(response.status, response.reason, tuple(response.getheaders()), body)
        finally:
            connection.close()


def program(name: str, package: str) -> str:
    """Return the path of a program; raise ``MissingError`` where it is not installed."""
    # Debian keeps nginx where an ordinary user's PATH does not lead.
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None:
        raise MissingError(f"{name} is missing: install Debian's package {package}.")
    return found


def pinned(core: int) -> list[str]:
    """Return the beginning of a command that is to run on one core."""
    return [program("taskset", "util-linux"), "-c", str(core)]


@contextmanager
def gunicorn(app: str, environ: Mapping[str, str]) -> Iterator[Server]:
    """Serve a WSGI application with the service's own settings of gunicorn."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--log-level", "warning"]
    command += ["-c", "python:feeds.gunicorn_conf", app]
    bound = {"FEEDS_BIND": f"127.0.0.1:{port}"}
    with running(command, {**environ, **bound}, port) as server:
        yield server


@contextmanager
def running(command: Sequence[str], environ: Mapping[str, str], port: int) -> Iterator[Server]:
    """Run a server on its core until the block ends."""
    outside = {name: value for name, value in os.environ.items() if name[:6] != "FEEDS_"}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*pinned(SERVER_CORE), *command],
            cwd=_ROOT,
            env={**outside, **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches this program alone, which stops its servers in order.
            start_new_session=True,
        )
        try:
            _wait(process, port)
            yield Server(port, process.pid)
        except Exception as error:
            log.seek(0)
            said = log.read()
            if said:
                error.add_note(f"{command[0]} said:\n{said}")
            raise
        finally:
            _stop(process)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port} after {_START_SECONDS} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        # gunicorn and nginx both take this for: at once, without waiting for connections.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
