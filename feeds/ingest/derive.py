"""Turns a record into a release: its source keys, its digest, its ids and its HTML.

Nothing here reads or writes the store.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from urllib.parse import urlsplit

from feeds import identity
from feeds.domain import Draft, media_hosts
from feeds.ingest.sources import Record
from feeds.ingest.sources.fields import ID_LENGTH
from feeds.settings import Settings
from feeds.text import html
from feeds.urls import OLD_ADDRESS_LENGTH, comparable_address, parse_target


@dataclass(frozen=True, slots=True)
class IdentifiedRecord:
    """A record with the digest of its content and the source keys by which it is recognised.

    ``id_key`` is that of its permanent id, ``address_key`` that of its original address, and
    ``item_key`` that of the address, the instant and the title together. ``title_key`` is for a
    record with neither id nor address.
    """

    record: Record
    digest: str
    id_key: str | None
    address_key: str | None
    item_key: str | None
    title_key: str | None
    permalinks: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """All source keys of the record."""
        keys = (self.id_key, self.address_key, self.item_key, self.title_key)
        return tuple(key for key in keys if key is not None)


@dataclass(frozen=True, slots=True)
class Derived:
    """A release derived from a record, and what was dropped from its HTML: kinds and numbers."""

    draft: Draft
    dropped: Counter[str]
    remarks: tuple[str, ...]


def identify(record: Record) -> IdentifiedRecord:
    """Compute the source keys and the digest, which are all that an unchanged release needs."""
    address = comparable_address(record.original) if record.original else None
    id_key = title_key = item_key = None
    if record.permanent_id:
        id_key = identity.id_key(record.permanent_id, host(record))
    if address:
        item_key = identity.item_key(address, record.published, identity.slug(record.title))
    elif not id_key:
        title_key = identity.title_key(record.published, identity.slug(record.title))
    return IdentifiedRecord(
        record,
        _digest(record),
        id_key,
        identity.address_key(address) if address else None,
        item_key,
        title_key,
        _permalinks(record, address),
    )


def host(record: Record) -> str:
    """Return the host within which an id that is not a URI identifies a release."""
    return record.host or (urlsplit(record.original).hostname or "" if record.original else "")


def is_own(record: Record, settings: Settings) -> bool:
    """Return whether a record comes from a feed of this service: its address is a page here."""
    target = parse_target(settings.base_url, record.original) if record.original else None
    return target is not None and target.release is not None


def _permalinks(record: Record, address: str | None) -> tuple[str, ...]:
    """Return the old addresses, path and query, that the address and the id of a record are."""
    addresses = [address] if address else []
    if record.permanent_id and identity.is_web_address(record.permanent_id):
        addresses.append(comparable_address(record.permanent_id))
    found = dict.fromkeys(one[one.index("/") :] for one in addresses)
    return tuple(one for one in found if one != "/" and len(one) <= OLD_ADDRESS_LENGTH)


def _can_be_id(address: str) -> bool:
    """Return whether an address can stand for an id: the same limit holds for stated ids."""
    return identity.is_uri(address) and len(address.encode()) <= ID_LENGTH


def entry_id(record: Record, settings: Settings, *, alone: bool) -> str:
    """Return the entry id that a new release of this record receives.

    ``alone`` means that no other release has its original address.
    """
    authority = settings.tag_authority
    stated = record.permanent_id
    if stated:
        if identity.is_uri(stated):
            return stated
        return identity.foreign_id(authority, stated, host(record))
    address = record.original
    if address and record.address_is_id and alone and _can_be_id(address):
        return address
    return identity.release_id(authority, record.published, identity.slug(record.title), address)


def derive(
    identified: IdentifiedRecord, id_: str, permanent_id: str, settings: Settings
) -> Derived:
    """Derive a release with these ids from a record. Raises ``html.MarkupError``."""
    record = identified.record
    local = record.published.astimezone(settings.timezone)
    content = html.content(record.body)
    remarks: tuple[str, ...] = ()
    if not content.html and record.fallback:
        content = html.content(record.fallback)
        remarks = ("it has no content, so its description is shown",) if content.html else ()
    shown = set(content.pictures)
    attachments = tuple(one for one in record.attachments if one.featured or one.url not in shown)
    draft = Draft(
        source_keys=identified.keys,
        permalinks=identified.permalinks,
        states_id=identified.id_key is not None,
        digest=identified.digest,
        richness=record.richness,
        entry_id=id_,
        permanent_id=permanent_id,
        rank=identity.rank(id_),
        path=identity.release_path(local, identity.slug(record.title)),
        published=record.published,
        modified=record.modified,
        title=record.title,
        body=content.html,
        summary=html.summary(content.html),
        language=record.language,
        authors=record.authors,
        attachments=attachments,
        media_hosts=media_hosts(content.pictures, attachments),
        website=record.website,
        contact=record.contact,
        original=None if is_own(record, settings) else record.original,
        labels=record.labels,
    )
    return Derived(draft, content.dropped, remarks)


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
        repr(record.attachments) if record.attachments else None,
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
