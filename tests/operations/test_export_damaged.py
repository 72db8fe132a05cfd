"""Nothing of an incomplete or damaged export is loaded, and a message says why."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.operations.test_export import furnish
from tests.portal import Portal

pytestmark = pytest.mark.slow


def test_an_incomplete_export_is_refused(portal: Portal, another: Callable[..., Portal]) -> None:
    export = portal.folder / "export"
    furnish(portal).feeds("export", export)
    whole = export.read_bytes()
    empty = another()
    before = empty.feeds("export").out
    lines = [place for place, byte in enumerate(whole) if byte == 0x0A]
    for end in [60, *lines[:-1:8], lines[-2] + 1, lines[-2] + 9, len(whole) - 1]:
        export.write_bytes(whole[:end])
        ran = empty.feeds("import", export)
        assert ran.code == 1
        assert "the export was cut off here: export again. Nothing was imported." in ran.err
    assert empty.feeds("export").out == before
    export.write_bytes(whole)
    assert empty.feeds("import", export).code == 0


def replaced(table: str, place: int, value: object) -> Callable[[list[Any]], None]:
    """Return a function that replaces a value in the first row of a table."""

    def damage(lines: list[Any]) -> None:
        start = next(n for n, line in enumerate(lines) if _begins(line, table))
        lines[start + 1][place] = value

    return damage


def removed(table: str) -> Callable[[list[Any]], None]:
    """Return a function that removes the first row of a table and corrects its count."""

    def damage(lines: list[Any]) -> None:
        start = next(n for n, line in enumerate(lines) if _begins(line, table))
        del lines[start + 1]
        lines[-1]["rows"][table] -= 1

    return damage


def shortened(lines: list[Any]) -> None:
    """Remove a value from the first row."""
    next(line for line in lines if isinstance(line, list)).pop()


def signed(lines: list[Any]) -> str:
    """Return an export with the right digest."""
    text = "".join(json.dumps(line) + "\n" for line in lines[:-1])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text + json.dumps(lines[-1] | {"sha256": digest}) + "\n"


def _begins(line: Any, table: str) -> bool:
    return isinstance(line, dict) and line.get("table") == table


def set_first(**values: object) -> Callable[[list[Any]], None]:
    """Return a function that changes the first line."""
    return lambda lines: lines[0].update(values)


def _miscounted(lines: list[Any]) -> None:
    lines[-1]["rows"]["release"] += 1


def _reordered(lines: list[Any]) -> None:
    lines[1]["columns"].reverse()


DAMAGES = [
    (
        set_first(version=2),
        "line 1: the version of the export is not 1, which this version reads",
    ),
    (set_first(schema="0000"), "line 1: the export has schema 0000 and this version 0001: run"),
    (_reordered, "line 2: the table change_token should begin here, with all of its columns"),
    (shortened, "line 3: the number of its values is not that of the columns of change_token"),
    (_miscounted, "it does not match the lines before it: the export is damaged"),
    (removed("head"), "the export has no head, or several heads"),
    (replaced("head", 2, True), "the store cannot hold its revision"),
    (replaced("head", 2, 2**63), "the store cannot hold its revision"),
    (replaced("head", 3, 253402300800), "the store cannot hold its instant"),
    (replaced("head", 1, "a\0b"), "the store cannot hold its store_id"),
    (replaced("head", 1, "\ud800"), "the store cannot hold its store_id"),
    (replaced("head", 1, 1), "the store cannot hold its store_id"),
    (replaced("selection", 4, 1), "the store cannot hold its named"),
    (replaced("release", 0, 2**31), "the store cannot hold its id"),
    (replaced("release", 11, None), "the store cannot hold its title"),
    (replaced("release", 15, "[1]"), "the store cannot hold its authors"),
    (replaced("release", 15, '{"a": 1}'), "the store cannot hold its authors"),
    (replaced("release", 15, r'["\ud800"]'), "the store cannot hold its authors"),
    (replaced("release", 15, "[" * 100_000), "the store cannot hold its authors"),
    (replaced("release", 16, '[["a", "b", "3", "c", false]]'), "cannot hold its attachments"),
    (replaced("release", 16, '[["a", "b", 3]]'), "the store cannot hold its attachments"),
    (replaced("release", 16, "x"), "the store cannot hold its attachments"),
    (replaced("release", 0, 2), "its checksum is not that of its values: the export, or "),
    (replaced("release", 12, "Cits"), "its checksum is not that of its values: the export, or"),
    (replaced("notice", 0, 2), "it, or a row shortly before it, violates a constraint: "),
    (replaced("membership", 0, 999), "it, or a row shortly before it, violates a constraint: "),
    (replaced("selection", 2, "x"), "it has no selection of all releases"),
]


def test_a_damaged_export_is_refused_with_the_line(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    export = portal.folder / "export"
    furnish(portal).feeds("export", export)
    whole = export.read_text()
    empty = another()
    before = empty.feeds("export").out
    for damage, sentence in DAMAGES:
        lines = [json.loads(line) for line in whole.split("\n")[:-1]]
        damage(lines)
        export.write_text(signed(lines))
        ran = empty.feeds("import", export)
        assert (ran.code, ran.out) == (1, ""), sentence
        assert sentence in ran.err
        assert ran.err.startswith(f"feeds: {export}, line ")
        assert ran.err.endswith(". Nothing was imported.\n")
        assert ran.err.count("\n") == 1
        assert empty.feeds("export").out == before, sentence


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"suspension"', '"suspensiom"', "it does not match the lines before it"),
        ("Vortāla", "Vortāle", "it does not match the lines before it"),
        ("\n", "\n{}\n", "something follows the last line of the export"),
    ],
)
def test_an_export_with_one_changed_character_is_refused(
    portal: Portal, another: Callable[..., Portal], old: str, new: str, sentence: str
) -> None:
    export = portal.folder / "export"
    furnish(portal).feeds("export", export)
    head, found, tail = export.read_text().rpartition(old)
    assert found
    export.write_text(head + new + tail)
    empty = another()
    before = empty.feeds("export").out
    ran = empty.feeds("import", export)
    assert (ran.code, ran.out) == (1, "")
    assert sentence in ran.err
    assert empty.feeds("export").out == before


def test_an_export_that_is_not_json_is_refused(portal: Portal) -> None:
    export = portal.write("export", '{"release-feeds": oh\n')
    ran = portal.feeds("import", export)
    assert (ran.code, ran.err) == (
        1,
        f"feeds: {export}, line 1: it is not JSON. Nothing was imported.\n",
    )
