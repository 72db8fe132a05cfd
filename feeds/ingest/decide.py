"""Decides what an import does with a record: add, edit, leave unchanged, skip or refuse it.

Nothing here reads or writes the store. ``run`` looks up what a decision depends on and applies it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from feeds.domain import KnownRelease
from feeds.identity import is_notice_id
from feeds.ingest.derive import Derived, IdentifiedRecord, derive, entry_id, host, is_own
from feeds.ingest.recognition import Catalogue
from feeds.ingest.run_index import RunIndex
from feeds.ingest.sources import Record
from feeds.settings import Settings
from feeds.text.html import MarkupError

EMBARGO = timedelta(hours=24)
"""How far in the future a release may be dated."""

EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
"""The earliest date: some readers cannot parse a year of fewer than four digits."""

_BODY_LIMIT = 4 * 1024 * 1024
_LABELS = 100


@dataclass(frozen=True, slots=True)
class Add:
    """Add a new release."""

    derived: Derived


@dataclass(frozen=True, slots=True)
class Edit:
    """Update a release of the store. Whether a reader sees a difference is not known yet."""

    known: KnownRelease
    derived: Derived


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Leave the content of a release as it is."""

    known: KnownRelease


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


def decide(
    found: IdentifiedRecord,
    catalogue: Catalogue,
    index: RunIndex,
    conditions: Conditions,
) -> Decision:
    """Return what to do with a record; ``index`` has what came earlier in the same run."""
    settings = conditions.settings
    known = catalogue.find(found, own=_is_from_own_feed(found.record, settings))
    if known is None and found.record.permanent_id is None:
        # Its names are ambiguous, or its address is the id of a release.
        known = catalogue.with_id(_new_id(found, catalogue, settings))
    if known is None and (decision := _no_release(found.record, catalogue)):
        return decision
    if reason := _refusal(found.record, conditions):
        return Refuse(reason, known.entry_id if known else None)
    try:
        if known is not None:
            return _decide_known(found, known, index, conditions)
        return _decide_new(found, catalogue, conditions)
    except MarkupError as error:
        return Refuse(str(error), known.entry_id if known else None)


def _no_release(record: Record, catalogue: Catalogue) -> Decision | None:
    """Return what to do with a record that is a notice or has the id of one, or None."""
    if record.permanent_id and record.permanent_id in catalogue.other_ids:
        return Refuse(f"its id, {record.permanent_id}, is that of a notice or feed of this service")
    if is_notice_id(record.permanent_id or ""):
        return Skip("it is a notice: run `feeds suspend` or `feeds resume` to announce one here")
    return None


def _is_from_own_feed(record: Record, settings: Settings) -> bool:
    """Return whether a record comes from a feed of this service.

    The former portal may have had the same host, but not the pages of releases.
    """
    if record.original:
        return is_own(record, settings)
    return host(record) == urlsplit(settings.base_url).hostname


def _new_id(found: IdentifiedRecord, catalogue: Catalogue, settings: Settings) -> str:
    """Return the entry id that a record receives if it is a new release."""
    alone = not found.record.address_is_shared and not catalogue.has_address(found)
    return entry_id(found.record, settings, alone=alone)


def _decide_new(found: IdentifiedRecord, catalogue: Catalogue, conditions: Conditions) -> Decision:
    record, settings = found.record, conditions.settings
    id_ = _new_id(found, catalogue, settings)
    if catalogue.is_taken(id_):
        return Refuse(f"its id, {id_}, is the id of another entry")
    shown = record.permanent_id
    if shown is None or catalogue.is_taken(shown):
        shown = id_
    return Add(derive(found, id_, shown, settings))


def _decide_known(
    found: IdentifiedRecord,
    known: KnownRelease,
    index: RunIndex,
    conditions: Conditions,
) -> Decision:
    """Decide about a record of a known release, whose content comes from the richest record."""
    record = found.record
    poorer = record.richness < known.richness or is_own(record, conditions.settings)
    if known.digest == found.digest or poorer:
        return Unchanged(known)
    if record.richness == known.richness:
        if record.modified and known.modified:
            is_older = record.modified < known.modified
            is_newer = record.modified > known.modified
        else:
            is_older = is_newer = False
        if is_older:
            return Unchanged(known)
        # If the last version won, every run of the same import would change the release twice.
        if index.has_other(known.id, found.digest) and not is_newer:
            if record.may_recur:
                reason = "another version of it was imported from another document of the feed"
                return Skip(reason, known.entry_id)
            return Refuse(
                "the same release came earlier in this import with other content: keep one of them",
                known.entry_id,
            )
    return Edit(known, derive(found, known.entry_id, known.permanent_id, conditions.settings))


def _refusal(  # noqa: PLR0911 - one for each reason
    record: Record, conditions: Conditions
) -> str | None:
    """Return why a record must not be imported, whatever the store contains, or None."""
    settings = conditions.settings
    latest = conditions.now + EMBARGO
    if record.published < EARLIEST:
        return f"its date, {_stated(record.published, settings)}, is before the year 1000"
    if record.published > latest:
        stated = _stated(record.published, settings)
        return f"it is embargoed: its date, {stated}, is more than 24 hours in the future"
    if record.modified and not EARLIEST <= record.modified <= latest:
        return (
            f"its modification date, {_stated(record.modified, settings)}, is before the year 1000 "
            "or more than 24 hours in the future"
        )
    if conditions.suspended is not None and record.published > conditions.suspended:
        stated = _stated(record.published, settings)
        return (
            f"it is dated {stated}, after the suspension began "
            f"({_stated(conditions.suspended, settings)}): correct that date with "
            "`feeds suspend --amend --since`, or run `feeds resume` if publication goes on"
        )
    if record.length > _BODY_LIMIT:
        return f"its body is longer than {_BODY_LIMIT // 1024 // 1024} Mi characters"
    if len(record.labels) > _LABELS:
        return f"it has more than {_LABELS} categories"
    return None


def _stated(instant: datetime, settings: Settings) -> str:
    """Return an instant in the portal's zone, in which inputs state theirs."""
    try:
        return str(settings.site.local(instant))
    except OverflowError:  # a day before the year 1 or after 9999
        return str(instant)
