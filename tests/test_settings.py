import os
import re
import subprocess
import sys
import zoneinfo
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.app import check
from feeds.errors import SettingsError
from feeds.settings import Settings, misnamed
from tests.portal import Portal

REQUIRED = {
    "FEEDS_BASE_URL": "https://feeds.example.org",
    "FEEDS_AUTHORITY": "prcentrs.lv",
    "FEEDS_AUTHORITY_YEAR": "2008",
}


def test_three_settings_are_required_and_the_others_have_defaults() -> None:
    settings = Settings.read(REQUIRED)
    assert settings.database_url == settings.read_database_url == "sqlite:///feeds.db"
    assert (settings.title, settings.rights, settings.contact) == ("prcentrs.lv", "", "")
    assert (settings.entries, settings.language) == (50, "lv")
    assert str(settings.timezone) == "Europe/Riga"
    assert (settings.workers, settings.threads, settings.access_log) == (2, 4, True)


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({key: value for key, value in REQUIRED.items() if key != name})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BASE_URL", "feeds.example.org"),
        ("BASE_URL", "ftp://feeds.example.org"),
        ("BASE_URL", "https://feeds.example.org/?a=b"),
        ("BASE_URL", "https://feeds.example.org/a//b"),
        ("BASE_URL", "https://feeds.example.org/a/../b"),
        ("BASE_URL", "https://feeds.example.org//"),
        ("BASE_URL", "https://user:secret@feeds.example.org"),
        ("AUTHORITY", "https://prcentrs.lv"),
        ("AUTHORITY", "pr centrs.lv"),
        ("AUTHORITY_YEAR", "08"),
        ("AUTHORITY_YEAR", "two thousand"),
        ("AUTHORITY_YEAR", "9998"),
        ("LOG_FORMAT", "yaml"),
        ("METRICS", "yes"),
        ("DATABASE_URL", "feeds.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///feeds.db?mode=ro"),
        ("DATABASE_URL", "mysql://localhost/feeds"),
        ("DATABASE_URL", "postgresql+psycopg:///feeds?host=a,b&port=5432"),
        ("DATABASE_URL", "postgresql+psycopg:///feeds?host=a&port=x"),
        ("READ_DATABASE_URL", "feeds.db"),
        ("READ_DATABASE_URL", "postgresql+psycopg:///feeds?host=a"),
        ("TIMEZONE", "Riga"),
        ("TIMEZONE", "../etc/passwd"),
        ("TIMEZONE", "Europe"),
        ("ENTRIES", "0"),
        ("ENTRIES", "-1"),
        ("ENTRIES", "٥"),
        ("CONTACT", "prcentrs.lv"),
        ("CONTACT", "@prcentrs.lv"),
        ("CONTACT", "mailto:redakcija@prcentrs.lv"),
        ("CONTACT", "redakcija@pr centrs.lv"),
        ("LANGUAGE", "latviešu"),
        ("BIND", "everywhere"),
        ("WORKERS", "many"),
        ("THREADS", "0"),
        ("ACCESS_LOG", "perhaps"),
    ],
)
def test_an_invalid_setting_is_named_with_what_it_must_be(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"FEEDS_{name}.* must "):
        Settings.read(REQUIRED | {f"FEEDS_{name}": text})


@given(st.sampled_from(["BASE_URL", "TIMEZONE", "DATABASE_URL", "AUTHORITY", "BIND"]), st.text())
def test_no_value_of_a_setting_raises_another_error(name: str, text: str) -> None:
    try:
        Settings.read(REQUIRED | {f"FEEDS_{name}": text})
    except SettingsError as error:
        assert name in str(error)  # noqa: PT017 - most values are invalid


@pytest.mark.engines("sqlite", reason="two files are enough")
def test_a_service_that_shows_another_store_than_commands_change_is_reported(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    other = another()
    portal.environ["FEEDS_READ_DATABASE_URL"] = other.url
    different = r"name different release stores: the service would show one, and commands"
    with pytest.raises(SettingsError, match=different):
        check(portal.settings)
    ran = portal.feeds("suspend")
    assert ran.code == 0
    assert re.search(different, ran.err)
    with other.unavailable():
        assert portal.feeds("resume").err == ""
    portal.environ["FEEDS_READ_DATABASE_URL"] = f"sqlite:///{portal.folder}/./feeds.db"
    assert check(portal.settings) == []


def test_all_settings_that_are_missing_or_wrong_are_named_in_one_run() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.read(
            {
                "FEEDS_AUTHORITY_YEAR": "08",
                "FEEDS_ENTRIES": "many",
                "FEEDS_READ_DATABASE_URL": "postgresql+psycopg://host/db",
            }
        )
    lines = str(raised.value).splitlines()
    assert [re.findall("FEEDS_[A-Z_]+", line)[0] for line in lines] == [
        "FEEDS_BASE_URL",
        "FEEDS_AUTHORITY",
        "FEEDS_AUTHORITY_YEAR",
        "FEEDS_ENTRIES",
        "FEEDS_READ_DATABASE_URL",
    ]
    assert lines[3] == (
        "FEEDS_ENTRIES='many' cannot be used: it must be a whole number from 1 to 1000 (example: "
        "FEEDS_ENTRIES=50)."
    )
    for line in lines[:4]:  # each example can be used
        name, example = re.findall(r"\(example: (FEEDS_\w+)=([^)]+)\)", line)[0]
        Settings.read(REQUIRED | {name: example})


@pytest.mark.slow
def test_gunicorn_names_every_wrong_setting_when_it_starts(tmp_path: Path) -> None:
    wrong = {"FEEDS_BASE_URL": "", "FEEDS_THREADS": "0", "FEEDS_TITEL": "A"}
    environ = os.environ | Portal(tmp_path).environ | wrong
    program = Path(sys.executable).with_name("gunicorn")
    root = Path(__file__).parents[1]
    ran = subprocess.run(
        [program, "wsgi:app"], cwd=root, env=environ, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert [line.partition(" (example")[0] for line in ran.stderr.splitlines()] == [
        "feeds: FEEDS_TITEL is not a setting: did you mean FEEDS_TITLE?",
        "feeds: FEEDS_BASE_URL is not set",
        "feeds: FEEDS_THREADS='0' cannot be used: it must be a whole number from 1 to 256",
    ]


def test_a_command_prints_which_setting_is_missing(tmp_path: Path) -> None:
    ran = Portal(tmp_path, FEEDS_BASE_URL="").feeds("migrate")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "feeds: FEEDS_BASE_URL is not set (example: FEEDS_BASE_URL=https://feeds.example.org): "
        "see docs/settings.md.\n"
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FEEDS_TITEL", "FEEDS_TITLE"),
        ("FEED_ENTRIES", "FEEDS_ENTRIES"),
        ("FEEDS_PORT", None),
    ],
)
def test_a_name_similar_to_a_setting_is_reported(
    tmp_path: Path, name: str, meant: str | None
) -> None:
    portal = Portal(tmp_path, **{name: "1"})
    warning = f"feeds: {name} is not a setting: did you mean {meant}?\n" if meant else ""
    for command in ("migrate", "status"):
        ran = portal.feeds(command)
        assert (ran.code, ran.err) == (0, warning)


def test_the_zone_is_read_from_the_tzdata_package_not_from_the_host(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    utc = files("tzdata").joinpath("zoneinfo", "UTC").read_bytes()
    (tmp_path / "Europe" / "Riga").write_bytes(utc)
    zoneinfo.reset_tzpath([str(tmp_path)])
    try:
        zone = Settings.read(REQUIRED).timezone
    finally:
        zoneinfo.reset_tzpath()
    assert datetime(2007, 11, 27, tzinfo=zone).utcoffset() == timedelta(hours=2)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(SettingsError, match="cannot be used") as raised:
        Settings.read(REQUIRED | {"FEEDS_DATABASE_URL": "postgresql://me:secret@host/db"})
    assert "secret" not in str(raised.value)
    assert "me:***@host" in str(raised.value)


def test_postgresql_without_its_driver_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = REQUIRED | {"FEEDS_DATABASE_URL": "postgresql+psycopg://host/db"}
    assert Settings.read(environ).database_url == "postgresql+psycopg://host/db"
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match="psycopg is not installed: install requirements-post"):
        Settings.read(environ)


def test_an_address_of_a_database_can_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("sqlite:////srv/feeds.db\n", encoding="utf-8")
    environ = REQUIRED | {"FEEDS_DATABASE_URL": "", "FEEDS_DATABASE_URL_FILE": str(file)}
    assert Settings.read(environ).database_url == "sqlite:////srv/feeds.db"
    assert misnamed(environ) == []
    both = environ | {"FEEDS_READ_DATABASE_URL_FILE": str(file)}
    assert Settings.read(both).read_database_url == "sqlite:////srv/feeds.db"
    for content, sentence in (
        (b"\n", "is empty: write the value of FEEDS_DATABASE_URL into it"),
        (b"\xff", "cannot be read: it is not UTF-8"),
        (None, "cannot be read: No such file or directory"),
    ):
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        with pytest.raises(SettingsError) as refused:
            Settings.read(environ)
        faults = str(refused.value).splitlines()
        assert faults[0] == f"FEEDS_DATABASE_URL_FILE='{file}' {sentence}."
        assert len(faults) == 1
    with pytest.raises(SettingsError) as refused:
        Settings.read(environ | {"FEEDS_DATABASE_URL": "sqlite:///feeds.db"})
    assert str(refused.value) == (
        "FEEDS_DATABASE_URL and FEEDS_DATABASE_URL_FILE are both set: remove one of them."
    )
