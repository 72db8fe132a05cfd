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
from pathlib import Path
from typing import Any, Final, NamedTuple
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
_MAILBOX = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_SIMILARITY = 0.85  # from 0 (names differ entirely) to 1 (names are equal)
PERMANENT: Final = ("authority", "authority_year", "timezone", "entries")
"""The settings that a store keeps from its creation on."""

_FIRST_YEAR = 1985  # when the first domain name was registered
_SECRETS = ("FEEDS_DATABASE_URL", "FEEDS_READ_DATABASE_URL")  # which may contain a password


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
    contact: str
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
    def read(cls, environ: Mapping[str, str], *, new_store: bool = False) -> "Settings":
        """Read and check all settings; raise one ``SettingsError`` for all that are wrong.

        A ``new_store`` needs those of ``PERMANENT`` to be set, also those that have a default.
        """
        faults: list[str] = []
        environ = with_files(environ, faults)
        values: dict[str, Any] = {}
        for field in fields(cls):
            try:
                values[field.name] = read_setting(environ, field.name, new_store=new_store)
            except ValueError as error:
                faults.append(str(error))
        urls = [values.get("database_url"), values.get("read_database_url")]
        if len({url.startswith("sqlite:") for url in urls if url}) > 1:
            faults.append(
                "FEEDS_READ_DATABASE_URL and FEEDS_DATABASE_URL must be of one kind: both name a "
                "SQLite file, or both a PostgreSQL database."
            )
        if faults:
            raise SettingsError("\n".join(faults))
        values["title"] = values["title"] or values["authority"]
        values["read_database_url"] = values["read_database_url"] or values["database_url"]
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
            contact=self.contact,
            language=self.language,
            words=words(self.language, self.catalogue),
            zone=self.timezone,
            entries=self.entries,
        )


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"FEEDS_{name.upper()}"


def example(name: str) -> str:
    """Return an example of a setting."""
    return _PARSERS[name].example


def read_setting(environ: Mapping[str, str], name: str, *, new_store: bool = False) -> object:
    """Return the value of a setting; raise ``ValueError`` with a sentence and an example."""
    parser = _PARSERS[name]
    text = environ.get(variable(name), "").strip()
    how = f"(example: {variable(name)}={parser.example})"
    if not text:
        if parser.default is None:
            raise ValueError(f"{variable(name)} is not set {how}: see docs/settings.md.")
        if new_store and name in PERMANENT:
            raise ValueError(
                f"{variable(name)} is not set {how}: a store keeps it permanently, so `feeds "
                "migrate` does not choose it."
            )
        text = parser.default
    try:
        return parser.parse(text)
    except ValueError as error:
        shown = re.sub(r"(://[^/@]*:)[^@]*@", r"\1***@", text)
        raise ValueError(f"{variable(name)}={shown!r} cannot be used: {error} {how}.") from None


def misnamed(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each variable whose name is similar to that of a setting.

    Other variables with this prefix may have another purpose: a container that is linked to a
    service called ``feeds`` gets a variable ``FEEDS_PORT``.
    """
    names = [variable(field.name) for field in fields(Settings)]
    names += [f"{name}_FILE" for name in _SECRETS]
    return [
        f"{name} is not a setting: did you mean {near[0]}?"
        for name in sorted(environ)
        if name.startswith("FEED") and name not in names
        if (near := get_close_matches(name, names, n=1, cutoff=_SIMILARITY))
    ]


def with_files(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    """Return the environment with the settings that are in files, such as secrets of containers.

    What is wrong with a file is added to ``faults``; its setting is then as in ``environ``.
    """
    found = dict(environ)
    for name in _SECRETS:
        file = f"{name}_FILE"
        path = environ.get(file, "").strip()
        if not path:
            continue
        if environ.get(name, "").strip():
            faults.append(f"{name} and {file} are both set: remove one of them.")
            continue
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            faults.append(f"{file}={path!r} cannot be read: {error.strerror}.")
        except UnicodeDecodeError:
            faults.append(f"{file}={path!r} cannot be read: it is not UTF-8.")
        else:
            if not text:
                faults.append(f"{file}={path!r} is empty: write the value of {name} into it.")
            found[name] = text
    return found


def zone(name: str) -> ZoneInfo:
    """Return a time zone from the ``tzdata`` package, never from the host (rule 3)."""
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", name):
        raise ValueError("it must be the name of a time zone")
    try:
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        raise ValueError("it must be the name of a time zone") from None


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    legal = re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(?:/[A-Za-z0-9._~/-]*)?", text)
    _, *segments = parts.path.removesuffix("/").split("/")
    # A browser resolves dot segments and would request another path.
    if not legal or not parts.hostname or {"", ".", ".."} & set(segments):
        raise ValueError("it must be an absolute http(s) address")
    return text.rstrip("/")


def _authority(text: str) -> str:
    if not _HOST.fullmatch(text.lower()):
        raise ValueError("it must be the publisher's domain name")
    return text.lower()


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("it must be a URL") from None
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


def _contact(text: str) -> str:
    mailbox, _, host = text.rpartition("@")
    if text and not (_MAILBOX.fullmatch(mailbox) and _HOST.fullmatch(host.lower())):
        raise ValueError("it must be an e-mail address")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("it must be a language tag")
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
        raise ValueError("it must be an address and a port, or unix: and a path")
    return text


class _Parser(NamedTuple):
    """How a setting is read. ``default`` is None if it is required; ``parse`` raises ValueError."""

    default: str | None
    example: str
    parse: Callable[[str], object]


_PARSERS: dict[str, _Parser] = {
    "base_url": _Parser(None, "https://feeds.example.org", _base_url),
    "authority": _Parser(None, "prcentrs.lv", _authority),
    "authority_year": _Parser(None, "2008", _year),
    "database_url": _Parser("sqlite:///feeds.db", "sqlite:///feeds.db", _database_url),
    "read_database_url": _Parser(
        "", "postgresql+psycopg://user:password@replica/feeds", _read_database_url
    ),
    "title": _Parser("", "PRCentrs.Lv", one_line),
    "rights": _Parser("", "© PRCentrs.Lv", one_line),
    "contact": _Parser("", "press@example.org", _contact),
    "timezone": _Parser("Europe/Riga", "Europe/Riga", zone),
    "entries": _Parser("50", "50", _integer(1, 1000)),
    "language": _Parser("lv", "lv", _language),
    "catalogue": _Parser("", "/etc/release-feeds/lt.po", _catalogue),
    "bind": _Parser("127.0.0.1:8000", "127.0.0.1:8000", _bind),
    "workers": _Parser("2", "2", _integer(1, 256)),
    "threads": _Parser("4", "4", _integer(1, 256)),
    "access_log": _Parser("on", "off", _switch),
    "log_format": _Parser("text", "json", _log_format),
    "metrics": _Parser("off", "on", _switch),
    "cache_mb": _Parser("64", "64", _integer(1, 65536)),
    "revision_ttl": _Parser("1", "1", _integer(0, 3600)),
}
