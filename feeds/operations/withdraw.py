"""Withdraw a release that must no longer be shown, and restore it."""

from dataclasses import dataclass
from datetime import datetime

from feeds.documents.version import settings_digest
from feeds.domain import Site
from feeds.errors import RefusedError
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Withdrawal
from feeds.store.write import withdrawals as stored
from feeds.store.write.archive_pages import Repaginated
from feeds.store.write.change import Change
from feeds.store.write.withdrawals import ReleaseState
from feeds.urls import parse_target


@dataclass(frozen=True, slots=True)
class Result:
    """The release, whether it was changed, and the repaginated archive pages."""

    entry_id: str
    changed: bool
    repaginated: tuple[Repaginated, ...] = ()


def withdraw(store: Store, settings: Settings, now: datetime, named: str) -> Result:
    """Remove a release from every feed and page; its own page then answers 410.

    ``named`` is its id, its path ``yyyy/mm/dd/slug``, or the URL or URL path of its page. Raises
    ``RefusedError`` if there is no such release. A withdrawn release is left as it is.
    """
    with store.change(now) as change:
        found = _find(change, settings, named)
        changed = found.withdrawn is None
        if changed:
            change.use_settings(settings_digest(settings.site))
            stored.withdraw(change, found, settings.site)
    return Result(found.entry_id, changed, change.repaginated)


def withdrawals(store: Store) -> list[Withdrawal]:
    """Return all withdrawn releases, the latest withdrawal first."""
    with store.read() as snapshot:
        return snapshot.withdrawals()


def restore(store: Store, settings: Settings, now: datetime, named: str) -> Result:
    """Show a withdrawn release again in its old place, with its id and its dates.

    Raises ``RefusedError`` if there is no such release, or if it is dated after the start of the
    running suspension (rule 8). A release that is shown is left as it is.
    """
    with store.change(now) as change:
        found = _find(change, settings, named)
        changed = found.withdrawn is not None
        if changed:
            _require_before_suspension(change, found, settings.site)
            change.use_settings(settings_digest(settings.site))
            stored.restore(change, found, settings.site)
    return Result(found.entry_id, changed, change.repaginated)


def _find(change: Change, settings: Settings, named: str) -> ReleaseState:
    target = parse_target(settings.base_url, named)
    path = named.removeprefix("/").removeprefix("releases/")
    found = stored.find(change, named, (target.release if target else None) or path)
    if found is None:
        raise RefusedError(
            f"There is no release {named!r}: give its id, its path (yyyy/mm/dd/slug) or the "
            "URL of its page."
        )
    return found


def _require_before_suspension(change: Change, found: ReleaseState, site: Site) -> None:
    suspension = change.snapshot.running_suspension()
    since = suspension.since if suspension else None
    if since is not None and found.published > since:
        raise RefusedError(
            f"{found.entry_id} is dated {site.local(found.published)}, after the suspension began "
            f"({site.local(since)}): correct that date with `feeds suspend --amend --since`, or "
            "run `feeds resume` if publication goes on."
        )
