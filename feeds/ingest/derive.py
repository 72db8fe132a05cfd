"""Turns a record into a release: its source key, its digest, its entry id and its HTML.

Nothing here reads or writes the store.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC

from feeds import identity
from feeds.domain import Draft
from feeds.ingest.sources import Record
from feeds.ingest.sources.fields import permanent
from feeds.settings import Settings
from feeds.text import html


@dataclass(frozen=True, slots=True)
class IdentifiedRecord:
    """A record with its source key and the digest of its content."""

    record: Record
    key: str
    digest: str


def identify(record: Record) -> IdentifiedRecord:
    """Compute a record's source key and digest, which is all that an unchanged release needs."""
    # The source key of a record with an original id does not contain the slug.
    original_id = record.permanent_id or record.original
    slug = identity.slug(record.title) if original_id is None else ""
    key = identity.source_key(record.published, slug, original_id)
    return IdentifiedRecord(record, key, _digest(record))


def entry_id(record: Record, settings: Settings) -> str:
    """Return the entry id that a new release of this record receives."""
    original_id = record.permanent_id or record.original
    if original_id and (record.permanent_id or record.address_is_id) and permanent(original_id):
        return original_id
    return identity.release_id(
        settings.tag_authority, record.published, identity.slug(record.title), original_id
    )


def derive(identified: IdentifiedRecord, settings: Settings) -> Draft:
    """Derive a release from a record. Raises ``html.MarkupError``."""
    record = identified.record
    id_ = entry_id(record, settings)
    local = record.published.astimezone(settings.timezone)
    body = html.text_html(record.body)
    return Draft(
        source_key=identified.key,
        digest=identified.digest,
        entry_id=id_,
        permanent_id=record.permanent_id or id_,
        rank=identity.rank(id_),
        path=identity.release_path(local, identity.slug(record.title)),
        published=record.published,
        modified=record.modified,
        title=record.title,
        body=body,
        summary=html.summary(body),
        language=record.language,
        authors=record.authors,
        attachments=record.attachments,
        website=record.website,
        contact=record.contact,
        original=record.original,
        labels=record.labels,
    )


def _digest(record: Record) -> str:
    """Identify the content of a record and the version of its derivation."""
    stated: list[str | None] = [
        str(html.VERSION),
        record.title,
        record.published.astimezone(UTC).isoformat(),
        str(len(record.labels)),
        *record.labels,
        record.website,
        record.contact,
        str(len(record.authors)),
        *record.authors,
        repr(record.attachments),
        record.language,
        record.modified.astimezone(UTC).isoformat() if record.modified else None,
        record.permanent_id,
        record.original,
    ]
    for block in (*record.body, *record.fallback):
        stated += (type(block).__name__, getattr(block, "base", None), block.text)
    # The lengths separate the texts, whatever these contain, even half of a surrogate pair.
    text = "".join(["-" if part is None else f"{len(part)}:{part}" for part in stated])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
