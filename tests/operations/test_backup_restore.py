"""Restoring back-ups: what is put in place of a store, what is kept, and what is said about it."""

import re
import shlex
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import StoreError
from feeds.operations.backup_restore import restore_backup
from feeds.store import Store
from tests.listeners import listening
from tests.operations.test_export import served
from tests.portal import START, Portal, command, page

SAME = "  Releases, categories, notices, imports and old addresses are the same.\n"


def kept(portal: Portal) -> Path:
    """Return the file with the former store."""
    folder = portal.folder
    (found,) = folder.glob("feeds.db.before-*" if portal.store.is_file else "before-*.jsonl")
    return found


def test_a_back_up_replaces_a_store_and_its_loss_is_told(portal: Portal) -> None:
    portal.imported(page("A"), page("B"), page("C"))
    (entry_id,) = portal.sql("SELECT entry_id FROM release WHERE id = 1")[0]
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    client = portal.client(lambda: datetime.now(UTC) + timedelta(days=1))
    before = client.get("/releases.atom")
    ids = portal.sql("SELECT store_id FROM head")
    portal.imported(page("D"))
    assert portal.feeds("withdraw", entry_id).code == 0
    suspend = "feeds suspend --since 2022-03-01 --text 'Vārds \"citāts\".\n\nViss.'"
    assert portal.feeds(*shlex.split(suspend)[1:]).code == 0
    after = client.get("/releases.atom")
    assert after.headers["ETag"] != before.headers["ETag"]
    ran = portal.feeds("backup-restore", copy)
    assert (ran.code, ran.err) == (0, "")
    head, where, lines = ran.out.split("\n", 2)
    assert head.startswith(f"Restored {copy}: 3 releases, newest change ")
    assert where == f"The former store is kept in {kept(portal)}. Compared with it:"
    expected = [
        "  Imports: 1 missing. Repeat the missing ones first.",
        "  Releases: 1 missing, 1 shown again that were withdrawn.",
        "    missing: tag:prcentrs.example,2008:release/2010-05-04T09:00:00Z/d",
        f"    shown again that were withdrawn: run `feeds withdraw {entry_id}`.",
        "  Notices: 1 missing. `feeds notices` lists those that are there now.",
        f"  The portal was suspended, the copy is not: run `{suspend}`.",
    ]
    assert lines == "".join(f"{line}\n" for line in expected)
    # The running service notices the other history.
    restored = client.get("/releases.atom", headers={"If-None-Match": after.headers["ETag"]})
    assert restored.data == before.data
    assert restored.headers["ETag"] == before.headers["ETag"]
    # A client that asks by date gets it, too.
    by_date = {"If-Modified-Since": after.headers["Last-Modified"]}
    assert client.get("/releases.atom", headers=by_date).data == before.data
    known = {"If-None-Match": before.headers["ETag"]}
    assert client.get("/releases.atom", headers=known).status_code == 304
    assert portal.sql("SELECT store_id FROM head") != ids
    assert portal.feeds("check", "--sample", "0").code == 0
    # New rows get numbers of their own.
    assert portal.imported(page("E")).feeds("suspend").code == 0
    # The way back is the same.
    again = kept(portal).rename(portal.folder / "former")
    told = portal.feeds("backup-restore", again).out.splitlines()
    assert "The portal is suspended again" not in "".join(told)
    assert "  Releases: 1 missing, 1 withdrawn that were shown, 1 not there before." in told
    assert (
        "    withdrawn that were shown: if it should be shown, run "
        f"`feeds restore {entry_id}`." in told
    )
    assert "4 releases (1 withdrawn), newest change" in told[0]
    assert client.get("/releases.atom").data == after.data
    kept(portal).unlink()
    assert portal.feeds("backup-restore", again).out.endswith(SAME)
    kept(portal).unlink()
    assert portal.feeds("backup-restore", copy).code == 0
    kept(portal).unlink()
    assert portal.feeds("backup-restore", again).out.splitlines()[2] == (
        "  The portal is suspended again, as in the copy. If it should not be, first run "
        "`feeds resume`."
    )
    # It is not the store that the service has left, although it has the same changes.
    portal.imported(page("F"))
    assert "<title>F</title>" in client.get("/releases.atom").text


def test_nothing_is_to_be_repeated_of_an_empty_store(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    portal.imported(page("A")).feeds("address", "add", "/feed.php?c=1", "/releases.rss")
    portal.feeds("suspend")
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    new = another()
    file = copy.rename(new.folder / "copy")
    told = new.feeds("backup-restore", file).out.splitlines()
    assert told[1:] == [f"The former store, which was empty, is kept in {kept(new)}."]
    # With one address it was not.
    kept(new).unlink()
    new = another()
    file = file.rename(new.folder / "copy")
    new.feeds("address", "add", "/feed.php?c=2", "/releases.rss")
    told = new.feeds("backup-restore", file).out.splitlines()
    assert told[1] == f"The former store is kept in {kept(new)}. Compared with it:"


def test_lost_changes_of_categories_and_old_addresses_are_told(portal: Portal) -> None:
    names = ("Vide", "Sports", "Kultūra")
    portal.imported(*(page(name, name) for name in names))
    targets = {"/z": "sports", "/b": "kultura", "/v": "vide", "/w?1": "vide"}
    for location, target in targets.items():
        assert portal.feeds("address", "add", location, f"/categories/{target}.rss").code == 0
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    done = [
        "feeds categories merge vide sports",
        "feeds categories rename kultura 'Kultūra un māksla'",
        "feeds address remove /z",
        "feeds address add /z /releases.rss",
        *(f"feeds address add '/x?{n}' /categories/sports.atom" for n in range(11)),
        "feeds address remove '/w?1'",
    ]
    for line in done:
        assert portal.feeds(*shlex.split(line)[1:]).code == 0
    lines = portal.feeds("backup-restore", copy).out.splitlines()[2:]
    assert lines == [
        "  Categories: 1 apart that were merged, 1 with another name.",
        f"  Vide was part of Sports: run `{done[0]}`.",
        f"  Kultūra had the name Kultūra un māksla: run `{done[1]}`.",
        "  Old addresses: 11 missing, 1 not there before, 1 with another target.",
        f"  /z redirected to /releases.rss: run `{done[2]}` and `{done[3]}`.",
        *(
            f"  /x?{n} redirected to /categories/sports.atom: run "
            f"`feeds address add '/x?{n}' /categories/sports.atom`."
            for n in (0, 1, 10, *range(2, 8))
        ),
        "    and 2 more",
        f"  /w?1 was removed: run `{done[-1]}`.",
    ]
    for line in done:
        assert portal.feeds(*shlex.split(line)[1:]).code == 0
    former = kept(portal).rename(portal.folder / "former")
    assert portal.feeds("backup-restore", former).out.endswith(SAME)
    # The other way round nothing is lost.
    kept(portal).unlink()
    assert portal.feeds("backup-restore", copy).code == 0
    kept(portal).unlink()
    lines = portal.feeds("backup-restore", former).out.splitlines()[2:]
    assert lines[:4] == [
        "  Categories: 1 merged that were apart, 1 with another name.",
        "  Vide is part of Sports.",
        "  Kultūra is called Kultūra un māksla.",
        "  Old addresses: 1 missing, 11 not there before, 2 with another target.",
    ]
    assert lines[-2:] == [
        "  /x?8 was removed: run `feeds address remove '/x?8'`.",
        "    and 1 more",
    ]


def test_lost_imports_can_be_repeated_with_what_was_done_to_them(portal: Portal) -> None:
    portal.imported(page("A", "Vide", "2010-05-04 12:00:00"))
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    labels = ("Sports", "Kultūra", "Daba", "Releases")
    inputs = [page(label, label, "2010-06-04 12:00:00") for label in labels]
    portal.imported(*inputs)
    withdrawn = "tag:prcentrs.example,2008:release/2010-06-04T09:00:00Z/sports"
    done = [
        f"feeds withdraw {withdrawn}",
        "feeds categories merge vide kultura",
        "feeds categories rename kultura 'Kultūra un māksla'",
        "feeds categories rename releases 'Ziņas'",
        "feeds address add /k /categories/kultura-un-maksla",
        "feeds suspend --since 2010-06-04T12:00:00",
    ]
    for line in done:
        assert portal.feeds(*shlex.split(line)[1:]).code == 0
    expected = [
        "  Imports: 1 missing. Repeat the missing ones first.",
        "  Releases: 3 missing, 1 missing that were withdrawn.",
        *(
            f"    missing: tag:prcentrs.example,2008:release/2010-06-04T09:00:00Z/{slug}"
            for slug in ("daba", "kultura", "releases")
        ),
        f"    missing that were withdrawn: import it again, then run `{done[0]}`.",
        "  Categories: 4 missing, 1 apart that were merged.",
        f"  Vide was part of Kultūra un māksla: run `{done[1]}`.",
        "  Daba is missing: import its releases again.",
        f"  Kultūra un māksla is missing: import its releases again, then run `{done[2]}`.",
        f"  Ziņas is missing: import its releases again, then run `{done[3]}`.",
        "  Sports is missing: import its releases again.",
        "  Old addresses: 1 missing.",
        f"  /k redirected to /categories/kultura-un-maksla: run `{done[4]}`.",
        "  Notices: 1 missing. `feeds notices` lists those that are there now.",
        f"  The portal was suspended, the copy is not: run `{done[5]}`.",
    ]
    assert portal.feeds("backup-restore", copy).out.splitlines()[2:] == expected
    former = kept(portal).rename(portal.folder / "former")
    # The sentences are in the order in which what they say can be done.
    portal.imported(*inputs)
    for line in expected:
        for repeated in re.findall("`(feeds [^`]*)`", line):
            assert portal.feeds(*shlex.split(repeated)[1:]).code == 0, repeated
    told = portal.feeds("backup-restore", former).out
    assert "Releases: " not in told
    assert "Categories: " not in told
    assert "Old addresses" not in told
    assert "suspended" not in told


def test_a_release_has_other_content_only_if_a_reader_sees_other_content(portal: Portal) -> None:
    first = [page("A"), page("B"), page("C", "sports")]
    portal.imported(*first)
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    edited = [page("A", body="Cits teksts."), page("B", "Kultūra"), page("C", "Sports")]
    portal.imported(*edited)
    entry_ids = [row[0] for row in portal.sql("SELECT entry_id FROM release ORDER BY id")]
    told = portal.feeds("backup-restore", copy).out.splitlines()
    # The spelling of a label that has given no category its name is not shown.
    assert told[3:6] == [
        "  Releases: 2 with other content.",
        f"    with other content: {entry_ids[0]}",
        f"    with other content: {entry_ids[1]}",
    ]
    kept(portal).unlink()
    portal.imported(*edited).imported(*first)
    for name in ("withdraw", "restore"):
        assert portal.feeds(name, entry_ids[0]).code == 0
    told = portal.feeds("backup-restore", copy).out.splitlines()
    assert told[2] == "  Imports: 2 missing. Repeat the missing ones first."
    assert not [line for line in told if line.startswith("  Releases")]


def test_a_lost_amendment_is_told_with_the_command_that_repeats_it(portal: Portal) -> None:
    assert portal.feeds("suspend", "--since", "2022-03-01", "--title", "Pauze").code == 0
    copy = portal.folder / "copy"
    for amend in (
        "feeds suspend --amend --since 2022-02-28T12:00:00",
        "feeds suspend --amend --title 'Slēgts' --text 'Viss \"beidzies\".\n\nPaldies.'",
    ):
        assert portal.feeds("backup", copy).code == 0
        assert portal.feeds(*shlex.split(amend)[1:]).code == 0
        assert portal.feeds("backup-restore", copy).out.split("\n", 2)[2] == (
            "  Notices: 1 in another state. `feeds notices` lists those that are there now.\n"
            f"  The notice of the suspension was different: run `{amend}`.\n"
        )
        kept(portal).unlink()
        copy.unlink()


def test_a_lost_amendment_to_a_later_start_is_repeated_before_imports(portal: Portal) -> None:
    portal.imported(page("A")).feeds("suspend", "--since", "2010-06-01")
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    amend = "feeds suspend --amend --since 2010-07-01 --text 'Viss beidzies.'"
    assert portal.feeds(*shlex.split(amend)[1:]).code == 0
    inputs = [page(title, published="2010-06-02 12:00:00") for title in ("B", "C")]
    portal.imported(*inputs)
    entry_id = "tag:prcentrs.example,2008:release/2010-06-02T09:00:00Z/c"
    assert portal.feeds("withdraw", entry_id).code == 0
    expected = [
        f"  The notice of the suspension was different: first run `{amend}`.",
        "  Imports: 1 missing. Then repeat the missing ones.",
        "  Releases: 1 missing, 1 missing that were withdrawn.",
        "    missing: tag:prcentrs.example,2008:release/2010-06-02T09:00:00Z/b",
        f"    missing that were withdrawn: import it again, then run `feeds withdraw {entry_id}`.",
        "  Notices: 1 in another state. `feeds notices` lists those that are there now.",
    ]
    assert portal.feeds("backup-restore", copy).out.splitlines()[2:] == expected
    repeat(portal, expected, inputs)


def repeat(portal: Portal, told: list[str], inputs: list[str]) -> None:
    """Do what is told, in the order in which it is told."""
    for line in told:
        if line.startswith("  Imports"):
            portal.imported(*inputs)
        for run in re.findall("`(feeds (?!notices`)[^`]*)`", line):
            assert portal.feeds(*shlex.split(run)[1:]).code == 0, run


def test_a_lost_retraction_is_told_with_the_command_that_repeats_it(portal: Portal) -> None:
    assert portal.feeds("suspend").code == 0
    ((entry_id,),) = portal.sql("SELECT entry_id FROM notice")
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    later = (datetime.now(UTC) + timedelta(hours=20)).astimezone(portal.settings.site.zone)
    inputs = [page("A", published=f"{later:%Y-%m-%d %H:%M:%S}")]
    assert portal.feeds("notices", "retract", entry_id).code == 0
    portal.imported(*inputs)
    told = portal.feeds("backup-restore", copy).out.splitlines()[2:]
    assert told[:2] == [
        f"  The suspension had been retracted: first run `feeds notices retract {entry_id}`.",
        "  Imports: 1 missing. Then repeat the missing ones.",
    ]
    repeat(portal, told, inputs)


def test_the_lost_retraction_of_a_pair_is_told(portal: Portal) -> None:
    for name in ("suspend", "resume"):
        assert portal.feeds(name).code == 0
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    entry_id = next(
        row[0] for row in portal.sql("SELECT entry_id FROM notice") if ":suspension/" in row[0]
    )
    assert portal.feeds("notices", "retract", entry_id).code == 0
    told = portal.feeds("backup-restore", copy).out.splitlines()
    # The resumption is retracted with the suspension.
    assert told[3:] == [f"    not retracted any more: run `feeds notices retract {entry_id}`."]
    assert portal.feeds("notices", "retract", entry_id).code == 0


def test_a_suspension_after_a_lost_retraction_is_told_last(portal: Portal) -> None:
    suspend = "feeds suspend --since 2010-07-01 --title Beigas"
    inputs = [page("A", published="2010-06-02 12:00:00")]
    assert portal.feeds("suspend", "--since", "2010-06-01").code == 0
    ((entry_id,),) = portal.sql("SELECT entry_id FROM notice")
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    assert portal.feeds("notices", "retract", entry_id).code == 0
    portal.imported(*inputs)
    assert portal.feeds(*shlex.split(suspend)[1:]).code == 0
    told = portal.feeds("backup-restore", copy).out.splitlines()[2:]
    assert told[0].endswith(f"first run `feeds notices retract {entry_id}`.")
    assert told[-1] == f"  The portal was suspended, the copy is not: run `{suspend}`."
    repeat(portal, told, inputs)


def test_a_lost_resumption_is_told_first_with_its_text(portal: Portal) -> None:
    inputs = [page("A", published="2010-06-02 12:00:00")]
    assert portal.feeds("suspend", "--since", "2010-06-01").code == 0
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    assert portal.feeds("resume", "--text", "Viss turpinās.").code == 0
    portal.imported(*inputs)
    told = portal.feeds("backup-restore", copy).out.splitlines()[2:]
    assert told[0].endswith(" be, first run `feeds resume --text 'Viss turpinās.'`.")
    repeat(portal, told, inputs)


@pytest.mark.slow
@pytest.mark.engines("postgresql", reason="it names both engines itself")
def test_the_back_up_of_one_engine_can_be_restored_on_the_other(
    portal: Portal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"FEEDS_ENTRIES": "5"}
    first = Portal(tmp_path_factory.mktemp("sqlite"), **settings).made()
    second = portal
    dates = [f"{1000 + n * 17}-01-01 10:00:00" for n in range(60)]
    first.imported(*(page(f"{n}", f"Kategorija {n % 3}", at) for n, at in enumerate(dates)))
    copy = first.folder / "copy"
    assert first.feeds("suspend").code == first.feeds("backup", copy).code == 0
    second.imported(page("Cits"))
    second.environ |= settings
    ran = second.feeds("backup-restore", copy)
    assert (ran.code, ran.err) == (0, "")
    assert "  Releases: 1 missing, 60 not there before." in ran.out
    shown = [
        {address: (body, headers["ETag"]) for address, (body, headers) in served(one).items()}
        for one in (first, second)
    ]
    assert shown[0] == shown[1]
    assert second.feeds("check", "--sample", "0").code == 0
    back = second.folder / "back"
    assert second.feeds("backup", back).code == 0
    ran = first.feeds("backup-restore", back)
    assert ran.out.endswith(SAME)


@pytest.mark.slow
def test_a_kill_leaves_the_former_store_or_the_new_one(portal: Portal) -> None:
    portal.imported(*(page(f"{n}", body="Vārds " * 30_000) for n in range(40)))
    copy = portal.folder / "copy"
    assert portal.feeds("backup", copy).code == 0
    portal.imported(page("Pēc kopijas"))
    before = portal.feeds("export").out
    portal.environ["TMPDIR"] = str(portal.folder)  # a killed process leaves its temporary folder
    with command(portal, "backup-restore", copy, stdout=subprocess.DEVNULL) as process:
        pattern = "feeds.db.before-*" if portal.store.is_file else "before-*.jsonl"
        # From here on the content is replaced.
        while not list(portal.folder.glob(pattern)):
            assert process.poll() is None
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert portal.feeds("export").out == before
    assert portal.feeds("check", "--sample", "0").code == 0
    kept(portal).unlink()
    assert portal.feeds("backup-restore", copy).code == 0
    assert portal.sql("SELECT count(*) FROM release") == [(40,)]


@pytest.mark.engines("sqlite", reason="these are states of a file")
def test_a_store_that_is_damaged_or_missing_is_restored(portal: Portal) -> None:
    copy = portal.folder / "copy"
    portal.imported(page("A")).feeds("backup", copy)
    client = portal.client()
    body = client.get("/releases.atom").data
    size = portal.file.stat().st_size
    for damage in ("first pages", "other pages", "removed"):
        if damage == "removed":
            portal.file.unlink()
        else:
            with portal.file.open("r+b") as file:
                file.seek(0 if damage == "first pages" else 4096)
                file.write(b"x" * (size - 4096))
            assert portal.feeds("status").code == 2
        ran = portal.feeds("backup-restore", copy)
        assert (ran.code, ran.err) == (0, ""), damage
        if damage == "removed":
            assert "There was no store before." in ran.out
        else:
            assert "The former store, which cannot be read, is kept in " in ran.out
            kept(portal).unlink()
        assert client.get("/releases.atom").data == body
        assert portal.feeds("check", "--sample", "0").code == 0
    portal.environ["FEEDS_DATABASE_URL"] = f"sqlite:///{portal.folder}"
    ran = portal.feeds("backup-restore", copy)
    assert ran.code == 2
    assert ran.err.startswith(f"feeds: The release store {portal.folder} cannot be replaced: ")


@pytest.mark.engines("sqlite", reason="on PostgreSQL one transaction reads and replaces the rows")
def test_a_change_during_a_restoration_does_not_set_dates_back(portal: Portal) -> None:
    portal.imported(page("A")).feeds("backup", portal.folder / "copy")
    portal.imported(page("B"))
    changes = iter(["suspend", "resume"] * 3)

    def change(_: Any, __: Any, statement: str, *___: object) -> None:
        if statement.startswith("UPDATE head SET store_id"):  # of the prepared store
            for name in changes:
                assert portal.feeds(name).code == 0

    with listening("before_cursor_execute", change):
        ran = portal.feeds("backup-restore", portal.folder / "copy")
    assert "  Notices: 6 missing." in ran.out
    with closing(sqlite3.connect(kept(portal))) as former:
        assert (
            portal.sql("SELECT instant FROM head")
            > former.execute("SELECT instant FROM head").fetchall()
        )


def test_a_restoration_that_is_repeated_does_not_set_dates_back(portal: Portal) -> None:
    copy = portal.folder / "copy"
    portal.imported(page("A")).feeds("backup", copy)
    client = portal.client(lambda: datetime.now(UTC) + timedelta(days=1))
    portal.imported(page("B"))
    lost = client.get("/releases.atom")
    by_date = {"If-Modified-Since": lost.headers["Last-Modified"]}
    for _ in range(2):
        assert portal.feeds("backup-restore", copy).code == 0
        kept(portal).unlink()
        answer = client.get("/releases.atom", headers=by_date)
        assert "<title>B</title>" not in answer.text
        assert answer.status_code == 200


def test_what_two_restorations_within_a_second_replace_is_kept_twice(portal: Portal) -> None:
    copy = portal.folder / "copy"
    portal.feeds("backup", copy)
    portal.imported(page("A"))
    first, second = (
        restore_backup(portal.store, portal.settings, copy, START + timedelta(days=1)).kept
        for _ in range(2)
    )
    assert first
    assert second
    assert second.name == first.name.replace("Z", "Z-2")
    for former, releases in ((first, "1 release,"), (second, "0 releases,")):
        ran = portal.feeds("backup-restore", former)
        assert ran.out.startswith(f"Restored {former}: {releases}")


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="on PostgreSQL a new file is refused if it exists")
def test_two_restorations_at_the_same_moment_do_not_keep_one_file(portal: Portal) -> None:
    copy = portal.folder / "copy"
    portal.feeds("backup", copy)
    portal.imported(page("A"))

    def restore() -> Path | None:
        with suppress(StoreError):
            return restore_backup(Store(portal.url), portal.settings, copy, START).kept
        return None

    with ThreadPoolExecutor() as threads, portal.store.change(START):  # both wait for this change
        running = [threads.submit(restore) for _ in range(2)]
        time.sleep(3)
    files = [file for one in running if (file := one.result())]
    assert len(set(files)) == len(files)
    ran = portal.feeds("backup-restore", files[0])
    assert ran.out.startswith(f"Restored {files[0]}: 1 release,")


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="PostgreSQL's own time-out is tested elsewhere")
def test_a_store_that_another_command_changes_is_not_replaced(portal: Portal) -> None:
    copy = portal.folder / "copy"
    portal.imported(page("A")).feeds("backup", copy)
    with portal.store.change(START):
        ran = portal.feeds("backup-restore", copy)
    assert (ran.code, ran.err) == (
        2,
        "feeds: The release store does not answer: database is locked.\n",
    )
    assert portal.feeds("status").code == 0


@pytest.mark.slow
def test_what_is_no_sound_back_up_of_this_portal_is_refused(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    copy = portal.folder / "copy"
    portal.imported(page("A")).feeds("backup", copy)
    content = portal.feeds("export").out

    def refused(file: Path, code: int = 1, by: Portal = portal) -> str:
        ran = by.feeds("backup-restore", file)
        assert (ran.code, ran.out) == (code, "")
        assert portal.feeds("export").out == content
        return ran.err

    assert refused(portal.write("text", "text")).endswith(
        "text is neither a copy of a store nor an export: name a file that `feeds backup` or "
        "`feeds export` wrote.\n"
    )
    nothing = portal.folder / "nothing"
    assert refused(nothing, 2) == f"feeds: {nothing} cannot be read: No such file or directory.\n"
    other = another(FEEDS_TITLE="Cits")
    ran = other.feeds("backup-restore", copy)
    assert ran.out.endswith("It was made with other settings or formats: run `feeds migrate`.\n")
    theirs = another(FEEDS_AUTHORITY="other.example")
    assert "FEEDS_AUTHORITY=other.example" in refused(copy, 2, theirs)
    damaged = portal.folder / "damaged"
    if portal.store.is_file:
        damaged.write_bytes(copy.read_bytes())
        with closing(sqlite3.connect(damaged)) as database, database:
            database.execute("UPDATE release SET title = 'Cits'")
        assert f"{damaged} is damaged: " in refused(damaged)
        with closing(sqlite3.connect(damaged)) as database, database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        assert refused(damaged) == (
            f"feeds: {damaged} cannot be restored: The release store at {damaged} has the schema "
            "9999 of a newer version of this service: install that version, or restore an older "
            "back-up.\n"
        )
    else:
        damaged.write_text(copy.read_text()[:-100])
        assert "the export was cut off here" in refused(damaged)
