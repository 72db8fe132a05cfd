"""JSON Lines: one release per line. ``jsonl.schema.json`` in this folder is the schema."""

import json
from collections.abc import Iterator
from typing import BinaryIO, cast

from feeds.ingest.sources.fields import (
    html_body,
    identifier,
    instant,
    labels,
    language,
    quoted,
    text_body,
    title,
)
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    Source,
)
from feeds.text.html import Block
from feeds.text.plain import one_line, web_address

EXPORT_PREFIX = b'{"release-feeds":'
"""The first bytes of an export of a store, which consists of other JSON Lines."""

LINE_LIMIT = 4 * 1024 * 1024

_TEXTS = (
    "title", "published", "body", "body_html", "website", "contact", "author", "language",
    "modified", "id", "url",
)  # fmt: skip


def read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record or refusal for each line that is not blank."""
    if context.head.startswith(EXPORT_PREFIX):
        raise InvalidInputError("it is the export of a store: import it by itself")
    for number, line in enumerate(_lines(stream), 1):
        where = f"line {number}"
        if line is None:
            yield RefusedItem(f"it is longer than {LINE_LIMIT // 1024 // 1024} MiB", where)
        elif line.strip():
            try:
                yield _record(line, context, where)
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


def _record(line: bytes, context: Context, where: str) -> Record:
    stated = _checked(line.removeprefix(b"\xef\xbb\xbf"))
    title_ = title(stated["title"])
    modified = stated.get("modified")
    url = _address(stated, "url")
    id_ = identifier(stated.get("id", ""))
    if "id" in stated and id_ is None:
        raise InvalidInputError("its id is empty: leave the field out")
    spoken = language(stated.get("language"))
    if "language" in stated and spoken is None:
        raise InvalidInputError(
            f"its language, {quoted(stated['language'])}, is not a language tag like lv"
        )
    return Record(
        title=title_,
        published=instant(stated["published"], context.zone, "published"),
        labels=labels(cast("list[str]", stated.get("categories", []))),
        body=_body(stated, url),
        website=_address(stated, "website"),
        contact=one_line(stated.get("contact", "")) or None,
        authors=tuple(filter(None, [one_line(stated.get("author", ""))])),
        language=spoken,
        modified=instant(modified, context.zone, "modified") if modified is not None else None,
        permanent_id=id_,
        original=url,
        where=where,
    )


def _checked(line: bytes) -> dict[str, str]:
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
    if field == "categories":
        if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise InvalidInputError("its categories are not a list of strings")
    elif field not in _TEXTS:
        raise InvalidInputError(f"it has an unknown field, {quoted(field)}")
    elif not isinstance(value, str):
        raise InvalidInputError(f"its {field} is not a string")


def _address(stated: dict[str, str], field: str) -> str | None:
    if field not in stated:
        return None
    found = web_address(one_line(stated[field]))
    if found is None:
        raise InvalidInputError(
            f"its {field}, {quoted(stated[field])}, is not an http or https address"
        )
    return found


def _body(stated: dict[str, str], url: str | None) -> tuple[Block, ...]:
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


SOURCE = Source((".jsonl", ".ndjson"), _matches, read)
