"""Faults of the machine: each is reported in one sentence and loses nothing.

They are listed in docs/reliability.md.
"""

import os
import resource
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from drills.kill import DrillStore, write
from feeds.app import check
from feeds.errors import StoreUnavailableError
from feeds.ingest.inputs import Inputs
from feeds.store import engine
from feeds.store.engine import writing
from tests.portal import Portal, command, page

RELEASES = 600
FILE_LIMIT = 600_000  # bytes


def limit_files() -> None:
    """Limit the size of files that this process writes, as a full disk does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))


def last_line(errors: str) -> str:
    """Return the last line: on a slow machine lines of progress come before it."""
    return errors.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="the process's own file is full")
def test_an_import_on_a_full_disk_can_be_finished_later(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    lines = portal.folder / "releases.jsonl"
    write(lines, RELEASES)
    undisturbed = another()
    assert undisturbed.feeds("import", lines).code == 0
    arguments = ("import", lines)
    with command(portal, *arguments, preexec_fn=limit_files, stdout=subprocess.PIPE) as process:
        errors = process.communicate()[1]
    assert process.returncode == 2
    assert last_line(errors) == "feeds: The release store does not answer: disk I/O error."
    with closing(sqlite3.connect(portal.file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert portal.client().get("/releases.atom").status_code == 200
    assert portal.feeds("import", lines).code == 0
    assert DrillStore(portal.url).content() == DrillStore(undisturbed.url).content()


@pytest.mark.slow
@pytest.mark.engines("postgresql", reason="of the command's own files, only the report is full")
def test_a_report_on_a_full_disk_ends_the_import_with_a_message(portal: Portal) -> None:
    lines = portal.folder / "releases.jsonl"
    write(lines, 4000)
    arguments = ("import", "--report", portal.folder / "report", lines)
    with command(portal, *arguments, preexec_fn=limit_files, stdout=subprocess.PIPE) as process:
        errors = process.communicate()[1]
    assert process.returncode == 2
    assert last_line(errors) == "feeds: The command failed: File too large."
    assert portal.feeds("import", lines).code == 0


@contextmanager
def nobody() -> Iterator[None]:
    """Act as a user without permissions, because root may write everywhere."""
    before = os.geteuid()
    os.seteuid(65534 if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)


def make_read_only(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555)


@pytest.mark.engines("sqlite", reason="a file is made read-only")
def test_a_read_only_file_is_reported() -> None:
    # Below pytest's own folder nobody but its user may look.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        portal = Portal(folder).made()
        lines = folder / "releases.jsonl"
        write(lines, 3)
        assert portal.feeds("import", lines).code == 0
        make_read_only(folder)
        assert portal.client().get("/releases.atom").status_code == 200
        with nobody():  # who cannot load modules, so they are loaded before
            assert portal.feeds("migrate").code == 0
            assert portal.feeds("status").code == 0
            assert check(portal.settings) == []
            assert portal.client().get("/releases.atom").status_code == 200
        portal.environ["FEEDS_TITLE"] = "Cits"  # which migrate has to write
        for arguments in (
            ("import", lines),
            ("suspend",),
            ("migrate",),
            ("backup", folder / "copy.db"),
        ):
            with nobody():
                ran = portal.feeds(*arguments)
            assert (ran.code, ran.out) == (2, "")
            assert ran.err.startswith("feeds: The ")
            assert ran.err.count("\n") == 1
        folder.chmod(0o755)
        portal.file.chmod(0o644)
        assert portal.feeds("import", lines).code == 0


@pytest.mark.engines("sqlite", reason="a file is made read-only")
def test_a_read_only_file_is_not_read_while_someone_changes_it() -> None:
    with tempfile.TemporaryDirectory() as name:
        portal = Portal(Path(name)).made()
        owner = os.geteuid()
        make_read_only(portal.folder)

        def change() -> None:
            reader = os.geteuid()
            os.seteuid(owner)
            for path in (portal.folder, portal.file):
                path.chmod(0o755)
            portal.sql("UPDATE head SET page_size = page_size + 1")
            make_read_only(portal.folder)
            os.seteuid(reader)

        with (
            nobody(),
            pytest.raises(StoreUnavailableError, match="was changed while it was read"),
            portal.store.read(),
        ):
            change()


@pytest.mark.engines("postgresql", reason="a database is made read-only")
def test_a_read_only_database_is_reported(portal: Portal) -> None:
    path = portal.write("a.txt", page())
    name = make_url(portal.url).database
    portal.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert portal.feeds("migrate").code == 0
    portal.environ["FEEDS_TITLE"] = "Cits"  # which migrate has to write
    for arguments in (("import", path), ("suspend",), ("migrate",)):
        ran = portal.feeds(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("feeds: The release store does not answer: cannot execute ")
        assert ran.err.count("\n") == 1
    assert portal.client().get("/releases.atom").status_code == 200


def test_a_folder_that_cannot_be_listed_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        closed = Path(name, "closed")
        closed.mkdir(mode=0)
        with nobody():
            found = [(one.name, one.reason) for one in Inputs([Path(name)], [".txt"])]
        closed.chmod(0o755)
    assert found == [(str(closed), "it cannot be listed: Permission denied")]


@pytest.mark.slow
def test_a_locked_store_is_waited_for_and_then_reported(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise six commands would wait ten seconds each.
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.3)
    portal.imported(page())
    portal.environ["FEEDS_TITLE"] = "Cits"  # which migrate has to write
    with writing(portal.engine) as connection:
        connection.exec_driver_sql("UPDATE head SET page_size = page_size")
        for arguments in (("suspend",), ("import", portal.folder / "pages"), ("migrate",)):
            ran = portal.feeds(*arguments)
            assert (ran.code, ran.out) == (2, "")
            assert ran.err.startswith("feeds: The release store does not answer: ")
            assert "lock" in ran.err
            assert ran.err.count("\n") == 1
        assert portal.client().get("/releases.atom").status_code == 200
        assert portal.feeds("status").code == 0
    assert portal.feeds("suspend").code == 0


@pytest.mark.slow
def test_two_imports_at_once_have_the_result_of_one(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    lines = portal.folder / "releases.jsonl"
    write(lines, RELEASES // 2)
    undisturbed = another()
    assert undisturbed.feeds("import", lines).code == 0
    running = [command(portal, "import", lines, stdout=subprocess.PIPE) for _ in range(2)]
    outcomes = [(*process.communicate(), process.returncode) for process in running]
    # Without a journal, the one that added the releases says so.
    assert {code for _, _, code in outcomes} == {0}
    assert all(
        "feeds:" not in errors or " ran `feeds import" in errors for _, errors, _ in outcomes
    )
    assert sum(int(out.split(" added")[0]) for out, *_ in outcomes) == RELEASES // 2
    assert DrillStore(portal.url).content() == DrillStore(undisturbed.url).content()
