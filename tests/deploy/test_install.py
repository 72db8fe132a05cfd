"""The script that installs the service, run in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.deploy.site import ROOT, certify, free_ports, listens
from tests.deploy.test_systemd import analyze

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "deploy" / "install.sh"
PLACES = {
    "PREFIX": "opt",
    "CONFIG": "etc/feeds",
    "STATE": "state",
    "UNITS": "units",
    "BIN": "bin",
    "NGINX_CONFIG": "nginx",
    "CACHE": "cache",
    "LOGS": "logs",
    "CERTIFICATES": "certificates",
}


@pytest.fixture
def machine() -> Iterator[Path]:
    """Return a folder that stands for the root of the machine; every user can enter it."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for the user of the service")
    with tempfile.TemporaryDirectory(prefix="feeds-install-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name in ("cache", "logs", "nginx"):
            (root / name).mkdir()
        (root / "nginx" / "nginx.conf").write_text(
            f"worker_processes 1;\npid {root}/nginx.pid;\nevents {{ worker_connections 768; }}\n"
            f"http {{ error_log {root}/error.log; include {root}/nginx/conf.d/*.conf; }}\n"
        )
        yield root


def install(
    root: Path, script: Path = SCRIPT, user: str = "root"
) -> "subprocess.CompletedProcess[str]":
    places = {name: str(root / place) for name, place in PLACES.items()}
    return subprocess.run(
        [script],
        # The Python of the tests may be one that no other user can run.
        env=os.environ | places | {"FEEDS_USER": user, "PIP_NO_COMPILE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for name in ("bin", "units", "nginx", "etc")
        for path in (root / name).rglob("*")
        if path.is_file()
    }


def next_version(root: Path) -> Path:
    """Return the script in a checkout with files of its own in deploy/, but the same program."""
    checkout = root / "checkout"
    shutil.copytree(SCRIPT.parent, checkout / "deploy")
    shutil.copy(ROOT / "pyproject.toml", checkout)
    script = checkout / "deploy" / SCRIPT.name
    lines = SCRIPT.read_text().splitlines(keepends=True)
    script.write_text("".join(line for line in lines if not line.startswith("$pip ")))
    return script


@contextmanager
def nginx(root: Path, port: int) -> Iterator[None]:
    """Run nginx with the machine's own configuration for a block, from when it listens."""
    command = ["nginx", "-c", str(root / "nginx" / "nginx.conf"), "-g", "daemon off;"]
    environ = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    process = subprocess.Popen(command, env=environ)
    try:
        deadline = time.monotonic() + 120
        while not listens(port):
            assert process.poll() is None
            assert time.monotonic() < deadline, "nginx did not answer within two minutes"
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(120)


def test_the_linter_of_shell_scripts_reports_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    if not shellcheck.exists():
        pytest.skip("needs shellcheck, which is missing: make test installs it")
    ran = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_a_machine_is_set_up_step_by_step(machine: Path) -> None:
    settings = machine / "etc" / "feeds" / "feeds.env"
    first = install(machine)
    assert first.returncode == 1
    assert first.stdout == (
        f"These lines of {settings} still have the values of the example, or their #:\n"
        "5:# FEEDS_BASE_URL=https://feeds.example.org\n"
        "7:# FEEDS_AUTHORITY=example.org\n"
        "8:# FEEDS_AUTHORITY_YEAR=2008\n"
        "9:# FEEDS_TIMEZONE=Europe/Riga\n"
        "10:# FEEDS_ENTRIES=50\n"
        "15:FEEDS_TITLE=Example Releases\n"
        "16:FEEDS_RIGHTS=Copyright © 2007-2022 Example\n"
        "Write your settings into it (docs/settings.md), then run this again.\n"
    )
    plain, secure, inner = free_ports(3)
    text = settings.read_text().replace("feeds.example.org", f"feeds.prcentrs.example:{secure}")
    text = text.replace("example.org", "prcentrs.example").replace("Example", "PRCentrs")
    settings.write_text(text.replace("# FEEDS_", "FEEDS_"))
    second = install(machine)
    assert second.returncode == 0, second.stderr
    assert f"Created the store {machine}/state/feeds.db (schema 0001)." in second.stdout
    assert "- DNS: let the name feeds.prcentrs.example lead to this machine." in second.stdout
    assert "certbot certonly --webroot" in second.stdout
    feeds = machine / "bin" / "feeds"
    ran = subprocess.run([feeds, "status"], capture_output=True, text=True, check=False, cwd="/")
    assert ran.stdout.startswith("Active: publication is not suspended."), ran.stderr
    other = os.environ | {"FEEDS_DATABASE_URL": f"sqlite:///{machine}/copy.db"}
    ran = subprocess.run([feeds, "status"], capture_output=True, text=True, check=False, env=other)
    assert f"There is no release store at {machine}/copy.db" in ran.stderr
    units = sorted((machine / "units").iterdir())
    assert [unit.name for unit in units] == [
        "release-feeds-backup.service",
        "release-feeds-backup.timer",
        "release-feeds.service",
        "release-feeds.socket",
    ]
    verified = analyze("verify", "--man=no", *units)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")

    live = machine / "certificates" / "live" / "feeds.prcentrs.example"
    live.mkdir(parents=True)
    certify(live)
    third = install(machine)
    assert third.returncode == 0, third.stderr
    assert "TLS" not in third.stdout
    assert "NGINX environment variable" not in third.stderr
    machines = (machine / "nginx" / "nginx.conf").read_text()
    assert "worker_connections 4096;" in machines
    site = machine / "nginx" / "conf.d" / "release-feeds.conf"
    # The operator changes the ports that are not in the address.
    text = site.read_text().replace("127.0.0.1:8001;", f"127.0.0.1:{inner};")
    site.write_text(text.replace("listen 80;", f"listen {plain};").replace(":80;", f":{plain};"))
    with nginx(machine, secure), closing(HTTPConnection("127.0.0.1", plain, timeout=120)) as asked:
        asked.request("GET", "/releases.atom")
        location = asked.getresponse().headers["Location"]
    assert location == f"https://feeds.prcentrs.example:{secure}/releases.atom"
    _keeps_changes(machine, site)
    _keeps_the_version(machine, settings)


def _keeps_changes(machine: Path, site: Path) -> None:
    """Check what becomes of a site that has been changed, and of one as it was installed."""
    before = contents(machine)
    script = next_version(machine)
    unchanged = install(machine, script)
    assert unchanged.returncode == 0, unchanged.stderr
    assert "nginx" not in unchanged.stdout
    assert contents(machine) == before
    template = script.with_name("nginx.conf")
    template.write_text(template.read_text() + "# new\n")
    shipped = site.with_name(f"{site.name}.shipped")
    former = site.with_name(f"{shipped.name}.old")
    for _ in range(2):  # until the site has been edited
        changed = install(machine, script)
        assert f"- nginx: {site} has changes of yours" in changed.stdout
        assert f"  diff {former} {shipped}\n" in changed.stdout
    after = contents(machine)
    assert after.pop(str(former)) == before[str(shipped)]
    assert after.pop(str(shipped)) == before.pop(str(shipped)) + b"# new\n"
    assert after == before
    site.write_text(site.read_text() + "# new\n")
    assert "nginx" not in install(machine, script).stdout
    site.write_bytes(shipped.read_bytes())
    template.write_text(template.read_text() + "# newer\n")
    replaced = install(machine, script)
    assert "nginx" not in replaced.stdout
    assert site.read_text().endswith("# new\n# newer\n")


def _keeps_the_version(machine: Path, settings: Path) -> None:
    """Check that a version which refuses the settings does not become the current one."""
    checkout, versions = machine / "checkout", machine / "opt"
    project = checkout / "pyproject.toml"
    project.write_text(
        re.sub('^version = ".*"', 'version = "9.9"', project.read_text(), flags=re.MULTILINE)
    )
    former = (versions / "current").readlink()
    (versions / "9.9").symlink_to(former)  # the same program
    text = settings.read_text()
    settings.write_text(text.replace("FEEDS_ENTRIES=50", "FEEDS_ENTRIES=20"))
    refused = install(machine, checkout / "deploy" / SCRIPT.name)
    assert refused.returncode != 0
    assert "FEEDS_ENTRIES=20 is smaller than the archive pages of this store" in refused.stderr
    assert (versions / "current").readlink() == former
    settings.write_text(text)
    assert install(machine, checkout / "deploy" / SCRIPT.name).returncode == 0
    assert (versions / "current").readlink() == Path("9.9")


def test_a_python_that_the_user_of_the_service_cannot_run_is_refused(machine: Path) -> None:
    install(machine)
    settings = machine / "etc" / "feeds" / "feeds.env"
    text = settings.read_text().replace("# FEEDS_", "FEEDS_")
    text = text.replace("example.org", "prcentrs.example").replace("Example", "PRCentrs")
    settings.write_text(text)
    (version,) = re.findall(
        '^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    environment = machine / "opt" / version
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    environment.chmod(0o700)
    ran = install(machine, user="nobody")
    assert ran.returncode == 1
    assert f"The user nobody cannot run {environment}/bin/python, made from " in ran.stderr
    assert not (machine / "opt" / "current").exists()
