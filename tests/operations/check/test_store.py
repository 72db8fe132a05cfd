"""What `feeds check` finds in a store on both engines: nothing in a sound one."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from feeds.errors import StoreUnavailableError
from feeds.operations.check import Check
from tests.archives import bring
from tests.portal import Portal, page

RESTORE = ". Restore a back-up from before the damage (docs/operating.md).\n"
SECOND = "tag:prcentrs.example,2008:release/2010-01-02T10:00:00Z/relize-0001"
ALL = "The selection of all releases"
UNCHECKED = " without its indexes (they need amcheck)"
FIRST = "tag:prcentrs.example,2008:release/2010-01-01T10:00:00Z/relize-0000"


def looked_at_store(portal: Portal) -> str:
    """Return what `feeds check` says of a store; on PostgreSQL its user may not use amcheck."""
    return "the store" + ("" if portal.store.is_file else UNCHECKED)


@pytest.fixture
def sound(another: Callable[..., Portal]) -> Portal:
    """Return a portal with archive pages of three releases, and one that is withdrawn."""
    portal = bring(another(FEEDS_ENTRIES="3"), *range(8))
    assert portal.feeds("withdraw", "2010/01/02/relize-0001").code == 0
    return portal


@pytest.mark.slow
def test_a_store_is_sound_whatever_commands_have_changed_it(sound: Portal) -> None:
    bring(sound, 0, body="Labots.")
    bring(sound, 100, 50, 51, 52, 53, category="Sports")
    lines = [
        {"id": "urn:x:1", "title": "A", "body": "B", "published": "2011-05-04T09:00:00Z",
         "categories": ["Sports", "Kultūra"], "modified": "2012-05-04T09:00:00Z",
         "url": "http://old.example/a?id=1", "author": "Ž"},
    ]  # fmt: skip
    records = sound.write("a.jsonl", "\n".join(map(json.dumps, lines)))
    assert "1 added" in sound.feeds("import", records).out
    # Another source of the same release states its id.
    lines[0] = {"url": "http://old.example/b", "title": "C", "body": "D",
                "published": "2011-06-04T09:00:00Z"}  # fmt: skip
    records.write_text(json.dumps(lines[0]))
    assert "1 added" in sound.feeds("import", records).out
    records.write_text(json.dumps(lines[0] | {"id": "urn:x:2"}))
    assert sound.feeds("import", records).code == 0
    for command in (
        ("restore", "2010/01/02/relize-0001"),
        ("withdraw", "2010/01/08/relize-0007"),
        ("categories", "rename", "Sports", "Sports un atpūta"),
        ("suspend",),
        ("suspend", "--amend", "--title", "Pauze"),
        ("resume",),
        ("suspend",),
    ):
        assert sound.feeds(*command).code == 0
    ran = sound.feeds("check")
    assert (ran.code, ran.err) == (0, "")
    # Three formats of: three subscription documents, and the archive documents.
    pages = sound.sql("SELECT count(*) FROM archive_page")[0][0]
    looked_at = looked_at_store(sound)
    assert ran.out == f"No faults: {looked_at}, {3 * (3 + pages)} documents.\n"
    sampled = sound.feeds("check", "--sample", "2")
    assert (sampled.code, sampled.out) == (0, f"No faults: {looked_at}, 2 documents.\n")
    store = sound.feeds("check", "--sample", "0")
    assert (store.code, store.out) == (0, f"No faults: {looked_at}.\n")


DAMAGES = [
    ("UPDATE release SET body = 'x' WHERE id = 1", [
        f"The release 2010/01/01/relize-0000 ({FIRST}) is not as it was written"]),
    ("UPDATE release SET withdrawn = NULL", [
        f"The release 2010/01/02/relize-0001 ({SECOND}) is not as it was written",
        "The release 2010/01/02/relize-0001 is missing from the listing of selection 0",
        "The release 2010/01/02/relize-0001 is missing from the listing of selection 1"]),
    ("DELETE FROM listing WHERE release = 1 AND selection = 1", [
        "The release 2010/01/01/relize-0000 is missing from the listing of selection 1",
        "The category kultura has a count of 6, but 7 is recorded",
        "The category kultura has a wrong number of releases for 2010/01",
        "The category kultura has 1 releases on archive page 1, but the page is recorded with 2"]),
    ("UPDATE listing SET rank = rank + 1 WHERE release = 8 AND selection = 0", [
        "The release 2010/01/08/relize-0007 is missing from the listing of selection 0",
        "Selection 0 lists release 8 at 2010-01-08 10:00:00+00:00, where it does not belong"]),
    ("DELETE FROM membership WHERE release = 8", [
        "Selection 1 lists release 8 at 2010-01-08 10:00:00+00:00, where it does not belong"]),
    ("UPDATE membership SET position = 1 WHERE release = 3", [
        "The order of the categories of release 3 is damaged"]),
    ("DELETE FROM label", ["The category kultura has no label, by which imports find it"]),
    ("UPDATE selection SET count = 9 WHERE id = 0", [
        "The selection of all releases has a count of 7, but 9 is recorded"]),
    ("UPDATE selection SET tail = 0 WHERE id = 1", [
        "The category kultura has a tail of 2, but 0 is recorded"]),
    ("UPDATE month_count SET count = 3 WHERE selection = 0", [
        "The selection of all releases has a wrong number of releases for 2010/01"]),
    ("INSERT INTO month_count VALUES (1, 1999, 12, 1)", [
        "The category kultura has a wrong number of releases for 1999/12"]),
    ("UPDATE archive_page SET size = 8 WHERE selection = 0 AND number = 1", [
        f"{ALL} has 2 releases on archive page 1, but the page is recorded with 8"]),
    ("UPDATE archive_page SET number = 7 WHERE selection = 1 AND number = 2", [
        "The category kultura has archive pages that are not numbered from 1 without gaps"]),
    ("UPDATE archive_page SET last_published = 0 WHERE selection = 1 AND number = 2", [
        "The category kultura has archive pages whose boundaries are not in order"]),
    ("UPDATE selection SET revision = 99 WHERE id = 1", [
        "1 rows of selection were changed after the last change of the store"]),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("statement", "faults"), DAMAGES)
def test_a_damaged_row_is_found(sound: Portal, statement: str, faults: list[str]) -> None:
    sound.sql(statement)
    ran = sound.feeds("check", "--sample", "0")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.split("\n") == [*(fault + RESTORE.rstrip() for fault in faults), ""]


def test_pages_that_a_finished_import_should_have_made_are_missed(sound: Portal) -> None:
    sound.sql("DELETE FROM archive_page WHERE selection = 1 AND number = 2")
    sound.sql("UPDATE selection SET tail = 5 WHERE id = 1")
    missed = f"The category kultura lacks archive pages that should have been made{RESTORE}"
    assert sound.feeds("check", "--sample", "0").out == missed
    sound.sql("UPDATE import_run SET finished = NULL")
    assert sound.feeds("check", "--sample", "0").code == 0


def test_two_running_suspensions_are_found(sound: Portal) -> None:
    sound.feeds("suspend")
    sound.feeds("resume")
    sound.feeds("suspend")
    sound.sql("UPDATE notice SET lifted = NULL")
    ran = sound.feeds("check", "--sample", "0")
    assert (ran.code, ran.out) == (1, f"More than one suspension is running{RESTORE}")


def test_many_faults_of_a_kind_are_counted(another: Callable[..., Portal]) -> None:
    portal = bring(another(), *range(25))
    portal.sql("UPDATE release SET title = title || ' '")
    *named, last = portal.feeds("check", "--sample", "0").out.splitlines()
    assert len(named) == 10
    assert last == f"There are 15 other faults of this kind{RESTORE.rstrip()}"


@pytest.mark.engines("sqlite", reason="PostgreSQL does not store such a value")
def test_a_value_that_cannot_be_read_is_found(sound: Portal) -> None:
    sound.sql("UPDATE listing SET published = 900000000000000 WHERE release = 8")
    ran = sound.feeds("check", "--sample", "0")
    assert ran.code == 1
    assert "A stored value cannot be read: " in ran.out


@pytest.mark.engines("sqlite", reason="PostgreSQL does not store such a text")
def test_a_text_that_cannot_be_decoded_is_found(sound: Portal) -> None:
    sound.sql("UPDATE release SET title = CAST(x'ff' AS TEXT) WHERE id = 8")
    ran = sound.feeds("check", "--sample", "0")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("The database finds its files damaged: Could not decode to UTF-8")
    assert ran.out.endswith(RESTORE)


@pytest.mark.engines("sqlite", reason="it removes an entry of the schema")
def test_a_lost_index_is_found(sound: Portal) -> None:
    with sqlite3.connect(sound.file) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'ix_membership_selection'")
    ran = sound.feeds("check", "--sample", "0")
    assert ran.out.startswith("SQLite finds its file damaged: ")


@pytest.mark.engines("postgresql", reason="no server can go away from a file")
def test_a_server_that_goes_away_is_not_damage(sound: Portal) -> None:
    sound.sql("UPDATE release SET title = title || ' '")
    found = Check(sound.store, sound.settings).store_faults()
    assert "is not as it was written" in next(found)
    with sound.unavailable(), pytest.raises(StoreUnavailableError):
        list(found)


def test_a_gap_in_the_archive_is_found_as_readers_meet_it(sound: Portal) -> None:
    sound.sql("UPDATE archive_page SET number = 7 WHERE selection = 1 AND number = 2")
    ran = sound.feeds("check")
    assert (ran.code, ran.err) == (1, "")
    gap, *links = ran.out.splitlines()
    assert gap.startswith("The category kultura has archive pages that are not numbered from 1")
    for extension, link in zip(("atom", "rss", "json"), links, strict=True):
        dead = f"https://feeds.example.org/categories/kultura/archive/6.{extension}"
        document = f"/categories/kultura/archive/7.{extension}"
        assert link.startswith(f"{document}: the link {dead} leads nowhere. ")


@pytest.mark.engines("sqlite", reason="the links are the same on both")
def test_links_to_years_and_months_are_followed(sound: Portal) -> None:
    base = "https://feeds.example.org"
    alive = ("/releases/2010", "/categories/kultura/releases/2010/01", "/releases/2010/01/08")
    dead = (
        "/categories/kultura/releases/2009",
        "/categories/nav/releases/2010",
        "/releases/2010/1",
    )
    sound.imported(page("Saites", body=" ".join(f"{base}{path}" for path in (*alive, *dead))))
    ran = sound.feeds("check")
    found = [line.partition(": the link ")[2].split()[0] for line in ran.out.splitlines()]
    assert set(found) == {f"{base}{path}" for path in dead}


@pytest.mark.engines("sqlite", reason="it damages the file")
def test_a_damaged_file_is_found(sound: Portal) -> None:
    sound.imported(*(page(f"R{n}", body=f"{n} " * 5000) for n in range(20)))
    with sqlite3.connect(sound.file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(sound.file.read_bytes())
    for place in range(len(content) - 16 * 4096, len(content), 4096):
        content[place : place + 16] = b"\xff" * 16
    sound.file.write_bytes(content)
    ran = sound.feeds("check", "--sample", "0")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(("SQLite finds its file damaged: ", "The database finds its"))
    assert len(ran.out.splitlines()) <= 11


@pytest.mark.engines("sqlite", reason="PostgreSQL enforces foreign keys always")
def test_a_reference_to_a_missing_row_is_found(sound: Portal) -> None:
    with sqlite3.connect(sound.file) as connection:
        connection.execute("INSERT INTO source_key VALUES ('x', 99)")
    ran = sound.feeds("check", "--sample", "0")
    missing = "Row of source_key refers to a row of release that does not exist"
    assert (ran.code, ran.out) == (1, missing + RESTORE)


@pytest.mark.engines("postgresql", reason="it is an extension of PostgreSQL")
def test_a_damaged_table_is_found_if_amcheck_is_installed(sound: Portal) -> None:
    if not sound.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
        pytest.skip("this PostgreSQL has no amcheck")
    sound.sql("CREATE EXTENSION amcheck")
    # As if its rows were from before the last time that old ones were frozen.
    sound.sql("UPDATE pg_class SET relfrozenxid = pg_current_xact_id()::xid "
              "WHERE relname = 'release'")  # fmt: skip
    ran = sound.feeds("check", "--sample", "0")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("PostgreSQL finds release damaged in block 0: xmin ")


@pytest.mark.engines("postgresql", reason="it is an extension of PostgreSQL")
def test_a_damaged_index_is_found_if_amcheck_is_installed(sound: Portal) -> None:
    if not sound.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
        pytest.skip("this PostgreSQL has no amcheck")
    sound.sql("CREATE EXTENSION amcheck")
    assert sound.feeds("check", "--sample", "0").code == 0
    ready = "SET allow_system_table_mods = on; UPDATE pg_index SET indisready = {} "
    of_index = "WHERE indexrelid = 'ix_membership_selection'::regclass"
    sound.sql(ready.format("false") + of_index)
    sound.imported(page())
    sound.sql(ready.format("true") + of_index)
    ran = sound.feeds("check", "--sample", "0")
    assert ran.code == 1
    assert ran.out.startswith("The database finds its files damaged: heap tuple ")
    assert ran.out.endswith(RESTORE)


@pytest.mark.engines("postgresql", reason="it is an extension of PostgreSQL")
def test_the_user_of_the_store_needs_the_documented_rights_to_check_indexes(sound: Portal) -> None:
    if not sound.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
        pytest.skip("this PostgreSQL has no amcheck")
    guide = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()
    create, grant = re.findall(r'--command "((?:CREATE EXTENSION|GRANT EXECUTE) [^"]*)"', guide)
    address = make_url(sound.url)
    user = f"user_{address.database}"
    sound.sql(f"CREATE ROLE {user} LOGIN")
    sound.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}")
    limited = address.set(username=user).render_as_string(hide_password=False)
    checking = Portal(sound.folder, limited, FEEDS_ENTRIES="3")
    check = ("check", "--sample", "0")
    unchecked = f"No faults: the store{UNCHECKED}.\n"
    assert checking.feeds(*check).out == unchecked
    sound.sql(create)
    assert checking.feeds(*check).out == unchecked
    sound.sql(grant.replace("TO feeds", f"TO {user}"))
    assert checking.feeds(*check).out == "No faults: the store.\n"


def test_a_document_that_cannot_be_made_or_read_is_found(sound: Portal) -> None:
    sound.sql("UPDATE release SET title = 'A' || chr(7)" if "postgresql" in sound.url
              else "UPDATE release SET title = 'A' || char(7)")  # fmt: skip
    sound.sql("UPDATE release SET checksum = 0")
    out = sound.feeds("check").out
    assert "/releases/archive/1.atom: it cannot be made: " in out
    assert "report it as a defect of this service." in out


def test_links_within_the_service_must_lead_somewhere(sound: Portal) -> None:
    dead = "https://feeds.example.org/releases/2010/01/02/relize-0001"
    links = "".join(
        f'<p><a href="{link}">A</a></p>'
        for link in (
            "https://feeds.example.org", "https://feeds.example.org/feeds.opml",
            "https://feeds.example.org/categories/kultura", "https://elsewhere.example/gone",
            "https://feeds.example.org/categories/kultura/archive/2?a#b",
            "https://feeds.example.org/releases/2010/01/03/relize-0002", dead,
            "https://feeds.example.org/categories/nav", "https://feeds.example.org/x",
            "https://feeds.example.org/releases/archive/9.rss", "kontakti",
        )
    )  # fmt: skip
    sound.sql(f"UPDATE release SET body = '{links}' WHERE id = 8")  # noqa: S608 - a constant
    lines = sound.feeds("check").out.splitlines()
    found = {line.split()[3] for line in lines if line.startswith("/releases.atom: the link ")}
    base = "https://feeds.example.org/"
    assert found == {dead, f"{base}categories/nav", f"{base}x", f"{base}releases/archive/9.rss"}
    # An import leaves no such link.
    (relative,) = [line for line in lines if line.startswith("/releases.rss: the content of ")]
    assert " has a link 'kontakti' that is not an absolute URL. Import the release" in relative


@pytest.mark.engines("sqlite", reason="settings do not depend on the engine")
@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"FEEDS_AUTHORITY": ""},
         "FEEDS_AUTHORITY is not set (example: FEEDS_AUTHORITY=prcentrs.lv): see docs"),
        ({"FEEDS_DATABASE_URL": "sqlite:////nowhere/feeds.db"},
         "There is no release store at /nowhere/feeds.db: run `feeds migrate` to create it."),
        ({"FEEDS_TIMEZONE": "Europe/Vilnius"}, "FEEDS_TIMEZONE=Europe/Vilnius is not the zone of"),
        ({"FEEDS_AUTHORITY_YEAR": "2009"}, "are not those of this store (prcentrs.example,2008)"),
        ({"FEEDS_ENTRIES": "2"}, "FEEDS_ENTRIES=2 is smaller than the archive pages of this store"),
        ({"FEEDS_TITLE": "Cits"}, "Settings or formats have changed since the last"),
        ({"FEEDS_LANGUAGE": "en"}, "FEEDS_LANGUAGE=en is not the language with which this store"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_found(
    sound: Portal, settings: dict[str, str], fault: str
) -> None:
    sound.environ |= settings
    ran = sound.feeds("check", "--sample", "0")
    assert (ran.code, ran.err) == (1, "")
    assert fault in ran.out
