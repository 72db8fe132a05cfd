"""List the notices, and retract one that was a mistake (rule 8 in docs/design.md)."""

from datetime import datetime, timedelta

from feeds.documents.version import settings_digest
from feeds.domain import Notice, NoticeKind
from feeds.errors import RefusedError
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.write import notices as stored

_CORRECTION = timedelta(days=1)
"""For how long after its announcement a running suspension can be retracted."""


def notices(store: Store) -> list[Notice]:
    """Return all notices, also those that were retracted, the latest first."""
    with store.read() as snapshot:
        return snapshot.all_notices()


def retract(store: Store, settings: Settings, now: datetime, entry_id: str) -> list[Notice]:
    """Take a notice out of every document; return the notices that were retracted.

    A suspension that was lifted goes together with its resumption. A notice that was retracted
    before is left as it is. Raises ``RefusedError`` if there is no such notice, if it is that of a
    resumption, or if it is running and was announced more than a day ago.
    """
    with store.change(now) as change:
        known = change.snapshot.all_notices()
        found = next((notice for notice in known if notice.entry_id == entry_id), None)
        if found is None:
            raise RefusedError(f"There is no notice {entry_id!r}: `feeds notices` lists them all.")
        if found.retracted:
            return []
        if found.running and now - found.announced > _CORRECTION:
            raise RefusedError(
                "It was announced more than a day ago, so readers rely on it: run `feeds resume` "
                "first."
            )
        together = [notice for notice in known if _end(notice) == _end(found)]
        if found.kind is NoticeKind.RESUMPTION:
            suspension = together[-1].entry_id
            raise RefusedError(
                f"It announces the end of {suspension}: retract that, and both are retracted."
            )
        change.use_settings(settings_digest(settings.site))
        for notice in together:
            stored.retract(change, notice, settings.site.entries)
    return together


def _end(notice: Notice) -> datetime:
    """Return the instant that a lifted suspension shares with its resumption, and no other does."""
    return notice.lifted or notice.announced
