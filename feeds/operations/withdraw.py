"""Withdraw a release that must no longer be shown, and restore it."""

from dataclasses import dataclass
from datetime import datetime

from feeds.documents.build import settings_digest
from feeds.errors import RefusedError
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Withdrawal
from feeds.store.write import withdrawals as stored
from feeds.store.write.archive_pages import Repaginated
from feeds.store.write.change import Change
from feeds.store.write.withdrawals import Standing
from feeds.urls import parse_target


@dataclass(frozen=True, slots=True)
class Settled:
    """The release, whether it was so already, and the archive pages that were cut anew."""

    entry_id: str
    already: bool
    repaginated: tuple[Repaginated, ...] = ()


def withdraw(store: Store, settings: Settings, now: datetime, named: str) -> Settled:
    """Take a release off every feed and page; its own page is gone (410) from now on.

    ``named`` is its id, its path ``yyyy/mm/dd/slug`` or the address of its page, whole or as a path
    of this service. Raises
    ``RefusedError`` where there is no such release. Done again it changes nothing.
    """
    with store.change(now) as change:
        found = _find(change, settings, named)
        already = found.withdrawn is not None
        if not already:
            change.made_under(settings_digest(settings.site))
            stored.withdraw(change, found, settings.site)
    return Settled(found.entry_id, already, change.repaginated)


def withdrawals(store: Store) -> list[Withdrawal]:
    """Return every release that is withdrawn, the latest withdrawal first."""
    with store.read() as snapshot:
        return snapshot.withdrawals()


def restore(store: Store, settings: Settings, now: datetime, named: str) -> Settled:
    """Show a withdrawn release again, where it stood, under its id and with its dates.

    Raises ``RefusedError`` where there is no such release, or where it is dated after the
    beginning of a running suspension (rule 8). Done again it changes nothing.
    """
    with store.change(now) as change:
        found = _find(change, settings, named)
        already = found.withdrawn is None
        if not already:
            _require_before_suspension(change, found)
            change.made_under(settings_digest(settings.site))
            stored.restore(change, found, settings.site)
    return Settled(found.entry_id, already, change.repaginated)


def _find(change: Change, settings: Settings, named: str) -> Standing:
    target = parse_target(settings.base_url, named)
    path = named.removeprefix("/").removeprefix("releases/")
    found = stored.find(change, named, (target.release if target else None) or path)
    if found is None:
        raise RefusedError(
            f"There is no release {named!r}: name its id, its path (yyyy/mm/dd/slug) or the "
            "address of its page."
        )
    return found


def _require_before_suspension(change: Change, found: Standing) -> None:
    suspension = change.snapshot.running_suspension()
    since = suspension.since if suspension else None
    if since is not None and found.published > since:
        raise RefusedError(
            f"{found.entry_id} is dated {found.published.isoformat()}, after the suspension began "
            f"({since.isoformat()}): resume first."
        )
