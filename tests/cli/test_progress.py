import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from feeds.cli import progress
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="a terminal does not see the engine")


def test_a_terminal_shows_one_line_that_is_overwritten(portal: Portal) -> None:
    for n in range(3000):
        portal.write(f"{n}.txt", page(f"Relīze {n}"))
    portal.write("x.txt", "")
    ours, theirs = pty.openpty()
    program = Path(sys.executable).with_name("feeds")
    with subprocess.Popen(
        [program, "import", portal.folder / "pages"],
        env=os.environ | portal.environ | {"TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        output = b"".join(iter(lambda: _read(ours), b"")).decode()
        assert process.wait() == 1
    os.close(ours)
    line = r"\r\x1b\[K\d+ of about \d+ done, \d+ a second, \d+ s left\."
    refusal = r"\r\x1b\[K\S*x\.txt: refused: the file is empty\.\r\n"
    assert re.fullmatch(rf"({line})+{refusal}\r\x1b\[K", output)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the last program that wrote to the terminal has ended
        return b""


@dataclass
class Amount:
    total: int
    position: int = 0


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

    def work() -> Iterator[int]:
        for n in range(3):
            time.sleep(0.03)
            amount.position = n
            yield n

    assert list(progress.reported(work(), amount)) == [0, 1, 2]
    first, second, _ = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"1 done, \d+ a second\.", first)
    assert re.fullmatch(line, second)


def test_a_short_import_prints_no_progress(portal: Portal) -> None:
    assert portal.feeds("import", portal.write("1.txt", page())).err == ""
