"""Bring the store up to this version and these settings, at each deployment."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from feeds.documents.version import settings_digest
from feeds.domain import Selection
from feeds.errors import SettingsError, StoreError
from feeds.identity import feed_id
from feeds.settings import Settings
from feeds.store import Permanent, Store
from feeds.store.read import Head, Reader, Servers, Snapshot
from feeds.store.write import year_counts


@dataclass(frozen=True, slots=True)
class Migrated:
    """The schema version before (None: no store) and after, and whether documents changed.

    ``revision`` is that of the store if anything was changed, otherwise None.
    """

    before: str | None
    after: str
    settings_changed: bool
    warning: str | None
    revision: int | None


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


def migrate(settings: Settings, now: datetime) -> Migrated:
    """Create the store or upgrade its schema, and record the settings that appear in documents.

    If these or the formats have changed, every document gets a new revision (rule 5). A store in
    which nothing has to be changed is only read.
    """
    store = Store(settings.database_url)
    permanent = Permanent(
        settings.tag_authority, settings.entries, str(settings.timezone.key), settings.language
    )
    before, after = store.migrate(permanent, now)
    digest = settings_digest(settings.site)
    with store.read() as snapshot:
        require_usable(settings, snapshot)
        head = snapshot.head()
    require_timezone(settings, head)
    differs = head.settings_digest != digest
    if differs:
        with store.change(now) as change:
            change.record_settings(digest)
            year_counts.recount(change, settings.site)
    warning = language_warning(settings, head)
    revision = head.revision if before != after else None
    return Migrated(
        before, after, differs and before is not None, warning, store.changed or revision
    )
