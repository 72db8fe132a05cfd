"""Logs of each form, rotated, compressed and hostile."""

import gzip
import json
import os
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.access_logs import (
    ANNOUNCED,
    FORMS,
    SECOND,
    Line,
    counts,
    escaped,
    found,
    write,
)
from tests.portal import Portal, command

pytestmark = pytest.mark.engines("sqlite", reason="a log does not depend on the engine")


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_line_is_read(suspended: Portal, form: Callable[[Line], str]) -> None:
    agent = 'Say "curl/8.5" \\ twice'
    lines = [
        Line(agent=agent),
        Line(address="2001:db8::7", status=304),
        Line(ANNOUNCED - SECOND, "::1", path="/categories/kultura.rss"),
    ]
    result = found(suspended, write(suspended, [form(line) for line in lines]))
    assert counts(result) == (3, 1, 2, 2, 0, 1)
    assert (result["lines"], result["other_lines"]) == (3, 0)
    assert result["readers"]["curl"]["pollers"] == 3
    assert result["feeds"]["/releases.atom"]["heard"] == 2


@pytest.mark.slow
def test_logs_may_be_compressed_rotated_and_in_any_order(suspended: Portal) -> None:
    """Standard input is a log too, and a log that is named twice counts once."""
    first = suspended.folder / "access.log.2.gz"
    first.write_bytes(gzip.compress(f"{Line(ANNOUNCED - SECOND).feeds()}\n".encode()))
    second = write(suspended, [Line(address="192.0.2.2").combined()], "access.log.1")
    third = gzip.compress(f"{Line().feeds()}\n{Line(address='::1').gunicorn()}".encode())
    one, other = str(first), str(second)
    for order in ([one, other, "-"], ["-", other, one, other]):
        with command(
            suspended,
            "reach",
            "--json",
            *order,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=-1,
        ) as process:
            assert process.stdin
            os.write(process.stdin.fileno(), third)
            out, err = process.communicate()
        assert err == ""
        result = json.loads(out)
        assert (counts(result), result["lines"]) == ((3, 1, 3, 3, 0, 0), 4)


def test_standard_input_is_not_looked_for_in_the_current_folder(suspended: Portal) -> None:
    (suspended.folder / "-").symlink_to("x" * 256)  # cannot be examined: its name is too long
    process = command(
        suspended,
        "reach",
        "--json",
        "-",
        cwd=suspended.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        out, err = process.communicate(f"{Line().feeds()}\n")
    assert err == ""
    assert json.loads(out)["lines"] == 1


VALUES = st.one_of(st.none(), st.floats(), st.text(max_size=30), st.lists(st.integers()))
OBJECTS = st.fixed_dictionaries(dict.fromkeys(json.loads(Line().json()), VALUES))


@settings(max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.text(max_size=60).map(str.encode),
            OBJECTS.map(json.dumps).map(str.encode),
        )
    )
)
def test_no_line_stops_the_count(unchanging: Portal, lines: list[bytes]) -> None:
    log = unchanging.folder / "any.log"
    log.write_bytes(b"x\n" + b"\n".join([*lines, Line().feeds().encode()]))
    ran = unchanging.feeds("reach", log)
    assert (ran.code, ran.err) == (0, "")
    assert "1 have heard" in ran.out


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x" * 10_000_000,
        Line().feeds().replace("2024-04-17T", "2024-13-17T"),
        Line().feeds().replace("+00:00", ""),
        Line().feeds().replace("+00:00", ".123"),
        Line().combined().replace("Apr", "Avr"),
        Line().combined().replace("Apr", "APR"),
        Line().combined().replace("/Apr/", "-Apr-"),
        Line().combined().replace("2024", "0000"),
        Line().combined().replace("200", "OK"),
        Line().gunicorn().removesuffix("ms"),
        Line().json().removesuffix("}"),
        Line().json().replace("client.address", "peer"),
        Line(status="200").json(),  # type: ignore[arg-type]
        Line(status=float("inf")).json(),  # type: ignore[arg-type]
        "{" * 100_000,
        f"{Line().feeds()} {Line().feeds()}",
    ],
    ids=range(17),
)
def test_lines_of_another_form_are_counted(suspended: Portal, line: str) -> None:
    result = found(suspended, write(suspended, [Line().feeds(), line, Line(address="::1").feeds()]))
    assert (result["other_lines"], result["pollers"]) == (1, 2)


def test_what_is_no_request_is_no_poll(suspended: Portal) -> None:
    garbage = Line(status=400).combined().replace("GET /releases.atom HTTP/1.1", "\\x16\\x03\\x01")
    result = found(suspended, write(suspended, [garbage]))
    assert (result["other_lines"], result["pollers"], len(result["days"])) == (0, 0, 1)


def test_nothing_that_a_client_sent_can_control_the_terminal(suspended: Portal) -> None:
    evil = "\x1b]0;owned\x07\u202e\x9b31m\udcff"
    lines = [Line(agent=evil), Line(path=escaped(f"/{evil}"), status=404)]
    raw = Line(path=f"/{evil}?{evil}", status=404)
    log = write(
        suspended,
        [*(line.feeds() for line in lines), raw.combined(), raw.gunicorn(), raw.feeds()],
    )
    out = suspended.feeds("reach", log).out
    assert all(letter.isprintable() or letter == "\n" for letter in out)
    assert "%1B%5D0;owned%07" in out


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], "it is damaged or incomplete"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "it is damaged or incomplete"),
        (b"\x1f\x8b\x00", "it is damaged or incomplete"),
    ],
)
def test_a_log_that_cannot_be_read_is_named(
    suspended: Portal, content: bytes | None, reason: str
) -> None:
    log = suspended.folder / "a.gz"
    if content is not None:
        log.write_bytes(content)
    ran = suspended.feeds("reach", log)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"feeds: The log {log} cannot be read: {reason}.\n"


def test_a_log_that_cannot_be_examined_is_named(suspended: Portal) -> None:
    log = suspended.folder / "access.log"
    log.symlink_to("x" * 256)
    ran = suspended.feeds("reach", log)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"feeds: The log {log} cannot be read: File name too long.\n"
