"""The systemd unit: what systemd reports about it, and its commands as systemd runs them."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from feeds.settings import Settings
from tests.deploy.site import ROOT, free_ports
from tests.portal import wait_for

pytestmark = pytest.mark.slow

UNIT = ROOT / "deploy" / "release-feeds.service"
ENVIRONMENT = ROOT / "deploy" / "feeds.env"
FEEDS = str(Path(sys.executable).with_name("feeds"))


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze, which is missing: apt-get install systemd")
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit with the path of the program on this machine."""
    text = UNIT.read_text().replace("/opt/release-feeds/current/bin/feeds", FEEDS)
    path = tmp_path / UNIT.name
    path.write_text(text)
    return path


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def example() -> dict[str, str]:
    lines = ENVIRONMENT.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def test_systemd_accepts_the_unit_without_a_warning(unit: Path) -> None:
    ran = analyze("verify", "--man=no", unit)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_the_service_is_isolated_from_the_machine(unit: Path) -> None:
    ran = analyze("security", "--offline=true", "--no-pager", "--threshold=15", unit)
    assert ran.returncode == 0, ran.stdout.splitlines()[-1]


def test_the_example_of_the_settings_is_complete() -> None:
    settings = Settings.read(example())
    assert settings.base_url == "https://feeds.example.org"
    assert settings.rights == "Copyright © 2007-2022 Example"


def test_systemd_is_notified_when_the_service_listens(unit: Path, tmp_path: Path) -> None:
    store = tmp_path / "release-feeds"
    store.mkdir()
    environ = os.environ | example() | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    environ["FEEDS_DATABASE_URL"] = environ["FEEDS_DATABASE_URL"].replace(
        "/var/lib/release-feeds", str(store)
    )
    environ["FEEDS_BIND"] = f"127.0.0.1:{free_ports(1)[0]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(environ["NOTIFY_SOCKET"])
        systemd.settimeout(120)
        for command in values(unit, "ExecStartPre"):
            subprocess.run(
                shlex.split(command), cwd=store, env=environ, check=True, capture_output=True
            )
        (command,) = values(unit, "ExecStart")
        with subprocess.Popen(
            shlex.split(command), cwd=store, env=environ, stderr=subprocess.DEVNULL
        ) as main:
            try:
                assert systemd.recv(1000).startswith(b"READY=1")
                # The socket now accepts connections; responses wait for the worker.
                wait_for(f"http://{environ['FEEDS_BIND']}/readyz", main)
            finally:
                main.terminate()
            assert main.wait(120) == 0
