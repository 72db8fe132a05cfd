import itertools
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from feeds.cli import progress
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="it tests what is above the store")

ERASE = "\r\x1b[K"


@dataclass
class Amount:
    total: int
    position: int = 0

    def work(self) -> Iterator[int]:
        for self.position in range(3):
            yield self.position


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 20 seconds pass between any two looks at the clock."""
    ticks = itertools.count(0, 20)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(ticks)))


class Terminal:
    """A terminal that programs write to."""

    def __init__(self) -> None:
        self._output, other = pty.openpty()
        self.file = os.fdopen(other, "w")

    def written(self) -> str:
        """Close the terminal; return all that was written to it."""
        self.file.close()
        with os.fdopen(self._output, "rb", buffering=0) as output:
            written = b""
            with suppress(OSError):  # which is how a closed terminal ends
                while data := output.read(65536):
                    written += data
            return written.decode()


@pytest.mark.usefixtures("clock")
def test_a_terminal_shows_one_line_that_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal.file)
    amount = Amount(10)
    assert list(progress.reported(amount.work(), amount)) == [0, 1, 2]
    assert terminal.written().split(ERASE) == [
        "",
        "1 done, 0 a second.",
        "2 of about 20 done, 0 a second, 12 min left.",
        "",
    ]


def test_a_refusal_has_a_line_of_its_own_on_a_terminal(portal: Portal) -> None:
    terminal = Terminal()
    path = portal.write("x.txt", "")
    program = Path(sys.executable).with_name("feeds")
    environ = os.environ | portal.environ
    with subprocess.Popen(
        [program, "import", path], env=environ, stdout=subprocess.DEVNULL, stderr=terminal.file
    ) as process:
        assert process.wait() == 1
    assert terminal.written() == (f"{ERASE}{path}: refused: the file is empty.\r\n{ERASE}")


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("total", "line"),
    [
        (2, "2 of about 4 done, 0 a second, 80 s left."),
        (10, "2 of about 20 done, 0 a second, 12 min left."),
        (1000, "2 of about 2000 done, 0 a second, 22.2 h left."),
    ],
)
def test_a_log_gets_a_plain_line_now_and_then(
    capsys: pytest.CaptureFixture[str], total: int, line: str
) -> None:
    amount = Amount(total)
    assert list(progress.reported(amount.work(), amount)) == [0, 1, 2]
    assert capsys.readouterr().err.splitlines() == ["1 done, 0 a second.", line]


def test_a_short_import_prints_no_progress(portal: Portal) -> None:
    assert portal.feeds("import", portal.write("1.txt", page())).err == ""
