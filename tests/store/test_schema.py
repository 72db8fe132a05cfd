import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from feeds.app import check
from feeds.errors import StoreError
from feeds.operations.migrate import migrate
from feeds.store.engine import reading, writing
from feeds.store.schema import version
from feeds.store.schema.tables import METADATA
from tests.listeners import listening
from tests.portal import START, Portal, page

CREATED = (
    "Permanent: the authority prcentrs.example of 2008, the zone Europe/Riga, 50 releases in an "
    "archive page.\n"
)


def test_migrate_creates_a_store_once(tmp_path: Path) -> None:
    portal = Portal(tmp_path)
    created = portal.feeds("migrate")
    assert (created.code, created.out) == (
        0,
        f"Created the store {portal.file} (schema 0001).\n{CREATED}",
    )
    portal.imported(page())
    before = portal.client().get("/releases.atom")
    again = portal.feeds("migrate")
    assert again.out == f"The store {portal.file} has the current schema (0001).\n"
    after = portal.client().get("/releases.atom")
    # Other headers depend on the time: there is no Last-Modified in the second of a change.
    assert (after.data, after.headers["ETag"]) == (before.data, before.headers["ETag"])


def test_the_migrations_create_the_tables_of_the_models(portal: Portal) -> None:
    with reading(portal.engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference
            for difference in compare_metadata(context, METADATA)
            # A difference of types: the database has a BIGINT where the model has an instant.
            if not isinstance(difference, list)
        ]
    assert differences == []


def downgrade(connection: Connection, to: str) -> None:
    """Undo the migrations after a version; no command does that."""
    command.downgrade(version._config(connection), to)  # noqa: SLF001


def test_the_number_of_a_migration_file_is_its_version() -> None:
    scripts = ScriptDirectory(str(version.MIGRATIONS)).walk_revisions()
    assert [script.revision for script in scripts][::-1] == version._known()  # noqa: SLF001


def test_the_migrations_can_be_undone_and_run_again(portal: Portal) -> None:
    with writing(portal.engine) as connection:
        downgrade(connection, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    assert portal.feeds("status").code == 2
    assert portal.feeds("migrate").code == 0
    assert portal.imported(page()).feeds("status").code == 0


@pytest.mark.engines("sqlite", reason="these are SQLite's pragmas")
def test_a_file_uses_a_write_ahead_log_and_enforces_foreign_keys(portal: Portal) -> None:
    with reading(portal.engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    with writing(portal.engine) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def objects(portal: Portal) -> int:
    """Count the tables and indexes of a store."""
    with writing(portal.engine) as connection:
        tables = inspect(connection).get_table_names()
        return sum(1 + len(inspect(connection).get_indexes(table)) for table in tables)


@pytest.mark.slow
def test_a_migration_that_is_interrupted_creates_all_or_nothing(
    portal: Portal,
    tmp_path_factory: pytest.TempPathFactory,
    database: Callable[[], str | None],
) -> None:
    complete = objects(portal)
    statements = stop_at = 0
    left: list[int] = []

    def interrupt(_: Any, cursor: Any, *__: Any) -> None:
        nonlocal statements
        statements += 1
        if statements == stop_at:
            cursor.close()  # SQLAlchemy closes only cursors that executed something
            raise KeyboardInterrupt

    with listening("before_cursor_execute", interrupt):
        for stop_at in range(2, 200, 6):  # noqa: B007 - read by the listener
            fresh = Portal(tmp_path_factory.mktemp("portal"), database()).empty()
            statements = 0
            try:
                migrate(fresh.settings, START)
                break
            except KeyboardInterrupt:
                left.append(objects(fresh))
                assert fresh.feeds("migrate").code == 0
                assert objects(fresh) == complete
                assert fresh.feeds("status").code == 0
    # The schema is created in one transaction; the settings are recorded in the next one.
    assert set(left) == {0, complete}
    assert left == sorted(left)


COMMANDS = (("import", "."), ("suspend",), ("resume",), ("status",))


@pytest.mark.parametrize("arguments", COMMANDS)
def test_commands_refuse_a_missing_store(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    portal = Portal(tmp_path)
    ran = portal.feeds(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"feeds: There is no release store at {portal.file}: run `feeds migrate` to create it.\n"
    )
    assert not portal.file.exists()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer version of this service"),
        ("DELETE FROM alembic_version", "is empty: run `feeds migrate`"),
        ("DROP TABLE alembic_version", "has other tables and is not a release store"),
    ],
)
def test_an_unknown_schema_is_refused(portal: Portal, sql: str, message: str) -> None:
    portal.sql(sql)
    ran = portal.feeds("status")
    assert ran.code == 2
    assert message in ran.err
    if "newer" in message or "other tables" in message:
        ran = portal.feeds("migrate")
        assert ran.code == 2
        assert message in ran.err


@contextmanager
def next_version(folder: Path, upgrade: str, downgrade: str = "") -> Iterator[None]:
    """Add a migration 0002 that runs these SQL statements, as the next release would."""
    shutil.copytree(Path(version.__file__).parent / "migrations", folder / "migrations")
    (folder / "migrations" / "versions" / "0002_next.py").write_text(
        "from alembic import op\nrevision = '0002'\ndown_revision = '0001'\n"
        f"def upgrade():\n    for sql in {upgrade!r}.split(';'): op.execute(sql)\n"
        f"def downgrade():\n    op.execute({downgrade!r})\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(version, "MIGRATIONS", folder / "migrations")
        yield


def test_an_older_schema_is_refused_until_it_is_upgraded(portal: Portal, tmp_path: Path) -> None:
    portal.imported(page())
    before = portal.client().get("/releases.atom").data
    create, drop = "CREATE TABLE later (id INTEGER PRIMARY KEY)", "DROP TABLE later"
    with next_version(tmp_path, create, drop):
        for _ in range(2):
            ran = portal.feeds("status")
            assert (ran.code, ran.err) == (
                2,
                (
                    f"feeds: The release store at {portal.store.name} has an older schema: "
                    "run `feeds migrate`.\n"
                ),
            )
            assert "from schema 0001 to 0002" in portal.feeds("migrate").out
            assert portal.client().get("/releases.atom").data == before
            with writing(portal.engine) as connection:
                downgrade(connection, "0001")
    assert portal.feeds("status").code == 0


def test_a_store_is_not_upgraded_with_settings_that_do_not_fit_it(
    portal: Portal, tmp_path: Path
) -> None:
    portal.environ["FEEDS_ENTRIES"] = "20"
    with next_version(tmp_path, "CREATE TABLE later (id INTEGER PRIMARY KEY)"):
        ran = portal.feeds("migrate")
        assert (ran.code, ran.out, ran.journal) == (2, "", ())
        assert "FEEDS_ENTRIES=20 is smaller than the archive pages of this store" in ran.err
    portal.environ["FEEDS_ENTRIES"] = "50"
    assert portal.feeds("status").code == 0


def test_migrate_derives_again_what_an_upgrade_deleted(
    another: Callable[..., Portal], tmp_path: Path
) -> None:
    portal = another(FEEDS_ENTRIES="2")
    portal.imported(*(page(f"R{n}", published=f"2010-05-0{n + 1} 12:00:00") for n in range(5)))
    before = portal.client().get("/releases/archive/1.atom").data
    counts = portal.sql("SELECT * FROM month_count ORDER BY selection, year, month")
    upgrade = (
        "DELETE FROM archive_page; UPDATE selection SET tail = count; DELETE FROM month_count; "
        "UPDATE head SET settings_digest = ''"
    )
    with next_version(tmp_path, upgrade):
        assert portal.feeds("migrate").code == 0
        assert portal.client().get("/releases/archive/1.atom").data == before
        assert portal.client().get("/categories/pasvaldibas/archive/2.atom").status_code == 200
        assert portal.sql("SELECT * FROM month_count ORDER BY selection, year, month") == counts


def test_migrate_names_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    portal = Portal(tmp_path, FEEDS_DATABASE_URL=f"sqlite:///{tmp_path}/none/feeds.db")
    ran = portal.feeds("migrate")
    assert (ran.code, ran.err) == (
        2,
        f"feeds: The folder {tmp_path}/none does not exist: create it first.\n",
    )
    nowhere = Portal(tmp_path, FEEDS_DATABASE_URL="sqlite:////proc/feeds.db").feeds("migrate")
    assert (nowhere.code, nowhere.err) == (
        2,
        (
            "feeds: The release store /proc/feeds.db cannot be created: "
            "unable to open database file.\n"
        ),
    )
    (tmp_path / "folder.db").mkdir()
    portal = Portal(tmp_path, FEEDS_DATABASE_URL=f"sqlite:///{tmp_path}/folder.db")
    assert portal.feeds("migrate").code == 2


def test_the_service_does_not_start_with_fewer_entries_than_an_archive_page(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="20")
    assert check(portal.settings) == []
    portal.environ["FEEDS_ENTRIES"] = "30"
    assert check(portal.settings) == [
        "Settings or formats have changed since the last `feeds migrate`: run it again."
    ]
    portal.environ["FEEDS_ENTRIES"] = "19"
    with pytest.raises(StoreError, match=r"FEEDS_ENTRIES=19 is smaller than .* at least 20"):
        check(portal.settings)
    ran = portal.feeds("migrate")
    assert ran.code == 2
    assert "FEEDS_ENTRIES=19 is smaller" in ran.err
