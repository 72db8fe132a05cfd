"""Run one PostgreSQL in a folder until the process that needs it has ended.

    python -I -S postgresql.py PROGRAMS FOLDER

Returns when the server accepts connections. A process in the background then waits for the lock on
``FOLDER/run``, which the process that needs the server holds as long as it lives. It then stops the
server and removes the folder. It is in a session of its own, so neither Ctrl-C nor a crash of that
process keeps it from doing so. Nothing outside the folder is changed: root cannot run PostgreSQL,
so as root the user ``nobody`` runs a copy of the programs, wherever they are installed.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_START_SECONDS = 120
_INITDB = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
_OPTIONS = {
    "listen_addresses": "",
    # All workers of a run share the server.
    "max_connections": "400",
    # The data do not have to survive a crash of the machine.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


def main() -> None:
    """Start the server and stay in the background until it is no longer needed."""
    programs, folder = map(Path, sys.argv[1:])
    if os.fork():
        os._exit(0)  # the caller waits for the end of the output, which the other process holds
    os.setsid()
    server = None
    try:
        server = _start(programs, folder)
        with (folder / "log").open("a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        with (folder / "run").open("w") as run:
            fcntl.flock(run, fcntl.LOCK_EX)
    finally:
        if server:
            server.send_signal(signal.SIGQUIT)  # at once: nothing has to be written
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)  # the other process may remove it, too


def _start(programs: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Make the data folder, start the server in it and wait until it accepts connections."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        for part in (programs, programs.with_name(f"{programs.name}.libs")):
            shutil.copytree(part, folder / part.name)
        programs = folder / programs.name
        shutil.chown(data, "nobody")
        account = {"user": "nobody", "extra_groups": []}
    binaries = programs / "pginstall" / "bin"
    with (folder / "log").open("wb") as log:
        subprocess.run(
            [binaries / "initdb", "-D", data, *_INITDB],
            check=True,
            stdout=log,
            **account,
        )
        options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", data, *options],
            stdout=log,
            stderr=log,
            **account,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not _ready(data):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.02)
    return server


def _ready(data: Path) -> bool:
    """Tell whether the server has written that it accepts connections."""
    try:
        return (data / "postmaster.pid").read_text().split()[-1:] == ["ready"]
    except OSError:
        return False


if __name__ == "__main__":
    main()
