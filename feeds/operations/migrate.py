"""Bring the store up to this version and these settings, at each deployment."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from feeds.documents.version import settings_digest, settings_text
from feeds.domain import Selection
from feeds.errors import SettingsError, StoreError
from feeds.identity import feed_id
from feeds.settings import Settings
from feeds.store import Permanent, Store
from feeds.store.read import Head, Reader, Servers, Snapshot
from feeds.store.write import month_counts
from feeds.text.catalogue import has_texts, is_language

_VARIABLES: Final = {
    "base_url": "FEEDS_BASE_URL",
    "title": "FEEDS_TITLE",
    "rights": "FEEDS_RIGHTS",
    "contact": "FEEDS_CONTACT",
    "language": "FEEDS_LANGUAGE",
    "zone": "FEEDS_TIMEZONE",
    "entries": "FEEDS_ENTRIES",
}
_OTHERS: Final = {
    "catalogue": "The service's texts have changed, in FEEDS_CATALOGUE or in this version.",
    "locale": "The form of dates and numbers has changed.",
    "version": "The form of documents has changed in this version.",
}


@dataclass(frozen=True, slots=True)
class Migrated:
    """The schema version before (None: no store) and after, and why all documents change, if so.

    ``revision`` is that of the store if anything was changed, otherwise None.
    """

    before: str | None
    after: str
    changes: tuple[str, ...]
    warnings: tuple[str, ...]
    revision: int | None = None


def require_usable(settings: Settings, snapshot: Snapshot) -> None:
    """Raise ``SettingsError`` unless the service can show this store with these settings."""
    require_authority(settings, snapshot.everything())
    require_page_size(settings, snapshot.head())


def require_page_size(settings: Settings, head: Head) -> None:
    """Raise ``SettingsError`` if a subscription document is shorter than an archive page."""
    if settings.entries < head.page_size:
        raise SettingsError(
            f"FEEDS_ENTRIES={settings.entries} is smaller than the archive pages of this store "
            f"({head.page_size} releases), so the feeds would miss releases: "
            f"set at least {head.page_size}."
        )


def require_timezone(settings: Settings, head: Head) -> None:
    """Raise ``SettingsError`` if the store was created with another zone.

    A record with a local time that is read in another zone is another release.
    """
    if settings.timezone.key != head.timezone:
        raise SettingsError(
            f"FEEDS_TIMEZONE={settings.timezone.key} is not the zone of this store "
            f"({head.timezone}), in which local times were read: set it back."
        )


def language_warning(settings: Settings, head: Head) -> str | None:
    """Return a warning if the store was created with another language, or None."""
    if settings.language == head.language:
        return None
    return (
        f"FEEDS_LANGUAGE={settings.language} is not the language with which this store was created "
        f"({head.language}): releases that state none are shown as {settings.language}."
    )


def require_authority(settings: Settings, everything: Selection) -> None:
    """Raise ``SettingsError`` if the store's identifiers belong to another authority."""
    if everything.feed_id != feed_id(settings.tag_authority, None):
        minted = everything.feed_id.removeprefix("tag:").partition(":")[0]
        raise SettingsError(
            f"FEEDS_AUTHORITY={settings.authority} and "
            f"FEEDS_AUTHORITY_YEAR={settings.authority_year} are not those of this store "
            f"({minted}), whose identifiers are permanent: set them back."
        )


def require_same_store(settings: Settings, url: str, head: Head) -> None:
    """Raise ``SettingsError`` if one database of the settings has another store than the other.

    ``url`` is that of one, ``head`` is read from the other. While the one is unavailable, or has no
    store that this version can read, nothing is known about it.
    """
    if settings.read_database_url == settings.database_url:
        return
    with suppress(StoreError):
        if Reader(Servers(url)).run(Snapshot.head).store_id != head.store_id:
            raise SettingsError(
                "FEEDS_READ_DATABASE_URL and FEEDS_DATABASE_URL name different release stores: the "
                "service would show one, and commands would change the other."
            )


def text_warning(settings: Settings) -> str | None:
    """Return a warning if the service has no texts in the language of the settings, or None."""
    stated = f"FEEDS_LANGUAGE={settings.language}"
    if not is_language(settings.language):
        return (
            f"{stated} is not a language that is known: dates and numbers are written as in "
            "English. Set a language tag, such as lv."
        )
    if settings.catalogue is None and not has_texts(settings.language):
        return (
            f"{stated}: the service has no texts in this language, and shows them in English. Set "
            "FEEDS_CATALOGUE to a catalogue (docs/settings.md)."
        )
    return None


def permanent_settings(settings: Settings) -> Permanent:
    """Return the settings with which a store is created."""
    return Permanent(
        settings.tag_authority, settings.entries, str(settings.timezone.key), settings.language
    )


def migrate(settings: Settings, now: datetime) -> Migrated:
    """Create the store or upgrade its schema, and record the settings that appear in documents.

    If these or the formats have changed, every document gets a new revision (rule 5). A store in
    which nothing has to be changed is only read. With settings that do not fit the store, its
    schema is not upgraded either: the version before goes on serving it.
    """
    store = Store(settings.database_url)
    site = settings.site
    with store.upgraded(permanent_settings(settings), now, commit=True) as (before, snapshot):
        migrated = _compared(settings, before, store.schema, snapshot)
        revision = snapshot.head().revision if before != store.schema else None
    if migrated.changes or before is None:
        with store.change(now) as change:
            change.record_settings(settings_digest(site), settings_text(site))
            month_counts.recount(change, site)
    return replace(migrated, revision=store.changed or revision)


def foretell(settings: Settings, now: datetime) -> Migrated:
    """Return what ``migrate`` would do; nothing is changed."""
    store = Store(settings.database_url)
    before = store.found_schema()
    if before is None:
        warning = text_warning(settings)
        return Migrated(None, store.schema, (), (warning,) if warning else ())
    with store.upgraded(permanent_settings(settings), now) as (_, snapshot):
        return _compared(settings, before, store.schema, snapshot)


def _compared(settings: Settings, before: str | None, after: str, snapshot: Snapshot) -> Migrated:
    """Compare the settings with those of the store; raise ``SettingsError`` if they do not fit."""
    require_usable(settings, snapshot)
    head = snapshot.head()
    require_timezone(settings, head)
    changes: tuple[str, ...] = ()
    if before is not None and head.settings_digest != settings_digest(settings.site):
        changes = tuple(_changes(snapshot.settings(), settings_text(settings.site)))
    warnings = (text_warning(settings), language_warning(settings, head))
    return Migrated(before, after, changes, tuple(filter(None, warnings)))


def _changes(recorded: str, current: str) -> Iterator[str]:
    """Yield what differs between two texts of settings and formats; each is JSON."""
    try:
        before = dict(json.loads(recorded))
    except (ValueError, TypeError):  # of a new store, or of an export that was edited
        before = {}
    after = json.loads(current)
    if before == after:
        yield "The store was changed with other settings meanwhile."
    for name, value in after.items():
        if before.get(name) == value:
            continue
        if text := _OTHERS.get(name):
            yield text
        elif name in before:
            yield f"{_VARIABLES[name]} has changed from {before[name]!r} to {value!r}."
        else:
            yield f"{_VARIABLES[name]} has changed to {value!r}."
