import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest

from feeds.cli import progress
from tests.portal import Portal, page

ERASE = "\r\x1b[K"


@dataclass
class Amount:
    total: int
    position: int = 0

    def work(self) -> Iterator[int]:
        for n in range(3):
            time.sleep(0.03)
            self.position = n
            yield n


@pytest.fixture
def terminal() -> Iterator[tuple[TextIO, int]]:
    """Return a terminal to write to, and the descriptor from which its output can be read."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as file:
        yield file, ours
    os.close(ours)


def test_a_terminal_shows_one_line_that_is_overwritten(
    terminal: tuple[TextIO, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, output = terminal
    monkeypatch.setattr("sys.stderr", file)
    monkeypatch.setattr(progress, "TERMINAL_SECONDS", 0.02)
    amount = Amount(10)
    assert list(progress.reported(amount.work(), amount)) == [0, 1, 2]
    _, first, second, rest = os.read(output, 65536).decode().split(ERASE)
    assert re.fullmatch(r"1 done, \d+ a second\.", first)
    assert re.fullmatch(r"2 of about 20 done, \d+ a second, \d s left\.", second)
    assert rest == ""


def test_a_refusal_has_a_line_of_its_own_on_a_terminal(
    portal: Portal, terminal: tuple[TextIO, int]
) -> None:
    file, output = terminal
    path = portal.write("x.txt", "")
    program = Path(sys.executable).with_name("feeds")
    environ = os.environ | portal.environ
    with subprocess.Popen(
        [program, "import", path], env=environ, stdout=subprocess.DEVNULL, stderr=file
    ) as process:
        assert process.wait() == 1
    assert os.read(output, 65536).decode() == (
        f"{ERASE}{path}: refused: the file is empty.\r\n{ERASE}"
    )


@pytest.mark.parametrize(
    ("total", "line"),
    [
        (10, r"2 of about 20 done, \d+ a second, \d s left\."),
        (10**4, r"2 of about \d+ done, \d+ a second, \d+ min left\."),
        (10**8, r"2 of about \d+ done, \d+ a second, [\d.]+ h left\."),
    ],
)
def test_a_log_gets_a_plain_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, total: int, line: str
) -> None:
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.02)
    amount = Amount(total)
    assert list(progress.reported(amount.work(), amount)) == [0, 1, 2]
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"1 done, \d+ a second\.", first)
    assert re.fullmatch(line, second)


def test_a_short_import_prints_no_progress(portal: Portal) -> None:
    assert portal.feeds("import", portal.write("1.txt", page())).err == ""
