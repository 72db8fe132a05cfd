"""The settings, read from environment variables ``FEEDS_*``.

To add one, add a field to ``Settings``, a line to ``_PARSERS`` and a row to docs/settings.md. The
settings of the server (workers, threads, bind, log) are here, too.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib.resources import files
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from feeds.domain import Site
from feeds.errors import SettingsError
from feeds.identity import Authority
from feeds.text.catalogue import Catalogue, read_catalogue, words
from feeds.text.plain import one_line

_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_SIMILARITY = 0.85  # from 0 (names differ entirely) to 1 (names are equal)
_FIRST_YEAR = 1985  # when the first domain name was registered


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. Each field is read from the variable ``FEEDS_<NAME>``."""

    base_url: str
    authority: str
    authority_year: int
    database_url: str
    read_database_url: str
    title: str
    rights: str
    timezone: ZoneInfo
    entries: int
    language: str
    catalogue: Catalogue | None
    bind: str
    workers: int
    threads: int
    access_log: bool
    log_format: str
    metrics: bool
    cache_mb: int
    revision_ttl: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read and check all settings; raise ``SettingsError`` for the first that is wrong."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            name = f"FEEDS_{field.name.upper()}"
            default, parse = _PARSERS[field.name]
            text = environ.get(name, "").strip() or default
            if text is None:
                raise SettingsError(f"{name} is not set: see docs/settings.md.")
            try:
                values[field.name] = parse(text)
            except ValueError as error:
                shown = re.sub(r"(://[^/@]*:)[^@]*@", r"\1***@", text)
                raise SettingsError(f"{name}={shown!r} cannot be used: {error}.") from None
        values["title"] = values["title"] or values["authority"]
        values["read_database_url"] = values["read_database_url"] or values["database_url"]
        urls = (values["database_url"], values["read_database_url"])
        if len({url.startswith("sqlite:") for url in urls}) > 1:
            raise SettingsError(
                "FEEDS_READ_DATABASE_URL and FEEDS_DATABASE_URL must be of one kind: both name a "
                "SQLite file, or both a PostgreSQL database."
            )
        return cls(**values)

    @property
    def tag_authority(self) -> Authority:
        """The authority of new identifiers."""
        return Authority(self.authority, self.authority_year)

    @property
    def site(self) -> Site:
        """The settings that appear in documents."""
        return Site(
            base_url=self.base_url,
            title=self.title,
            rights=self.rights,
            language=self.language,
            words=words(self.language, self.catalogue),
            zone=self.timezone,
            entries=self.entries,
        )


def misnamed(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each variable whose name is similar to that of a setting.

    Other variables with this prefix may have another purpose: a container that is linked to a
    service called ``feeds`` gets a variable ``FEEDS_PORT``.
    """
    names = [f"FEEDS_{field.name.upper()}" for field in fields(Settings)]
    return [
        f"{name} is not a setting: did you mean {near[0]}?"
        for name in sorted(environ)
        if name.startswith("FEED") and name not in names
        if (near := get_close_matches(name, names, n=1, cutoff=_SIMILARITY))
    ]


def zone(name: str) -> ZoneInfo:
    """Return a time zone from the ``tzdata`` package, never from the host (rule 3)."""
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", name):
        raise ValueError("it must be the name of a time zone, such as Europe/Riga")
    try:
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        raise ValueError("it must be the name of a time zone, such as Europe/Riga") from None


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    legal = re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(?:/[A-Za-z0-9._~/-]*)?", text)
    _, *segments = parts.path.removesuffix("/").split("/")
    # A browser resolves dot segments and would request another path.
    if not legal or not parts.hostname or {"", ".", ".."} & set(segments):
        raise ValueError(
            "it must be an absolute http(s) address, such as https://feeds.example.org"
        )
    return text.rstrip("/")


def _authority(text: str) -> str:
    if not _HOST.fullmatch(text.lower()):
        raise ValueError("it must be the publisher's domain name, such as prcentrs.lv")
    return text.lower()


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(
            "it must be a URL such as sqlite:///feeds.db or "
            "postgresql+psycopg://user:password@host/database"
        ) from None
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        if url.query or "?" in text:
            raise ValueError("it must be the URL of a SQLite file without a question mark")
        return text
    if url.drivername != "postgresql+psycopg" or not url.database:
        raise ValueError(
            "it must be the URL of a SQLite file, such as sqlite:///feeds.db, or of a PostgreSQL "
            "database, such as postgresql+psycopg://user:password@host/database"
        )
    try:
        url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        raise ValueError("it must name one port for each host, or none") from None
    if find_spec("psycopg") is None:
        raise ValueError("psycopg is not installed: install requirements-postgresql.lock")
    return text


def _read_database_url(text: str) -> str:
    return _database_url(text) if text else ""


def _integer(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not minimum <= int(text) <= maximum:
            raise ValueError(f"it must be a whole number from {minimum} to {maximum}")
        return int(text)

    return parse


def _year(text: str) -> int:
    year = _integer(_FIRST_YEAR, 9999)(text)
    if year > datetime.now(UTC).year:
        raise ValueError("it must not be in the future")
    return year


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("it must be a language tag, such as lv")
    return text


def _catalogue(text: str) -> Catalogue | None:
    return read_catalogue(text) if text else None


def _switch(text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise ValueError("it must be on or off")
    return text.lower() == "on"


def _log_format(text: str) -> str:
    if text.lower() not in {"text", "json"}:
        raise ValueError("it must be text or json")
    return text.lower()


def _bind(text: str) -> str:
    if not re.fullmatch(r"unix:\S+|(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])?:[0-9]{1,5}", text):
        raise ValueError("it must be an address such as 127.0.0.1:8000 or unix:/run/feeds.sock")
    return text


# The default (None: required) and the parser, which raises ValueError.
_PARSERS: dict[str, tuple[str | None, Callable[[str], object]]] = {
    "base_url": (None, _base_url),
    "authority": (None, _authority),
    "authority_year": (None, _year),
    "database_url": ("sqlite:///feeds.db", _database_url),
    "read_database_url": ("", _read_database_url),
    "title": ("", one_line),
    "rights": ("", one_line),
    "timezone": ("Europe/Riga", zone),
    "entries": ("50", _integer(1, 1000)),
    "language": ("lv", _language),
    "catalogue": ("", _catalogue),
    "bind": ("127.0.0.1:8000", _bind),
    "workers": ("2", _integer(1, 256)),
    "threads": ("4", _integer(1, 256)),
    "access_log": ("on", _switch),
    "log_format": ("text", _log_format),
    "metrics": ("off", _switch),
    "cache_mb": ("64", _integer(1, 65536)),
    "revision_ttl": ("1", _integer(0, 3600)),
}
