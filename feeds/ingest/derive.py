"""From a record to a release: what it is recognised by, whether it may come in, what it becomes.

Nothing here reads or writes the store.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from feeds import identity
from feeds.domain import Draft
from feeds.ingest.sources import Record
from feeds.settings import Settings
from feeds.text import html

EMBARGO = timedelta(hours=24)
"""How far ahead of now a release may be dated."""

EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
"""Before it a year has fewer than four digits, which not every reader takes for one."""

_BODY_LIMIT = 4 * 1024 * 1024
_LABELS = 100


@dataclass(frozen=True, slots=True)
class Recognised:
    """A record with its source key and the digest of what it says, as yet not derived."""

    record: Record
    key: str
    digest: str


def recognise(record: Record) -> Recognised:
    """Tell by what a record is known again, and by what that it has not changed."""
    # To an original id the slug adds nothing, and an unchanged release is done with here.
    slug = identity.slug(record.title) if record.original_id is None else ""
    key = identity.source_key(record.published, slug, record.original_id)
    return Recognised(record, key, _digest(record))


def size(record: Record) -> int:
    """Return how many characters a record's body has: what it takes in memory, nearly."""
    return sum(len(block.text) for block in record.body)


def refusal(record: Record, now: datetime, suspended: datetime | None) -> str | None:
    """Return why a record must not be imported whatever the store holds, or None."""
    reason = _misdated(record, now)
    if reason:
        return reason
    if suspended is not None and record.published > suspended:
        return (
            f"it is dated {record.published.isoformat()}, after the suspension began "
            f"({suspended.isoformat()}): resume first"
        )
    if size(record) > _BODY_LIMIT:
        return f"its body is longer than {_BODY_LIMIT // 1024 // 1024} Mi characters"
    if len(record.labels) > _LABELS:
        return f"it names more than {_LABELS} categories"
    return None


def _misdated(record: Record, now: datetime) -> str | None:
    stated = record.published.isoformat()
    if record.published < EARLIEST:
        return f"its date, {stated}, lies before the year 1000"
    if record.published > now + EMBARGO:
        return f"it is embargoed: its date, {stated}, lies more than 24 hours ahead"
    if record.modified and not EARLIEST <= record.modified <= now + EMBARGO:
        return (
            f"its date of modification, {record.modified.isoformat()}, lies before the year 1000 "
            "or more than 24 hours ahead: correct it"
        )
    return None


def derive(recognised: Recognised, settings: Settings) -> Draft:
    """Derive a release from a record. Raises ``html.MarkupError``."""
    record = recognised.record
    slug = identity.slug(record.title)
    entry_id = record.entry_id or identity.release_id(
        settings.tag_authority, record.published, slug, record.original_id
    )
    local = record.published.astimezone(settings.timezone)
    body = html.text_html(record.body)
    return Draft(
        source_key=recognised.key,
        digest=recognised.digest,
        entry_id=entry_id,
        rank=identity.rank(entry_id),
        path=identity.release_path(local, slug),
        published=record.published,
        modified=record.modified,
        title=record.title,
        body=body,
        summary=html.summary(body),
        language=record.language,
        author=record.author,
        website=record.website,
        contact=record.contact,
        original=record.original,
        labels=record.labels,
    )


def _digest(record: Record) -> str:
    """Identify what the record says and the derivation that it goes through."""
    stated: list[str | None] = [
        str(html.VERSION),
        record.title,
        record.published.astimezone(UTC).isoformat(),
        str(len(record.labels)),
        *sorted(record.labels),
        record.website,
        record.contact,
        record.author,
        record.language,
        record.modified.astimezone(UTC).isoformat() if record.modified else None,
        record.original_id,
        record.original,
        record.entry_id,
    ]
    for block in record.body:
        stated += (type(block).__name__, getattr(block, "base", None), block.text)
    # The lengths part the texts, whatever stands in them, half of a surrogate pair included.
    text = "".join(["-" if part is None else f"{len(part)}:{part}" for part in stated])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
