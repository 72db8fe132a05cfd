import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.store.schema.tables import METADATA
from tests.listeners import listening
from tests.portal import BANNER, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="an import does not depend on the engine")

FORMATS = ("atom", "rss", "json")


def everything(portal: Portal) -> list[list[tuple[Any, ...]]]:
    """Return every row of every table."""
    names = METADATA.tables
    return [sorted(portal.sql(f"SELECT * FROM {name}"), key=repr) for name in names]  # noqa: S608 - names of ours


def ids(portal: Portal, address: str = "/releases.json") -> list[str]:
    items = portal.client().get(address).get_json()["items"]
    return [item["id"] for item in items]


def revision(portal: Portal) -> int:
    found = json.loads(portal.feeds("status", "--json").out)["revision"]
    assert isinstance(found, int)
    return found


def test_the_real_page_is_in_every_feed(portal: Portal, seed_page: Path) -> None:
    ran = portal.feeds("import", seed_page)
    assert ran.code == 0
    assert ran.out == (
        f"1 page has the banner “{BANNER}”: to announce it, run `feeds suspend`.\n"
        "1 added, 0 changed, 0 unchanged, 0 skipped, 0 refused.\n"
    )
    client = portal.client()
    (item,) = client.get("/categories/sabiedribas-integracija.json").get_json()["items"]
    assert item["id"] == (
        "tag:prcentrs.example,2008:release/2007-11-26T22:55:22Z/"
        "integracijas-sekretariatam-aprit-5-gadi"
    )
    assert item["url"] == (
        "https://feeds.example.org/releases/2007/11/27/integracijas-sekretariatam-aprit-5-gadi"
    )
    assert item["date_published"] == item["date_modified"] == "2007-11-26T22:55:22Z"
    assert item["_links"] == {"related": "http://www.integracija.gov.lv"}
    before, heading, after = item["content_html"].partition("<h2>Uzziņai</h2>")
    assert (before.count("<p>"), heading != "", after.count("<p>")) == (11, True, 1)
    for form in FORMATS:
        text = client.get(f"/releases.{form}").text
        assert "aprit 5 gadi!" in text
        for line in ("pārtraukta", "Samazināt", "nav pieejama"):
            assert line not in text
    assert json.loads(portal.feeds("status", "--json").out)["state"] == "active"


@pytest.mark.engines("sqlite", "postgresql", reason="one scenario of an import and its repetition")
def test_files_and_folders_are_imported_once(portal: Portal) -> None:
    portal.write("a/1.txt", page("Pirmais"))
    portal.write("a/b/2.TXT", page("Otrais"))
    portal.write("a/notes.md", "no page")
    third = portal.write("3.page", page("Trešais"))
    ran = portal.feeds("import", portal.folder / "pages" / "a", third, third)
    assert ran.out.endswith("3 added, 0 changed, 0 unchanged, 0 skipped, 0 refused.\n")


def test_refused_inputs_are_named_and_the_others_are_imported(portal: Portal) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%d %H:%M:%S")
    bad: dict[str, tuple[str | bytes, str]] = {
        "empty.txt": (b"", "the file is empty"),
        "binary.txt": (bytes(range(256)), "it is neither UTF-8 nor Windows-1257 text"),
        "undated.txt": (page().replace("Publicēts", "-"), "it has no line “Publicēts <date time>”"),
        "impossible.txt": (
            page(published="2010-02-30 12:00:00"),
            "“2010-02-30 12:00:00” is not a date and time like 2007-11-27 00:55:22",
        ),
        "embargoed.txt": (page(published=ahead), "it is embargoed"),
        "untitled.txt": (page(title=""), "it has no category or no title"),
        "large.txt": (page(body="x" * 1024 * 1024), "it is larger than 1024 KiB"),
    }
    for name, (text, _) in bad.items():
        portal.write(name, text)
    portal.write("good.txt", page())
    (portal.folder / "pages" / "folder.txt").mkdir()
    ran = portal.feeds("import", portal.folder / "pages")
    assert ran.code == 1
    assert ran.out.endswith("1 added, 0 changed, 0 unchanged, 0 skipped, 8 refused.\n")
    for name, (_, reason) in bad.items():
        assert f"{name}: refused: {reason}" in ran.err
        assert (portal.folder / "pages" / name).exists()
    assert "folder.txt: refused: it is not a regular file" in ran.err
    assert len(ids(portal)) == 1


def test_a_file_that_cannot_be_read_is_refused(portal: Portal) -> None:
    # This file of the kernel cannot be read even by root.
    ran = portal.feeds("import", "/proc/self/mem")
    assert ran.code == 1
    assert "mem: refused: it cannot be read: Input/output error.\n" in ran.err
    loop = portal.write("1.txt", "").with_name("loop.txt")
    loop.symlink_to(loop)
    ran = portal.feeds("import", portal.folder / "pages")
    assert "loop.txt: refused: it is not a regular file" in ran.err


@pytest.mark.parametrize("dated", [timedelta(hours=23), timedelta(0)])
def test_a_release_dated_within_24_hours_is_not_embargoed(portal: Portal, dated: timedelta) -> None:
    local = (datetime.now(portal.settings.timezone) + dated).strftime("%Y-%m-%d %H:%M:%S")
    portal.imported(page(published=local))


def test_a_path_without_inputs_ends_the_command(portal: Portal) -> None:
    (portal.folder / "none").mkdir()
    portal.write("1.txt", page())
    kinds = ".xml, .atom, .rss, .json, .jsonl, .ndjson, .txt, .html, .htm"
    for path, sentence in (
        (portal.folder / "missing", "does not exist: nothing was imported"),
        (
            portal.folder / "none",
            f"has no file of a known kind ({kinds}): nothing was imported",
        ),
    ):
        ran = portal.feeds("import", portal.folder / "pages", path)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == f"feeds: {path} {sentence}.\n"
    assert ids(portal) == []


@pytest.mark.engines("sqlite", "postgresql", reason="the store rolls back")
def test_a_dry_run_says_what_would_happen_and_changes_nothing(portal: Portal) -> None:
    portal.imported(page("Viens"))
    before = everything(portal)
    portal.write("0000.txt", page("Viens", body="Cits."))
    portal.write("0001.txt", page("Divi", category="Jauna"))
    ran = portal.feeds("import", "--dry-run", portal.folder / "pages")
    assert ran.code == 0
    assert ran.out.endswith("Would be: 1 added, 1 changed, 0 unchanged, 0 skipped, 0 refused.\n")
    assert everything(portal) == before
    assert portal.client().get("/categories/jauna.atom").status_code == 404


def test_a_report_has_one_line_for_each_input(portal: Portal) -> None:
    portal.write("1.txt", page())
    portal.write("2.txt", "")
    report = portal.folder / "report.jsonl"
    assert portal.feeds("import", "--report", report, portal.folder / "pages").code == 1
    added, refused = (json.loads(line) for line in report.read_text().splitlines())
    assert (added["outcome"], added["reason"]) == ("added", None)
    assert added["id"].startswith("tag:prcentrs.example,2008:release/")
    assert (refused["outcome"], refused["reason"]) == ("refused", "the file is empty")
    unwritable = portal.folder / "missing" / "report.jsonl"
    ran = portal.feeds("import", "--report", unwritable, portal.folder / "pages")
    assert ran.code == 2
    assert ran.err.startswith(f"feeds: The report {unwritable} cannot be written: No such file")
    there = portal.folder / "pages" / "1.txt"
    ran = portal.feeds("import", "--report", there, portal.folder)
    assert (ran.code, ran.err) == (2, f"feeds: {there} exists: name a new file.\n")
    assert (portal.folder / "pages" / "1.txt").read_text() == page()


# Imports 200 releases, the fewest of a transaction, and sends itself a signal within the next one.
_STOPPED = """
import os, sys, time
from sqlalchemy import Engine, event
from feeds.cli.main import main

signal = int(sys.argv.pop())
begun = []

@event.listens_for(Engine, "before_cursor_execute")
def stop(connection, cursor, statement, *rest):
    if statement.startswith("INSERT INTO release "):
        if begun:
            os.kill(os.getpid(), signal)
        begun.append(statement)
        time.sleep(1.5)

main()
"""


@pytest.mark.engines("sqlite", "postgresql", reason="each recovers in its own way")
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_import_is_finished_by_the_next_one(portal: Portal, stop: int) -> None:
    for n in range(500):
        portal.write(f"{n}.txt", page(f"Relīze {n}"))
    # Without coverage: an interrupt within its lock, which is not reentrant, would deadlock.
    environ = {name: value for name, value in os.environ.items() if name[:9] != "COVERAGE_"}
    stopped = subprocess.run(
        [sys.executable, "-c", _STOPPED, "import", portal.folder / "pages", str(int(stop))],
        env=environ | portal.environ,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
        # A test run in the background ignores the signal, as its shell does.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    if stop == signal.SIGINT:
        assert stopped.returncode == 2
        assert stopped.stderr.endswith("feeds: Interrupted: run the command again to finish.\n")
    else:
        assert stopped.returncode == -signal.SIGKILL
    assert "interrupted: run it again" in portal.feeds("status").out
    ran = portal.feeds("import", portal.folder / "pages")
    assert ran.out.endswith("\n300 added, 0 changed, 200 unchanged, 0 skipped, 0 refused.\n")
    assert json.loads(portal.feeds("status", "--json").out)["releases"] == 500


def test_an_interrupted_command_says_how_to_continue(portal: Portal) -> None:
    def interrupt(_: Any, __: Any, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO release "):
            raise KeyboardInterrupt

    path = portal.write("a.txt", page())
    with listening("before_cursor_execute", interrupt):
        ran = portal.feeds("import", path)
    assert (ran.code, ran.err.splitlines()[-1]) == (
        2,
        "feeds: Interrupted: run the command again to finish.",
    )
    assert ids(portal) == []
    assert portal.feeds("import", path).out.endswith(
        "1 added, 0 changed, 0 unchanged, 0 skipped, 0 refused.\n"
    )


def test_during_a_suspension_later_releases_are_refused_and_earlier_ones_imported(
    portal: Portal,
) -> None:
    portal.imported(page("Pēdējā", published="2012-01-01 12:00:00"))
    portal.feeds("suspend", "--since", "2013-01-01T00:00:00+02:00")
    late = portal.write("late.txt", page("Vēla", published="2013-01-01 00:00:01"))
    ran = portal.feeds("import", late)
    assert ran.code == 1
    assert (
        "late.txt: refused: it is dated 2013-01-01 00:00:01+02:00, after the suspension" in ran.err
    )
    portal.imported(page("Agra", published="2009-01-01 12:00:00"))
    titles = [item["title"] for item in portal.client().get("/releases.json").get_json()["items"]]
    assert titles == ["Vortāla darbība pārtraukta uz nenoteiktu laiku.", "Pēdējā", "Agra"]


def test_the_summary_counts_reasons_remarks_and_what_was_dropped(portal: Portal) -> None:
    path = portal.write(
        "a.rss",
        "<rss><channel>"
        "<item><title>A</title><guid>urn:x:1</guid><pubDate>Mon, 04 Jan 2010</pubDate></item>"
        "<item><title>B</title><guid>urn:x:2</guid><pubDate>Tue, 05 Jan 2010</pubDate>"
        "<description>&lt;script&gt;x&lt;/script&gt;&lt;p&gt;B&lt;/p&gt;</description></item>"
        "</channel></rss>",
    )
    ran = portal.feeds("import", path)
    assert "2 with the remark: its pubDate, …, has no time: midnight was taken.\n" in ran.out
    assert "1 script dropped or mended in 1 release.\n" in ran.out
    assert f"{path}: item 2: dropped or mended: 1 script.\n" in ran.out
    portal.feeds("withdraw", "urn:x:1")
    ran = portal.feeds("import", path)
    assert "1 release that was withdrawn came again: still not shown.\n" in ran.out


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="a back-up is a copy of SQLite's file")
def test_standard_input_and_output_are_named_by_a_dash(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    environ = os.environ | portal.environ

    def run(*arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        command = [str(Path(sys.executable).with_name("feeds")), *arguments]
        return subprocess.run(command, input=given, env=environ, capture_output=True, check=False)

    ran = run("import", "-", "--report", "-", given=page("Tilts").encode())
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["input"] == "standard input"
    assert b"1 added" in ran.stderr
    copy = run("backup", "-").stdout
    assert copy.startswith(b"SQLite format 3\0")
    export = run("export", "-").stdout
    environ = os.environ | another().environ
    assert b"1 release," in run("import", "-", given=export).stdout


def test_a_report_on_standard_output_stands_there_alone(portal: Portal) -> None:
    good, bad = portal.write("1.txt", page()), portal.write("2.txt", "")
    ran = portal.feeds("import", good, bad, "--report", "-")
    assert ran.code == 1
    assert [json.loads(line)["outcome"] for line in ran.out.splitlines()] == ["added", "refused"]
    assert f"{bad}: refused: the file is empty.\n" in ran.err
    assert ran.err.endswith("1 added, 0 changed, 0 unchanged, 0 skipped, 1 refused.\n")


def test_standard_input_that_cannot_be_read_ends_the_command(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This file of the kernel cannot be read even by root.
    with Path("/proc/self/mem").open(encoding="utf-8") as unreadable:
        monkeypatch.setattr(sys, "stdin", unreadable)
        ran = portal.feeds("import", "-")
    assert ran.code == 2
    assert ran.err == "feeds: Standard input cannot be read: Input/output error.\n"


@pytest.mark.parametrize("command", [("migrate",), ("import", "x.txt"), ("suspend",), ("resume",)])
def test_another_zone_is_refused_by_commands_that_change_the_store(
    portal: Portal, command: tuple[str, ...]
) -> None:
    portal.imported(page())
    portal.environ["FEEDS_TIMEZONE"] = "America/New_York"
    ran = portal.feeds(*command)
    assert ran.code == 2
    assert ran.err == (
        "feeds: FEEDS_TIMEZONE=America/New_York is not the zone of this store (Europe/Riga), in "
        "which local times were read: set it back.\n"
    )
    assert portal.feeds("status").code == 0


def test_another_language_is_warned_of(portal: Portal) -> None:
    portal.environ["FEEDS_LANGUAGE"] = "en"
    for command in ("migrate", "suspend"):
        ran = portal.feeds(command)
        assert ran.code == 0
        assert "FEEDS_LANGUAGE=en is not the language with which this store was created" in ran.err
