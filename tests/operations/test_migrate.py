"""What ``feeds migrate`` asks, foretells and warns of."""

import os
import pty
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from feeds.cli import main as cli
from tests.portal import Portal, page
from tests.store.test_schema import CREATED, next_version

PERMANENT = ("FEEDS_AUTHORITY", "FEEDS_AUTHORITY_YEAR", "FEEDS_TIMEZONE", "FEEDS_ENTRIES")
one_engine = pytest.mark.engines("sqlite", reason="it is about settings")


def without(portal: Portal, *names: str) -> Portal:
    portal.environ |= dict.fromkeys(names, "")
    return portal


def test_a_new_store_needs_every_permanent_setting_and_one_in_use_does_not(
    portal: Portal, another: Callable[..., Portal], tmp_path: Path
) -> None:
    new = Portal(tmp_path / "new", None if portal.url.startswith("sqlite") else another().url)
    new.folder.mkdir()
    if not new.url.startswith("sqlite"):
        new.sql("DROP SCHEMA public CASCADE")
        new.sql("CREATE SCHEMA public")
    without(new, *PERMANENT, "FEEDS_BASE_URL")
    for arguments in (("migrate",), ("migrate", "--dry-run")):
        ran = new.feeds(*arguments)
        assert (ran.code, ran.out) == (2, "")
        names = [line.split()[1] for line in ran.err.splitlines()]
        assert names == ["FEEDS_BASE_URL", *PERMANENT]
    assert "example: FEEDS_TIMEZONE=Europe/Riga): a store keeps it permanently" in ran.err
    assert not new.file.exists()
    ran = without(portal, "FEEDS_TIMEZONE", "FEEDS_ENTRIES").feeds("migrate")
    assert (ran.code, ran.err) == (0, "")
    secret = portal.write("url", portal.environ["FEEDS_DATABASE_URL"])
    portal.environ |= {"FEEDS_DATABASE_URL": "", "FEEDS_DATABASE_URL_FILE": str(secret)}
    ran = portal.feeds("migrate")
    assert (ran.code, ran.err) == (0, "")
    del portal.environ["FEEDS_DATABASE_URL_FILE"]
    # A store that cannot be asked is named, with everything else that is wrong.
    portal.environ["FEEDS_DATABASE_URL"] = f"sqlite:///{tmp_path}"
    assert portal.feeds("migrate").code == 2
    portal.environ["FEEDS_DATABASE_URL"] = "nonsense"
    assert portal.feeds("migrate").err.startswith("feeds: FEEDS_DATABASE_URL='nonsense' cannot be")


def test_a_store_on_a_disk_that_is_not_mounted_is_not_replaced_by_an_empty_one(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    assert portal.feeds("migrate", "--existing").out.endswith("has the current schema (0001).\n")
    missing = another()
    if missing.store.is_file:
        missing.file.unlink()
        reason = f"There is no release store at {missing.file}: run `feeds migrate` to create it."
    else:
        missing.sql("DROP SCHEMA public CASCADE")
        missing.sql("CREATE SCHEMA public")
        reason = f"The release store at {missing.store.name} is empty: run `feeds migrate`."
    ran = missing.feeds("migrate", "--existing")
    assert (ran.code, ran.out, ran.err) == (2, "", f"feeds: {reason}\n")
    assert not missing.file.exists()
    assert missing.feeds("status").code == 2


def on_a_terminal(portal: Portal, monkeypatch: pytest.MonkeyPatch, typed: str) -> tuple[int, str]:
    """Run ``feeds migrate`` on a terminal; return the exit code and what the terminal shows."""
    terminal, other = pty.openpty()
    os.write(terminal, typed.encode())
    code = 0
    with (
        os.fdopen(other, "r") as keyboard,
        os.fdopen(os.dup(other), "w") as screen,
        monkeypatch.context() as patch,
    ):
        for stream, file in (("stdin", keyboard), ("stdout", screen), ("stderr", screen)):
            patch.setattr(sys, stream, file)
        patch.setattr(sys, "argv", ["feeds", "migrate"])
        for name, value in portal.environ.items():
            patch.setenv(name, value)
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    shown = b""
    with suppress(OSError):  # which is how a closed terminal ends
        while data := os.read(terminal, 65536):
            shown += data
    os.close(terminal)
    return code, shown.decode().replace("\r\n", "\n")


@one_engine
def test_migrate_asks_for_permanent_settings_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = without(Portal(tmp_path), *PERMANENT[1:], "FEEDS_BASE_URL")
    # What cannot be asked for is named before anything is asked.
    code, shown = on_a_terminal(portal, monkeypatch, "")
    assert code == 2
    assert "FEEDS_BASE_URL is not set" in shown
    assert "such as" not in shown
    portal.environ["FEEDS_BASE_URL"] = "https://feeds.example.org"
    code, shown = on_a_terminal(portal, monkeypatch, "2008\nRiga\nEurope/Vilnius\n20\n")
    assert code == 0, shown
    assert "FEEDS_AUTHORITY_YEAR, a year on whose 1 January the publisher held it, such as" in shown
    assert (
        "Error: FEEDS_TIMEZONE='Riga' cannot be used: it must be the name of a time zone" in shown
    )
    assert shown.endswith(
        "Permanent: the authority prcentrs.example of 2008, the zone Europe/Vilnius, 20 releases "
        "in an archive page.\n"
        "Set these for the service and for every other command:\n"
        "  FEEDS_AUTHORITY_YEAR=2008\n"
        "  FEEDS_TIMEZONE=Europe/Vilnius\n"
        "  FEEDS_ENTRIES=20\n"
    )
    portal.environ["FEEDS_AUTHORITY_YEAR"] = "2008"
    assert portal.sql("SELECT timezone, page_size FROM head") == [("Europe/Vilnius", 20)]


def test_a_dry_run_foretells_what_migrate_does(portal: Portal, tmp_path: Path) -> None:
    portal.imported(page())
    before = portal.sql("SELECT * FROM head")
    current = f"The store {portal.store.name} has the current schema (0001).\n"
    ran = portal.feeds("migrate", "--dry-run")
    assert (ran.code, ran.out, ran.err) == (0, f"{current}Nothing would be changed.\n", "")
    portal.environ |= {"FEEDS_TITLE": "Cits", "FEEDS_ENTRIES": "60", "FEEDS_LANGUAGE": "en"}
    changes = (
        "  The service's texts have changed, in FEEDS_CATALOGUE or in this version.\n"
        "  FEEDS_ENTRIES has changed from 50 to 60.\n"
        "  FEEDS_LANGUAGE has changed from 'lv' to 'en'.\n"
        "  The form of dates and numbers has changed.\n"
        "  FEEDS_TITLE has changed from 'PRCentrs.Lv' to 'Cits'.\n"
    )
    ran = portal.feeds("migrate", "--dry-run")
    assert ran.out == f"{current}Every document would have a new revision:\n{changes}"
    assert "FEEDS_LANGUAGE=en is not the language with which" in ran.err
    with next_version(tmp_path, "CREATE TABLE later (id INTEGER PRIMARY KEY)"):
        ran = portal.feeds("migrate", "--dry-run")
        assert ran.out == (
            f"Would upgrade the store {portal.store.name} from schema 0001 to 0002.\n"
            f"Every document would have a new revision:\n{changes}"
        )
    assert portal.sql("SELECT * FROM head") == before
    assert portal.feeds("migrate").out == f"{current}Every document has a new revision:\n{changes}"
    assert portal.feeds("migrate", "--dry-run").out == f"{current}Nothing would be changed.\n"
    # An import with other settings in between; and a record that is damaged.
    portal.environ["FEEDS_TITLE"] = "Vēl cits"
    portal.imported(page("Otra"))
    portal.environ["FEEDS_TITLE"] = "Cits"
    assert "  The store was changed with other settings meanwhile.\n" in (
        portal.feeds("migrate", "--dry-run").out
    )
    portal.sql("UPDATE head SET settings = 'x'")
    assert "  FEEDS_TITLE has changed to 'Cits'.\n" in portal.feeds("migrate", "--dry-run").out


@one_engine
def test_a_dry_run_creates_no_store(tmp_path: Path) -> None:
    portal = Portal(tmp_path)
    ran = portal.feeds("migrate", "--dry-run")
    assert ran.out == f"Would create the store {portal.file} (schema 0001).\n{CREATED}"
    assert (ran.code, ran.err) == (0, "")
    assert not portal.file.exists()


@one_engine
@pytest.mark.parametrize(
    ("language", "warning"),
    [
        (
            "latvian",
            "FEEDS_LANGUAGE=latvian is not a language that is known: dates and numbers are",
        ),
        ("lt", "FEEDS_LANGUAGE=lt: the service has no texts in this language, and shows them in"),
        ("en-GB", ""),
    ],
)
def test_a_language_without_texts_is_warned_of(tmp_path: Path, language: str, warning: str) -> None:
    portal = Portal(tmp_path, FEEDS_LANGUAGE=language)
    for arguments in (("migrate", "--dry-run"), ("migrate",), ("migrate",)):
        ran = portal.feeds(*arguments)
        assert ran.code == 0
        assert ran.err.startswith(f"feeds: {warning}" if warning else "")
        assert bool(ran.err) == bool(warning)
    portal.environ["FEEDS_CATALOGUE"] = str(
        portal.write("own.po", 'msgid "Subscribe"\nmsgstr "P"\n')
    )
    err = portal.feeds("migrate").err
    assert bool(err) == (language == "latvian")
