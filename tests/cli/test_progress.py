import itertools
import os
import pty
import re
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
class Work:
    """Work of three results, of which the first two are there at once."""

    total: int
    position: int = 0
    done: int = 0

    def __iter__(self) -> Iterator[int]:
        self.position, self.done = min(2, self.total), 2
        yield from range(2)
        self.position, self.done = min(3, self.total), 3
        yield 2


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
    assert list(progress.reported(Work(6))) == [0, 1, 2]
    assert terminal.written().split(ERASE) == [
        "",
        "2 of about 6 done, 0 a second, 40 s left.",
        "2 of about 6 done, 0 a second, 80 s left.",
        "3 of about 6 done, 0 a second, 60 s left.",
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
    # On a slow machine the progress is shown before.
    written = re.sub(rf"^{re.escape(ERASE)}1 done, \d+ a second\.", "", terminal.written())
    assert written == f"{ERASE}{path}: refused: the file is empty.\r\n{ERASE}"


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("total", "line"),
    [
        (0, "2 done, 0 a second."),
        (6, "2 of about 6 done, 0 a second, 80 s left."),
        (10, "2 of about 10 done, 0 a second, 3 min left."),
        (1000, "2 of about 1000 done, 0 a second, 5.5 h left."),
    ],
)
def test_a_log_gets_a_plain_line_now_and_then(
    capsys: pytest.CaptureFixture[str], total: int, line: str
) -> None:
    assert list(progress.reported(Work(total))) == [0, 1, 2]
    assert capsys.readouterr().err.splitlines() == [line]


def test_a_short_import_prints_no_progress(portal: Portal) -> None:
    assert portal.feeds("import", portal.write("1.txt", page())).err == ""


@pytest.mark.usefixtures("clock")
def test_reading_access_logs_is_reported(portal: Portal) -> None:
    line = (
        '192.0.2.1 - - [01/Mar/2024:12:00:00 +0000] "GET /releases.atom HTTP/1.1" 200 9 "-" "a"\n'
    )
    logs = [portal.write(name, line * 3) for name in ("1.log", "2.log")]
    ran = portal.feeds("reach", *logs)
    assert ran.err.splitlines() == [
        "2 of about 6 done, 0 a second, 80 s left.",
        "4 of about 6 done, 0 a second, 40 s left.",
        "6 of about 6 done, 0 a second, 0 s left.",
    ]


@pytest.mark.usefixtures("clock")
def test_an_import_is_reported(portal: Portal) -> None:
    ran = portal.feeds("import", portal.write("1.txt", page()), portal.write("2.txt", page("B")))
    assert ran.code == 0
    assert ran.err.splitlines() == ["2 of about 2 done, 0 a second, 0 s left."]
