"""The command ``feeds`` of a checkout, run as a process that is measured."""

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Checkout:
    """A working tree of the project, run by its own ``.venv`` or else by this interpreter."""

    folder: Path

    @property
    def python(self) -> str:
        """The interpreter."""
        own = self.folder / ".venv" / "bin" / "python"
        return str(own) if own.exists() else sys.executable

    @property
    def environ(self) -> dict[str, str]:
        """The variables that make the interpreter import the modules of this checkout."""
        return {"PYTHONPATH": str(self.folder)}

    @property
    def commit(self) -> str:
        """The commit that is checked out, or the name of the folder if it has none."""
        command = ["git", "-C", str(self.folder), "rev-parse", "--short", "HEAD"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        return found.stdout.strip() or self.folder.name

    @cached_property
    def _entry(self) -> str:
        # Another commit may have another entry point.
        project = tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))
        module, _, function = project["project"]["scripts"]["feeds"].partition(":")
        return f"from {module} import {function}; {function}()"

    def feeds(self, *arguments: str) -> list[str]:
        """Return the command line of ``feeds`` with these arguments."""
        return [self.python, "-c", self._entry, *arguments]

    def run(self, arguments: Sequence[str], environ: Mapping[str, str]) -> "Usage":
        """Run ``feeds`` to its end. Raises ``RuntimeError`` if it fails."""
        return run(self.feeds(*arguments), {**environ, **self.environ}, self.folder)


OURS: Final = Checkout(Path(__file__).resolve().parents[1])


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took: elapsed and CPU time in seconds, and its peak memory in MB."""

    seconds: float
    cpu: float
    peak: float


# The peak memory of a process includes what its parent had when it was started, so a small process
# starts the command: the bench itself has built large stores.
_MEASURE: Final = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(code)
"""


def run(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> Usage:
    """Run a command to its end. Raises ``RuntimeError`` if it fails."""
    begin = time.perf_counter()
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _MEASURE, *command],
        cwd=folder,
        env={**outside(), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if ran.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {ran.returncode}")
    cpu, peak = map(float, ran.stdout.split())
    return Usage(seconds, cpu, peak / 1024)


def outside() -> dict[str, str]:
    """Return the variables of this process without the settings of another service."""
    return {name: value for name, value in os.environ.items() if name[:6] != "FEEDS_"}
