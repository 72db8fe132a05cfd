"""JSON Lines: one release per line. ``jsonl.schema.json`` in this folder is the schema."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from feeds.ingest.sources.dates import Date, date, remarks_of
from feeds.ingest.sources.fields import (
    html_body,
    labels,
    language,
    permanent_id,
    text_body,
)
from feeds.ingest.sources.json_feed import skip_reason
from feeds.ingest.sources.media import Stated, attachments
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    SkippedItem,
    Source,
)
from feeds.ingest.sources.shared_addresses import with_shared_addresses
from feeds.text.html import Block
from feeds.text.plain import one_line, quoted, title_line, web_address

EXPORT_PREFIX = b'{"release-feeds":'
"""The first bytes of an export of a store, which consists of other JSON Lines."""

LINE_LIMIT = 4 * 1024 * 1024

_TEXTS = (
    "title", "published", "body", "body_html", "website", "contact", "author", "language",
    "modified", "id", "url", "image", "status",
)  # fmt: skip
_LISTS = ("categories", "authors")
_OF_ATTACHMENTS = {"url": str, "type": str, "length": int, "title": str}


def _read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record, a refusal or a skipped item for each line that is not blank."""
    if context.head.startswith(EXPORT_PREFIX):
        raise InvalidInputError("it is the export of a store: import it by itself")
    for number, line in enumerate(_lines(stream), 1):
        where = f"line {number}"
        if line is None:
            yield RefusedItem(f"it is longer than {LINE_LIMIT // 1024 // 1024} MiB", where)
        elif line.strip():
            try:
                stated = _checked(line.removeprefix(b"\xef\xbb\xbf"))
                reason = skip_reason(stated)
                yield SkippedItem(reason, where) if reason else _record(stated, context, where)
            except InvalidInputError as error:
                yield RefusedItem(str(error), where)


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines, or None for a line that is too long."""
    while line := stream.readline(LINE_LIMIT + 1):
        if len(line) <= LINE_LIMIT or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LINE_LIMIT)
        yield None


def _record(stated: dict[str, Any], context: Context, where: str) -> Record:
    title = title_line(stated["title"])
    if not title:
        raise InvalidInputError("it has no title")
    url = _address(stated, "url")
    id_, remarks = permanent_id(stated.get("id", ""))
    if "id" in stated and id_ is None and not remarks:
        raise InvalidInputError("its id is empty: leave the field out")
    spoken = language(stated.get("language"))
    if "language" in stated and spoken is None:
        raise InvalidInputError(
            f"its language, {quoted(stated['language'])}, is not a language tag like lv"
        )
    published = date(stated["published"], context.zone, "published")
    modified: Date | None = None
    if "modified" in stated:
        modified = date(stated["modified"], context.zone, "modified")
    files = attachments(_files(stated), url)
    return Record(
        title=title,
        published=published.instant,
        labels=labels(stated.get("categories", ())),
        body=_body(stated, url),
        website=_address(stated, "website"),
        contact=one_line(stated.get("contact", "")) or None,
        authors=_authors(stated),
        attachments=files.kept,
        language=spoken,
        modified=modified.instant if modified else None,
        permanent_id=id_,
        original=url,
        where=where,
        dropped=files.dropped,
        remarks=(*remarks, *remarks_of(published, modified)),
    )


def _authors(stated: dict[str, Any]) -> tuple[str, ...]:
    names = map(one_line, (stated.get("author", ""), *stated.get("authors", ())))
    return tuple(dict.fromkeys(filter(None, names)))


def _files(stated: dict[str, Any]) -> Iterator[Stated]:
    for one in stated.get("attachments", ()):
        yield Stated(one["url"], None, one.get("type"), one.get("length"), one.get("title", ""))
    if "image" in stated:
        yield Stated(stated["image"], featured=True)


def _checked(line: bytes) -> dict[str, Any]:
    """Return the object of a line, whose fields have the names and types of the schema."""
    try:
        stated = json.loads(line.decode())
    except UnicodeDecodeError:
        raise InvalidInputError("it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"it is not JSON: {quoted(str(error))}") from None
    if not isinstance(stated, dict):
        raise InvalidInputError("it is not a JSON object")
    for field, value in stated.items():
        _check_field(field, value)
    for field in ("title", "published"):
        if field not in stated:
            raise InvalidInputError(f"it has no {field}")
    if ("body" in stated) == ("body_html" in stated):
        raise InvalidInputError("it must have either body or body_html")
    return stated


def _check_field(field: str, value: object) -> None:
    if field in _LISTS:
        if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise InvalidInputError(f"its {field} are not a list of strings")
    elif field == "attachments":
        _check_attachments(value)
    elif field == "draft":
        if not isinstance(value, bool):
            raise InvalidInputError("its draft is neither true nor false")
    elif field not in _TEXTS:
        raise InvalidInputError(f"it has an unknown field, {quoted(field)}")
    elif not isinstance(value, str):
        raise InvalidInputError(f"its {field} is not a string")


def _check_attachments(value: object) -> None:
    """Refuse anything but a list of objects with an address."""
    if not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
        raise InvalidInputError("its attachments are not a list of objects")
    for one in value:
        if "url" not in one:
            raise InvalidInputError("one of its attachments has no url")
        for field, stated in one.items():
            kind = _OF_ATTACHMENTS.get(field)
            if kind is None:
                raise InvalidInputError(f"its attachments have an unknown field, {quoted(field)}")
            if type(stated) is not kind:
                named = "string" if kind is str else "whole number"
                raise InvalidInputError(f"the {field} of an attachment is not a {named}")


def _address(stated: dict[str, Any], field: str) -> str | None:
    if field not in stated:
        return None
    found = web_address(one_line(stated[field]))
    if found is None:
        raise InvalidInputError(
            f"its {field}, {quoted(stated[field])}, is not an http or https address"
        )
    return found


def _body(stated: dict[str, Any], url: str | None) -> tuple[Block, ...]:
    if "body" in stated:
        return text_body(stated["body"])
    return html_body(stated["body_html"], url)


def _matches(name: str, head: bytes) -> bool:
    first, end, _ = head.partition(b"\n")
    return name.endswith(SOURCE.suffixes) or (
        first.lstrip(b"\xef\xbb\xbf \t").startswith(b"{")
        and b'"published"' in first
        and (bool(end) or first.rstrip().endswith(b"}"))
    )


SOURCE = Source((".jsonl", ".ndjson"), _matches, with_shared_addresses(_read))
