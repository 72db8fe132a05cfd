"""The Dockerfile without a container engine: its commands run in a folder instead of ``/``."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.deploy.site import ROOT, free_ports

pytestmark = pytest.mark.slow

DOCKERFILE = ROOT / "Dockerfile"
OF_THE_IMAGE = ("/opt/release-feeds", "/var/lib/release-feeds", "/run/release-feeds", "/src")
SETTINGS = {
    "FEEDS_BASE_URL": "https://feeds.example.org",
    "FEEDS_AUTHORITY": "prcentrs.example",
    "FEEDS_AUTHORITY_YEAR": "2008",
    "FEEDS_TIMEZONE": "Europe/Riga",
    "FEEDS_ENTRIES": "50",
    "FEEDS_WORKERS": "1",
}


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, rest.strip()) for name, _, rest in pairs]


@dataclass
class Image:
    """What the instructions of the Dockerfile make, below a folder."""

    root: Path
    context: Path
    port: int
    machine: dict[str, str]
    cwd: Path = Path("/")
    environ: dict[str, str] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)

    def local(self, text: str) -> str:
        """Replace the paths, the port and the user of the image by those of this machine."""
        for path in OF_THE_IMAGE:
            text = text.replace(path, f"{self.root}{path}")
        return text.replace("8000", str(self.port)).replace("10001", str(os.getuid()))

    def build(self) -> None:
        for name, written in instructions():
            if step := getattr(self, f"_{name.lower()}", None):
                step(self.local(written))

    def _from(self, _base: str) -> None:
        # The variables of a stage end with it.
        self.environ = dict(self.machine)

    def _env(self, written: str) -> None:
        for pair in shlex.split(written):
            name, _, value = pair.partition("=")
            # The test uses this machine's cache of packages, so that it downloads nothing.
            if name != "PIP_NO_CACHE_DIR":
                self.environ[name] = value.replace("$PATH", self.environ["PATH"])

    def _workdir(self, written: str) -> None:
        self.cwd = Path(written)
        self.cwd.mkdir(parents=True, exist_ok=True)

    def _copy(self, written: str) -> None:
        *sources, target = shlex.split(written)
        if sources[0].startswith("--from="):
            assert sources[1:] == [target]
            assert Path(target).is_dir()
            return
        for source in sources:
            path = self.context / source
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, self.cwd / target)

    def _run(self, written: str) -> None:
        ran = subprocess.run(
            ["/bin/sh", "-c", written],
            cwd=self.cwd,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

    def _entrypoint(self, written: str) -> None:
        self.commands["ENTRYPOINT"] = json.loads(written)

    def _cmd(self, written: str) -> None:
        self.commands["CMD"] = json.loads(written)

    def _healthcheck(self, written: str) -> None:
        self.commands["HEALTHCHECK"] = json.loads(written[written.index("CMD") + 3 :])

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the first process without capabilities, with only the store writable."""
        command = [*self.commands["ENTRYPOINT"], *(arguments or self.commands["CMD"])]
        return self._started(command)

    def is_healthy(self) -> bool:
        return self._started(self.commands["HEALTHCHECK"]).wait(120) == 0

    def _started(self, command: list[str]) -> subprocess.Popen[str]:
        without = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"]
        with (self.root / "output").open("a") as output:
            return subprocess.Popen(
                [*(without if os.getuid() == 0 else []), *command],
                cwd=self.cwd,
                env=self.environ | SETTINGS,
                stdout=output,
                stderr=output,
                text=True,
            )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Return what the Dockerfile makes of the files that .dockerignore does not exclude."""
    folder = tmp_path_factory.mktemp("container")
    root, context, programs = folder / "root", folder / "context", folder / "programs"
    for made in (root, context, programs):
        made.mkdir()
    everything, *exceptions = (ROOT / ".dockerignore").read_text().split("\n\n")[0].splitlines()[1:]
    assert everything == "*"
    for line in exceptions:
        path = ROOT / line.removeprefix("!")
        if path.is_dir():
            shutil.copytree(path, context / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif line.startswith("!"):
            shutil.copy(path, context)
    python = programs / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.base_prefix}/bin/python3" "$@"\n')
    python.chmod(0o755)
    machine = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    machine |= {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": os.environ["HOME"]}
    image = Image(root, context, free_ports(1)[0], machine)
    image.build()
    image.environ["HOME"] = "/nonexistent"
    (root / "output").touch()
    store = Path(image.local("/var/lib/release-feeds"))
    folders = [path for path in root.rglob("*") if path.is_dir() and not path.is_relative_to(store)]
    for path in (root, *folders):
        path.chmod(0o555)
    yield image
    for path in (root, *folders):
        path.chmod(0o755)


def test_the_linter_of_dockerfiles_reports_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("needs hadolint, which is missing: make test installs it")
    ran = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_migrate_makes_the_store_which_is_served_until_a_graceful_stop(image: Image) -> None:
    """Only the folder of the store is writable."""
    without_store = image.start()
    assert without_store.wait(120) == 2
    assert image.start("migrate").wait(120) == 0
    assert image.start("status").wait(120) == 0
    assert not image.is_healthy()
    first = image.start()
    try:
        deadline = time.monotonic() + 120
        while not image.is_healthy():
            assert first.poll() is None, (image.root / "output").read_text()
            assert time.monotonic() < deadline
        assert "gunicorn" in Path(f"/proc/{first.pid}/cmdline").read_text()
        with socket.create_connection(("127.0.0.1", image.port), timeout=120) as client:
            client.sendall(b"GET /releases.atom HTTP/1.1\r\nHost: feeds\r\n")
            time.sleep(0.3)
            first.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            client.sendall(b"\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
        assert first.wait(120) == 0
    finally:
        first.kill()
        first.wait(120)
    assert [path.name for path in image.cwd.iterdir()] == ["feeds.db"]


def test_the_image_contains_only_what_runs(image: Image) -> None:
    (installed,) = image.root.glob("opt/release-feeds/lib/*/site-packages")
    names = {path.name for path in installed.iterdir()}
    assert {"feeds", "flask", "gunicorn"} <= names
    assert not {"tests", "demo", "bench", "pytest", "pip"} & names
