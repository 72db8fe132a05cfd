"""The export of a whole store: out of either engine, into an empty one of either."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.ingest.sources.jsonl import EXPORT_PREFIX
from feeds.store.copy.dump import TABLES
from feeds.store.engine import writing
from feeds.store.write.change import update_release
from tests.portal import START, Portal, command, page

pytestmark = pytest.mark.engines("sqlite", reason="the file does not depend on the engine")

FORMATS = ("atom", "rss", "json")
HEADERS = ("ETag", "Last-Modified", "Surrogate-Key", "Content-Type")


def furnish(portal: Portal) -> Portal:
    """Fill a portal with whatever a store can hold."""
    texts = [
        page(
            f"Relīze {n}\u2028",
            f"Kategorija {n % 3}",
            f"{1000 + n * 17}-01-0{n % 9 + 1} 10:00:00",
            "Teikums ar “pēdiņām” \U0001f600.\n\nOtrā rindkopa & <b>.",
        )
        for n in range(60)
    ]
    portal.imported(*texts)
    portal.write("0000.txt", page("Relīze 0\u2028", "Kategorija 0", "1000-01-01 10:00:00", "Cits."))
    assert "changed" in portal.feeds("import", portal.folder / "pages" / "0000.txt").out
    assert portal.feeds("suspend", "--title", "Pauze").code == 0
    assert portal.feeds("resume").code == 0
    assert portal.feeds("suspend").code == 0
    portal.sql("INSERT INTO redirect VALUES ('/veca?lapa=1', 0, NULL, 'atom')")
    portal.sql("INSERT INTO redirect VALUES ('/Āgra', NULL, 3, NULL)")
    portal.sql("UPDATE release SET withdrawn = -12345 WHERE id = 5")
    attachment = '["https://a.example/“é”.png", "image/png", 5000000000, null, true]'
    portal.sql(f"UPDATE release SET attachments = '[{attachment}]' WHERE id > 50")  # noqa: S608 - constants
    with writing(portal.engine) as connection:
        for release in (5, *range(51, 61)):
            update_release(connection, release, {"richness": 1})
    portal.sql("INSERT INTO media_host VALUES (51, 'a.example', 1), (51, 'é.example', 5000000000)")
    return portal


def served(portal: Portal) -> dict[str, Any]:
    """Return all that readers can ask for, with its validators."""
    # There is no `Last-Modified` while the change clock is ahead of the real one.
    client = portal.client(lambda: datetime.now(UTC) + timedelta(days=1))
    found: dict[str, Any] = {}
    for base in ("/releases", *(f"/categories/kategorija-{n}" for n in range(3))):
        for form in FORMATS:
            pages = [f"{base}/archive/{n}.{form}" for n in range(1, 20)]
            for address in (f"{base}.{form}", *pages):
                answer = client.get(address)
                if answer.status_code == 200:
                    headers = {name: answer.headers.get(name) for name in HEADERS}
                    found[address] = (answer.data, headers)
    assert len(found) > 12
    return found


def rows(export: Path) -> list[str]:
    """Return the lines of an export, less what makes one store another."""
    *lines, last, end = export.read_text().split("\n")
    assert len(json.loads(last)["sha256"]) == 64
    store_id = next(json.loads(line)[1] for line in lines if line.startswith('[1,"'))
    return [*(line.replace(store_id, "") for line in lines), last.partition("sha256")[0], end]


@pytest.fixture
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str | None]
) -> Callable[[str], Portal]:
    """Return a maker of portals with an empty store on the named engine."""

    def make(engine: str) -> Portal:
        url = database() if engine == "postgresql" else None
        return Portal(tmp_path_factory.mktemp("portal"), url, FEEDS_ENTRIES="5").made()

    return make


@pytest.mark.slow
@pytest.mark.engines("postgresql", reason="it names both engines itself")
@pytest.mark.parametrize(
    "engines",
    [("sqlite", "postgresql", "sqlite"), ("postgresql", "sqlite", "postgresql")],
)
def test_an_export_restores_the_same_store_on_either_engine(
    elsewhere: Callable[[str], Portal], engines: tuple[str, ...]
) -> None:
    first = furnish(elsewhere(engines[0]))
    before = served(first)
    status = json.loads(first.feeds("status", "--json").out)
    export = first.folder / "0.jsonl"
    assert first.feeds("export", export) == first.feeds("export", first.folder / "same.jsonl")
    assert export.read_bytes() == (first.folder / "same.jsonl").read_bytes()
    assert export.read_bytes().startswith(EXPORT_PREFIX)
    header = json.loads(export.read_text().split("\n")[0])
    assert header == {"release-feeds": "export", "version": 1, "schema": "0001"}
    ids = {first.sql("SELECT store_id FROM head")[0][0]}
    for number, engine in enumerate(engines[1:], 1):
        next_ = elsewhere(engine)
        ran = next_.feeds("import", export)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == (
            f"Loaded the export of revision {status['revision']}:\n"
            "60 releases, 3 categories, 3 notices.\n"
        )
        assert served(next_) == before
        assert json.loads(next_.feeds("status", "--json").out) == status
        again = next_.folder / f"{number}.jsonl"
        assert next_.feeds("export", again).code == 0
        assert rows(again) == rows(first.folder / "0.jsonl")
        ids.add(next_.sql("SELECT store_id FROM head")[0][0])
        export = again
    assert len(ids) == len(engines)
    # New numbers follow those in the export.
    assert next_.feeds("resume").code == 0
    assert next_.imported(page("Vēl viena")).feeds("status").code == 0
    assert next_.sql("SELECT count(*), max(id) FROM notice") == [(4, 4)]


def test_an_unreadable_file_is_not_an_export(portal: Portal) -> None:
    ran = portal.feeds("import", "/proc/self/mem")
    assert ran.code == 1
    assert "cannot be read: Input/output error" in ran.err


@pytest.mark.engines("sqlite", "postgresql", reason="the columns have the types of the engine")
def test_every_table_and_column_is_exported(portal: Portal) -> None:
    ran = portal.feeds("export")
    lines = [json.loads(line) for line in ran.out.split("\n")[:-1]]
    named = {line["table"]: tuple(line["columns"]) for line in lines[1:] if "table" in line}
    assert named == TABLES
    assert lines[-1]["rows"] == dict.fromkeys(TABLES, 0) | {
        "head": 1, "selection": 1, "change_token": 2,
    }  # fmt: skip
    assert len(named) == 15


def test_an_export_to_standard_output_is_utf8_in_any_locale(portal: Portal) -> None:
    portal.imported(page("Šķūņi"))
    assert portal.feeds("export", portal.folder / "export").code == 0
    portal.environ["PYTHONIOENCODING"] = "latin-1"
    with (
        (portal.folder / "out").open("wb") as out,
        command(portal, "export", stdout=out) as process,
    ):
        assert process.communicate()[1] == "Exported 1 release, 1 category, 0 notices.\n"
    assert (portal.folder / "out").read_bytes() == (portal.folder / "export").read_bytes()


def test_a_dash_means_standard_output(portal: Portal) -> None:
    portal.imported(page())
    assert portal.feeds("export", "-").out == portal.feeds("export").out != ""
    assert not Path("-").exists()


def test_an_export_to_a_full_disk_is_reported(portal: Portal) -> None:
    portal.imported(page())
    with Path("/dev/full").open("wb") as full, command(portal, "export", stdout=full) as process:
        errors = process.communicate()[1]
    assert (process.returncode, errors) == (
        2,
        "feeds: The command failed: No space left on device.\n",
    )


@pytest.mark.engines("sqlite", "postgresql", reason="each isolates a reader in its own way")
def test_an_export_has_one_state_while_the_store_changes(
    portal: Portal,
) -> None:
    portal.imported(page("A"))
    from feeds.operations.export import export  # noqa: PLC0415 - the lines, one by one

    before = portal.feeds("export").out
    lines = export(portal.store)
    first = [next(lines) for _ in range(3)]
    portal.imported(page("B"))
    portal.feeds("suspend")
    assert "\n".join([*first, *lines, ""]) == before


def test_an_export_overwrites_no_file_and_leaves_no_partial_one(portal: Portal) -> None:
    export = portal.write("export", "mine")
    ran = portal.feeds("export", export)
    assert (ran.code, ran.err) == (1, f"feeds: {export} exists: name a new file.\n")
    assert export.read_text() == "mine"
    nowhere = portal.folder / "none" / "export"
    ran = portal.feeds("export", nowhere)
    assert (ran.code, ran.err) == (
        2,
        f"feeds: The export {nowhere} cannot be written: No such file or directory.\n",
    )
    portal.sql("UPDATE head SET page_size = 0")
    portal.sql("ALTER TABLE redirect RENAME TO moved")
    assert portal.feeds("export", portal.folder / "new").code == 2
    assert not (portal.folder / "new").exists()


@pytest.mark.engines("sqlite", "postgresql", reason="the rows are loaded in the engine's own way")
def test_only_an_empty_store_loads_an_export(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    furnish(portal)
    export = portal.folder / "export"
    portal.feeds("export", export)
    for statement in (
        (),
        ("suspend",),
        ("import", portal.folder / "pages"),
    ):
        full = another()
        if statement:
            assert full.feeds(*statement).code == 0
        else:
            full.sql("INSERT INTO redirect VALUES ('/', 0, NULL, NULL)")
        before = full.feeds("export").out
        ran = full.feeds("import", export)
        assert ran.code == 1
        assert "is in use: name a new one in FEEDS_DATABASE_URL, create it with" in ran.err
        assert full.feeds("export").out == before
    refused = another()
    assert refused.feeds("import", refused.write("bad.txt", "")).code == 1
    assert refused.feeds("import", export).code == 0


def test_other_settings_are_reported_and_recorded_by_migrate(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    portal.imported(page()).feeds("export", portal.folder / "export")
    other = another(FEEDS_TITLE="Cits")
    ran = other.feeds("import", portal.folder / "export")
    assert ran.out.endswith("It was made with other settings or formats: run `feeds migrate`.\n")
    changed = "  FEEDS_TITLE has changed from 'PRCentrs.Lv' to 'Cits'.\n"
    assert other.feeds("migrate").out.endswith(f"a new revision:\n{changed}")
    small = another(FEEDS_ENTRIES="10")
    ran = small.feeds("import", portal.folder / "export")
    assert ran.code == 2
    assert "FEEDS_ENTRIES=10 is smaller than the archive pages of this store" in ran.err
    assert json.loads(small.feeds("status", "--json").out)["releases"] == 0
    theirs = another(FEEDS_AUTHORITY="other.example")
    ran = theirs.feeds("import", portal.folder / "export")
    assert ran.code == 2
    assert "FEEDS_AUTHORITY=other.example and FEEDS_AUTHORITY_YEAR=2008 are not those" in ran.err
    assert json.loads(theirs.feeds("status", "--json").out)["releases"] == 0


def test_an_export_must_be_imported_by_itself(portal: Portal) -> None:
    export = portal.folder / "pages" / "export.jsonl"
    portal.write("1.txt", page())
    portal.feeds("export", export)
    sentence = "feeds: Import the export of a store by itself and without options.\n"
    for arguments in (
        (export, portal.folder),
        ("--dry-run", export),
        ("--source", "jsonl", export),
        ("--report", portal.folder / "report", export),
    ):
        ran = portal.feeds("import", *arguments)
        assert (ran.code, ran.out, ran.err) == (1, "", sentence)
    ran = portal.feeds("import", portal.folder / "pages")
    assert "export.jsonl: refused: it is the export of a store: import it by itself" in ran.err
    assert ran.out.endswith("1 added, 0 changed, 0 unchanged, 0 skipped, 1 refused.\n")


@pytest.mark.slow
@pytest.mark.engines("sqlite", "postgresql", reason="each locks in its own way")
def test_a_command_that_waited_for_an_import_uses_its_result(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    furnish(portal).feeds("export", portal.folder / "export")
    empty = another()
    with empty.store.change(START):
        process = command(empty, "import", portal.folder / "export", stdout=subprocess.PIPE)
        second = command(empty, "suspend", stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        assert second.poll() is None
    codes = {process.wait(120), second.wait(120)}
    assert "Traceback" not in process.communicate()[1] + second.communicate()[1]
    # The suspension is refused if it came second, since the export has one.
    assert codes == {0, 1}
