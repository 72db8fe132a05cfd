"""The systemd units: what systemd reports about them, and their commands as systemd runs them."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from feeds.settings import Settings
from tests.deploy.site import ROOT, free_ports
from tests.portal import Portal, wait_for
from tests.replication import replication

pytestmark = pytest.mark.slow

UNIT = ROOT / "deploy" / "release-feeds.service"
ENVIRONMENT = ROOT / "deploy" / "feeds.env"
SOCKET = ROOT / "deploy" / "release-feeds.socket"
BACKUP = ROOT / "deploy" / "release-feeds-backup.service"
FEEDS = str(Path(sys.executable).with_name("feeds"))
# What a child of systemd does with a socket before it becomes the service.
TO_CHILD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[2], sys.argv[2:])
"""


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze, which is missing: apt-get install systemd")
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit with the path of the program on this machine, beside the other units."""
    for written in (UNIT, BACKUP):
        text = written.read_text().replace("/opt/release-feeds/current/bin/feeds", FEEDS)
        (tmp_path / written.name).write_text(text)
    for other in (SOCKET, BACKUP.with_suffix(".timer")):
        shutil.copy(other, tmp_path)
    return tmp_path / UNIT.name


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def example(lines: str = r"(?:# )?") -> dict[str, str]:
    """Return the settings of the example, those that are comments included."""
    return dict(re.findall(rf"(?m)^{lines}(FEEDS_\w+)=(.*)$", ENVIRONMENT.read_text()))


def test_systemd_accepts_the_units_without_a_warning(unit: Path) -> None:
    units = [path for path in unit.parent.iterdir() if path.name.startswith("release-feeds")]
    assert len(units) == 4
    ran = analyze("verify", "--man=no", *units)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")
    (when,) = values(unit.with_name("release-feeds-backup.timer"), "OnCalendar")
    assert analyze("calendar", when).returncode == 0


@pytest.mark.parametrize("name", [UNIT.name, BACKUP.name])
def test_the_services_are_isolated_from_the_machine(unit: Path, name: str) -> None:
    ran = analyze("security", "--offline=true", "--no-pager", "--threshold=15", unit.parent / name)
    assert ran.returncode == 0, ran.stdout.splitlines()[-1]
    # Only what they do differs.
    sandbox = UNIT.read_text().partition("RestrictAddressFamilies=")[2].partition("[Install]")[0]
    assert BACKUP.read_text().partition("RestrictAddressFamilies=")[2].strip() == sandbox.strip()


def test_the_timer_makes_back_ups_in_the_folder_of_the_store(systemd: "Systemd") -> None:
    systemd.migrate()
    (command,) = values(systemd.unit.with_name(BACKUP.name), "ExecStart")
    words = shlex.split(command.replace("/var/lib/release-feeds", str(systemd.store)))
    subprocess.run(words, cwd=systemd.store, env=systemd.environ, check=True)
    assert len(list((systemd.store / "backups").glob("feeds-*.db"))) == 1


def test_the_example_of_the_settings_is_complete() -> None:
    settings = Settings.read(example())
    assert settings.base_url == "https://feeds.example.org"
    assert settings.rights == "Copyright © 2007-2022 Example"


def test_no_store_is_created_with_the_unchanged_example(tmp_path: Path) -> None:
    store = tmp_path / "feeds.db"
    environ = os.environ | example("") | {"FEEDS_DATABASE_URL": f"sqlite:///{store}"}
    ran = subprocess.run(
        [FEEDS, "migrate"], env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    for name in ("BASE_URL", "AUTHORITY", "AUTHORITY_YEAR", "TIMEZONE", "ENTRIES"):
        assert f"FEEDS_{name} " in ran.stderr
    assert not store.exists()


@dataclass
class Systemd:
    """The two units as systemd runs them: it opens the socket and passes it to each start."""

    unit: Path
    store: Path
    listener: socket.socket
    notices: socket.socket
    environ: dict[str, str]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def migrate(self) -> None:
        """Create the store, as the installation does."""
        subprocess.run([FEEDS, "migrate"], cwd=self.store, env=self.environ, check=True)

    def start(self, *, listens: bool = True) -> subprocess.Popen[bytes]:
        """Run the commands of the unit; if it ``listens``, return when it says so."""
        for command in values(self.unit, "ExecStartPre"):
            subprocess.run(
                shlex.split(command.removeprefix("-")),
                cwd=self.store,
                env=self.environ,
                check=not command.startswith("-"),
                capture_output=True,
            )
        (command,) = values(self.unit, "ExecStart")
        main = subprocess.Popen(
            [sys.executable, "-c", TO_CHILD, str(self.listener.fileno()), *shlex.split(command)],
            cwd=self.store,
            env=self.environ,
            pass_fds=[self.listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
        assert not listens or self.notices.recv(1000).startswith(b"READY=1")
        return main


@pytest.fixture
def systemd(unit: Path, tmp_path: Path) -> Iterator[Systemd]:
    store = tmp_path / "release-feeds"
    store.mkdir()
    environ = os.environ | example() | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    environ["FEEDS_DATABASE_URL"] = environ["FEEDS_DATABASE_URL"].replace(
        "/var/lib/release-feeds", str(store)
    )
    # Nothing listens there: the service uses the socket.
    environ["FEEDS_BIND"] = f"127.0.0.1:{free_ports(1)[0]}"
    with (
        socket.socket() as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        notices.bind(environ["NOTIFY_SOCKET"])
        notices.settimeout(120)
        yield Systemd(unit, store, listener, notices, environ)


def test_the_service_does_not_start_without_its_store(systemd: Systemd) -> None:
    with systemd.start(listens=False) as main:
        try:
            assert main.wait(120) != 0
        finally:
            main.kill()
    assert list(systemd.store.iterdir()) == []


def test_systemd_is_notified_when_the_service_listens(systemd: Systemd) -> None:
    systemd.migrate()
    with systemd.start() as main:
        try:
            assert Path(f"/proc/{main.pid}/cmdline").read_bytes().count(b"gunicorn") > 0
            wait_for(f"http://{systemd.address}/readyz", main)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", int(systemd.environ["FEEDS_BIND"][10:])))
        finally:
            main.terminate()
        assert main.wait(120) == 0


def test_the_service_starts_before_its_database(systemd: Systemd, tmp_path: Path) -> None:
    with replication(replicas=0) as alone:
        portal = Portal(tmp_path, alone.primary.new_address())
        systemd.environ["FEEDS_DATABASE_URL"] = portal.url
        portal.environ = {name: systemd.environ[name] for name in example()}
        portal.made()
        alone.primary.kill()
        with systemd.start() as main:
            try:
                with pytest.raises(HTTPError, match="503"):
                    urlopen(f"http://{systemd.address}/readyz", timeout=120)
                alone.primary.start()
                wait_for(f"http://{systemd.address}/readyz", main)
            finally:
                main.terminate()


def test_a_restart_loses_no_request(systemd: Systemd) -> None:
    """Each request is sent on a new connection; those sent meanwhile wait for the new process."""
    done = threading.Event()
    answered = [0] * 8

    def poll(client: int) -> None:
        while not done.is_set():
            with urlopen(f"http://{systemd.address}/releases.atom", timeout=120) as response:
                assert response.status == 200
                response.read()
            answered[client] += 1

    systemd.migrate()
    with ExitStack() as stack:
        main = systemd.start()
        stack.callback(lambda: main.wait(120))
        stack.callback(lambda: main.terminate())  # noqa: PLW0108 - main is the last process then
        clients = stack.enter_context(ThreadPoolExecutor(len(answered)))
        stack.callback(done.set)
        polls = [clients.submit(poll, client) for client in range(len(answered))]
        for restart in range(4):
            if restart:
                main.terminate()
                assert main.wait(120) == 0
                main = systemd.start()
            before = list(answered)
            while any(now < then + 20 for now, then in zip(answered, before, strict=True)):
                assert not any(poll.done() for poll in polls), [poll.result() for poll in polls]
                time.sleep(0.05)
        done.set()
        for finished in polls:
            finished.result()
