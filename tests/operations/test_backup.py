import fcntl
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.operations.test_export import furnish, rows, served
from tests.portal import START, Portal, command, page


def integrity(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as database:
        return [row[0] for row in database.execute("PRAGMA integrity_check")]


def put_back(copy: Path, portal: Portal) -> None:
    """Restore a copy in place of a store, as docs/operating.md describes."""
    for leftover in portal.folder.glob("feeds.db-*"):
        leftover.unlink()
    copy.rename(portal.file)


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="a file is copied")
def test_a_copy_is_the_same_store_under_another_id(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    furnish(portal)
    copy = portal.folder / "copy.db"
    portal.file.chmod(0o640)
    ran = portal.feeds("backup", copy)
    assert (ran.code, ran.out, ran.err) == (0, f"Copied to {copy}.\n", "")
    assert sorted(path.name for path in portal.folder.glob("*copy*")) == ["copy.db"]
    assert copy.stat().st_mode & 0o777 == 0o640
    assert integrity(copy) == ["ok"]
    other = another()
    put_back(copy, other)
    assert served(other) == served(portal)
    assert portal.feeds("export", portal.folder / "1").code == 0
    assert other.feeds("export", other.folder / "1").code == 0
    assert rows(portal.folder / "1") == rows(other.folder / "1")
    ids = {one.sql("SELECT store_id FROM head")[0] for one in (portal, other)}
    assert len(ids) == 2
    assert other.sql("PRAGMA journal_mode") == [("wal",)]


@pytest.mark.engines("sqlite", reason="a file is copied")
def test_a_service_drops_its_cache_when_a_copy_replaces_the_store(portal: Portal) -> None:
    portal.imported(page("A"))
    portal.feeds("backup", portal.folder / "copy.db")
    client = portal.client()
    before = client.get("/releases.atom").data
    portal.imported(page("B"))
    assert client.get("/releases.atom").data != before
    put_back(portal.folder / "copy.db", portal)
    assert client.get("/releases.atom").data == before


@pytest.mark.engines("sqlite", reason="a file is copied")
def test_a_copy_has_one_state_while_the_store_changes(portal: Portal) -> None:
    portal.imported(page("A"))
    with portal.store.change(START) as change:
        change.touch_all()
        change.begin_import(START)
        assert portal.feeds("backup", portal.folder / "copy.db").code == 0
    copied = Portal(portal.folder, FEEDS_DATABASE_URL=f"sqlite:///{portal.folder}/copy.db")
    assert "(revision 3)" in copied.feeds("status").out
    assert "(revision 4)" in portal.feeds("status").out
    assert integrity(portal.folder / "copy.db") == ["ok"]


@pytest.mark.engines("sqlite", reason="a file is copied")
def test_a_copy_overwrites_no_file(portal: Portal) -> None:
    mine = portal.write("mine", "mine")
    ran = portal.feeds("backup", mine)
    assert (ran.code, ran.err) == (1, f"feeds: {mine} already exists: name a new file.\n")
    assert mine.read_text() == "mine"
    nowhere = portal.folder / "none" / "copy.db"
    ran = portal.feeds("backup", nowhere)
    assert (ran.code, ran.err) == (
        2,
        f"feeds: The copy {nowhere} cannot be created: unable to open database file.\n",
    )
    # The kernel's own folder, in which root may not make a file either.
    ran = portal.feeds("backup", "/proc/copy.db")
    assert ran.code == 2
    assert ran.err.startswith("feeds: The copy /proc/copy.db cannot be created: ")


@pytest.mark.engines("sqlite", reason="a file is copied")
def test_a_failed_copy_leaves_no_file(portal: Portal) -> None:
    portal.imported(*(page(f"Relīze {n}", body="Vārds " * 500) for n in range(200)))

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    copy = portal.folder / "copy.db"
    with command(portal, "backup", copy, preexec_fn=no_room, stdout=subprocess.PIPE) as process:
        errors = process.communicate()[1]
    assert (process.returncode, errors.count("\n")) == (2, 1)
    assert errors.startswith(f"feeds: The copy {copy} cannot be created: ")
    assert not list(portal.folder.glob("*copy*"))


@pytest.mark.engines("postgresql", reason="it has no file to copy")
def test_the_back_up_of_a_database_is_an_export(portal: Portal) -> None:
    portal.imported(page("A"))
    file = portal.folder / "copy"
    assert portal.feeds("backup", file).out == f"Copied to {file}.\n"
    assert file.read_text() == portal.feeds("export").out
    assert portal.feeds("backup", file).code == 1


def test_a_folder_keeps_a_back_up_of_each_of_the_last_days_and_weeks(portal: Portal) -> None:
    folder = portal.folder / "backups"
    suffix = ".db" if portal.store.is_file else ".jsonl"

    def names(*instants: str) -> set[str]:
        return {f"feeds-{instant}{suffix}" for instant in instants}

    keeping = ("backup", "--keep-daily", "4", "--keep-weekly", "3", folder)
    ran = portal.feeds(*keeping)
    (made,) = folder.glob("feeds-*")
    assert (ran.code, ran.out) == (0, f"Copied to {made}.\n")
    made.unlink()
    others = {"feeds-mine.db", "feeds-20200101T120000Z.txt", "readme"}
    # The zone is two hours ahead.
    kept = names("20200108T120000Z", "20200114T120000Z", "20200115T215959Z", "20200115T220000Z")
    removed = names("20200101T120000Z", "20200113T120000Z", "20200115T120000Z")
    for name in (*others, *kept, *removed, ".feeds-killed"):
        (folder / name).touch()
    ran = portal.feeds(*keeping)
    (name,) = {path.name for path in folder.iterdir()} - kept - others - {".lock"}
    lines = [f"Copied to {folder}/{name}.", *(f"Removed {folder}/{name}." for name in removed)]
    assert sorted(ran.out.splitlines()) == sorted(lines)
    with (folder / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = portal.feeds("backup", "--keep-daily", "1", folder)
    assert (ran.code, ran.err) == (1, f"feeds: Another back-up is being made in {folder}.\n")
    assert portal.feeds("backup", "--keep-daily", "1", "-").code == 2
    ran = portal.feeds("backup", "--keep-daily", "1", folder / "readme")
    assert (ran.code, ran.err) == (
        2,
        f"feeds: The folder {folder}/readme cannot be used: File exists.\n",
    )


def test_a_damaged_store_replaces_no_good_back_up(portal: Portal) -> None:
    folder = portal.folder / "backups"
    keeping = ("backup", "--keep-daily", "1", folder)
    portal.imported(page("A"))
    assert portal.feeds(*keeping).code == 0
    (good,) = folder.glob("feeds-*")
    # Two on one day: otherwise the second would replace the first.
    good = good.rename(good.with_stem("feeds-20200101T120000Z"))
    portal.sql("UPDATE release SET title = 'B'")
    damaged = folder / f"damaged{good.suffix}"
    for _ in range(2):
        ran = portal.feeds(*keeping)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("feeds: The store is damaged: The release ")
        assert ran.err.endswith(
            f" is not as it was written. It is copied to {damaged}, and no back-up is removed: "
            "restore the newest one.\n"
        )
        assert {path.name for path in folder.iterdir()} == {".lock", good.name, damaged.name}
    assert portal.feeds("backup-restore", damaged).code == 1
    assert portal.feeds("backup-restore", good).code == 0
    ran = portal.feeds(*keeping)
    assert ran.out.endswith(f"\nRemoved {good}.\n")
    assert damaged.exists()


@pytest.mark.engines("sqlite", reason="it damages the file")
def test_the_pages_of_a_copy_are_checked(portal: Portal) -> None:
    folder = portal.folder / "backups"
    keeping = ("backup", "--keep-daily", "1", folder)
    portal.imported(*(page(f"R{n}", body=f"{n} " * 5000) for n in range(20)))
    with closing(sqlite3.connect(portal.file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert portal.feeds(*keeping).code == 0
    (good,) = folder.glob("feeds-*")
    good = good.rename(good.with_stem("feeds-20200101T120000Z"))
    size = portal.file.stat().st_size
    with portal.file.open("r+b") as file:
        for place in range(size - 16 * 4096, size, 4096):
            file.seek(place)
            file.write(b"\xff" * 16)
    ran = portal.feeds(*keeping)
    assert ran.code == 1
    assert "The store is damaged: " in ran.err
    assert {path.name for path in folder.iterdir()} == {".lock", good.name, "damaged.db"}


@pytest.mark.engines("sqlite", reason="a file is copied")
def test_the_name_of_a_store_need_not_be_valid_utf8(portal: Portal) -> None:
    copy = portal.folder / os.fsdecode(b"\xff.db")
    ran = portal.feeds("backup", copy)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\\udcff.db.\n")
    portal.environ["FEEDS_DATABASE_URL"] = f"sqlite:///{copy}"
    assert portal.feeds("status").code == 0
    assert portal.client().get("/releases.atom").status_code == 200
