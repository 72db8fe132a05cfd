"""Decides what an import does with a record: add, edit, leave unchanged, skip or refuse it.

Nothing here reads or writes the store. ``run`` looks up what a decision depends on and applies it.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from feeds.domain import Draft, KnownRelease
from feeds.ingest.derive import IdentifiedRecord, derive, entry_id
from feeds.ingest.sources import Record
from feeds.settings import Settings
from feeds.text.html import MarkupError

EMBARGO = timedelta(hours=24)
"""How far in the future a release may be dated."""

EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
"""The earliest date: some readers cannot parse a year of fewer than four digits."""

_BODY_LIMIT = 4 * 1024 * 1024
_LABELS = 100

Earlier = Literal["same", "other"]
"""A release came earlier in the same run, with the same or with other content."""


@dataclass(frozen=True, slots=True)
class Add:
    """Add a new release."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Edit:
    """Update a release of the store. Whether a reader sees a difference is not known yet."""

    known: KnownRelease
    draft: Draft


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Do nothing, because the release was already imported with this content."""

    entry_id: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Do nothing; that is not an error. ``entry_id`` is the id of the release, if it has one."""

    reason: str
    entry_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do nothing and report an error. ``entry_id`` is the id of the release, if it has one."""

    reason: str
    entry_id: str | None = None


Decision = Add | Edit | Unchanged | Skip | Refuse


@dataclass(frozen=True, slots=True)
class Conditions:
    """What applies to all records of a transaction; ``suspended`` is a suspension's start."""

    settings: Settings
    now: datetime
    suspended: datetime | None


def decide(  # noqa: PLR0911 - one for each decision
    found: IdentifiedRecord,
    known: KnownRelease | None,
    earlier: Earlier | None,
    taken: Container[str],
    conditions: Conditions,
) -> Decision:
    """Return what to do with a record.

    ``known`` is the release of the store with the same source key. ``earlier`` says whether the
    source key came earlier in this run. ``taken`` contains the entry ids of other entries.
    """
    record = found.record
    id_ = known.entry_id if known else None
    if reason := _refusal(record, conditions):
        return Refuse(reason, id_)
    if earlier == "other":
        # If the last version won, every run of the same import would change the release twice.
        if record.may_recur:
            return Skip("another version of it was imported from another document of the feed", id_)
        return Refuse(
            "the same release came earlier in this import with other content: keep one of them", id_
        )
    if earlier == "same" or (known and known.digest == found.digest):
        return Unchanged(id_ or entry_id(record, conditions.settings))
    try:
        draft = derive(found, conditions.settings)
    except MarkupError as error:
        return Refuse(str(error), id_)
    if known:
        return Edit(known, draft)
    if draft.entry_id in taken:
        return Refuse(f"its id, {draft.entry_id}, is the id of another entry")
    return Add(draft)


def _refusal(  # noqa: PLR0911 - one for each reason
    record: Record, conditions: Conditions
) -> str | None:
    """Return why a record must not be imported, whatever the store contains, or None."""
    stated = record.published.isoformat()
    latest = conditions.now + EMBARGO
    if record.published < EARLIEST:
        return f"its date, {stated}, is before the year 1000"
    if record.published > latest:
        return f"it is embargoed: its date, {stated}, is more than 24 hours in the future"
    if record.modified and not EARLIEST <= record.modified <= latest:
        return (
            f"its modification date, {record.modified.isoformat()}, is before the year 1000 "
            "or more than 24 hours in the future"
        )
    if conditions.suspended is not None and record.published > conditions.suspended:
        return (
            f"it is dated {stated}, after the suspension began "
            f"({conditions.suspended.isoformat()}): run `feeds resume` first"
        )
    if record.length > _BODY_LIMIT:
        return f"its body is longer than {_BODY_LIMIT // 1024 // 1024} Mi characters"
    if len(record.labels) > _LABELS:
        return f"it has more than {_LABELS} categories"
    return None
