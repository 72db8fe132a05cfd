"""The servers under load: gunicorn and nginx on a core of their own, always stopped at the end."""

import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.commands import OURS, Checkout, outside

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
CORES: Final = (SERVER_CORE, LOAD_CORE)

_START_SECONDS = 30
_STOP_SECONDS = 10


class MissingError(Exception):
    """A program is not installed; the message names its package."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as received."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header. Raises ``RuntimeError`` if it is missing."""
        for known, value in self.headers:
            if known.lower() == name.lower():
                return value
        raise RuntimeError(f"the answer has no {name}")

    def from_application(self) -> "Answer":
        """Return the answer without the headers that gunicorn adds."""
        own = {"server", "date", "connection"}
        rest = tuple(header for header in self.headers if header[0].lower() not in own)
        return Answer(self.status, self.reason, rest, self.body)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def url(self, path: str) -> str:
        """Return the absolute URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Send one GET request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            body = response.read()
            return Answer(response.status, response.reason, tuple(response.getheaders()), body)
        finally:
            connection.close()


def program(name: str, package: str) -> str:
    """Return the path of a program. Raises ``MissingError`` if it is not installed."""
    # Debian installs nginx in a folder that is not in an ordinary user's PATH.
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None:
        raise MissingError(f"{name} is missing: install Debian's package {package}.")
    return found


def pinned(*cores: int) -> list[str]:
    """Return the first words of a command line that runs on these cores only."""
    return [program("taskset", "util-linux"), "-c", ",".join(map(str, cores))]


@contextmanager
def gunicorn(
    app: str,
    environ: Mapping[str, str],
    checkout: Checkout = OURS,
    cores: Sequence[int] = (SERVER_CORE,),
) -> Iterator[Server]:
    """Serve a WSGI application of a checkout with the gunicorn settings of its service."""
    port = free_port()
    command = [checkout.python, "-m", "gunicorn", "--log-level", "warning"]
    command += ["-c", "python:feeds.gunicorn_conf", app]
    bind = {"FEEDS_BIND": f"127.0.0.1:{port}"}
    variables = {**environ, **checkout.environ, **bind}
    with running(command, variables, port, checkout.folder, cores) as server:
        yield server


@contextmanager
def running(
    command: Sequence[str],
    environ: Mapping[str, str],
    port: int,
    folder: Path = OURS.folder,
    cores: Sequence[int] = (SERVER_CORE,),
) -> Iterator[Server]:
    """Run a server on its cores until the block ends."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*pinned(*cores), *command],
            cwd=folder,
            env={**outside(), **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C must reach this program only, which then stops its servers.
            start_new_session=True,
        )
        try:
            _wait(process, port)
            yield Server(port, process.pid)
        except Exception as error:
            log.seek(0)
            output = log.read()
            if output:
                error.add_note(f"{command[0]} printed:\n{output}")
            raise
        finally:
            _stop(process)


def workers(server: Server) -> list[int]:
    """Return the process ids of gunicorn's workers."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
    return [int(word) for word in children.split()]


def cpu_clock(pid: int) -> int:
    """Return the clock of the CPU time of a process, for ``time.clock_gettime_ns``."""
    clock = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    if error:
        raise OSError(error, os.strerror(error))
    return clock.value


def free_port() -> int:
    """Return a port of the loopback interface on which nothing listens now."""
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
        # On SIGINT gunicorn and nginx both stop at once, without waiting for connections.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
