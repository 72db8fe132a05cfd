"""The items of a JSON Feed, also of one that is damaged: one fault costs one item."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from feeds.ingest.sources.record import InvalidInputError
from feeds.ingest.sources.xml_encoding import without_escapes
from feeds.text.plain import quoted

# Controls within a string are no fault that matters.
_DECODER = json.JSONDecoder(strict=False)
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_GAP = re.compile(r"[\s,]*")
_NEXT = re.compile(r",\s*(?=\{)")
_END = re.compile(r"\]\s*[,}]")
_LAST = re.compile(r"\]\s*\}\s*\Z")
_OF_ITEMS = {"date_published", "date_modified", "content_html", "content_text"}
_TITLE = re.compile(r'"title"\s*:\s*"([^"]{1,200})')
# How often, on average, a character may be read while the next item is looked for. The library
# also counts the lines before each error, which is so many times as fast.
_EFFORT = 8
_COUNTING = 16


@dataclass(frozen=True, slots=True)
class Damage:
    """An item that is not JSON: the reason, with the line on which the item begins."""

    reason: str


def whole_or_damaged(data: bytes) -> tuple[dict[str, Any], Iterable[object]]:
    """Return a feed and its items. Raises ``InvalidInputError``.

    If the document is not JSON, its items are read one by one, and the feed states nothing else.
    """
    text = data.decode(errors="surrogateescape")
    try:
        feed = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        found = _ITEMS.search(text)
        if found is None:
            raise InvalidInputError(f"it is not JSON: {quoted(str(error))}") from None
        return _before(text[: found.start()]), _one_by_one(text, found.end())
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise InvalidInputError("it is not a JSON Feed: it has no list of items")
    return feed, items


def mended(item: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return an item without the bytes in it that are not UTF-8, and how many these were.

    Raises ``InvalidInputError``.
    """
    try:
        text, number = without_escapes(json.dumps(item, ensure_ascii=False))
    except RecursionError:
        raise InvalidInputError("it is nested too deeply") from None
    return (json.loads(text) if number else item), number


def _before(text: str) -> dict[str, Any]:
    """Return what a feed states before its items."""
    try:
        stated = _DECODER.decode(text.rstrip().removesuffix(",") + "}")
    except (ValueError, RecursionError):
        return {}
    return stated if isinstance(stated, dict) else {}


def _one_by_one(text: str, position: int) -> Iterator[object]:
    """Yield each item, or the damage in its place. Raises ``InvalidInputError``."""
    effort = _EFFORT * len(text)
    line, counted = 1, 0
    while True:
        position += len(gap[0]) if (gap := _GAP.match(text, position)) else 0
        if _END.match(text, position):
            return
        line, counted = line + text.count("\n", counted, position), position
        try:
            if not text.startswith("{", position):
                # A list could have the next items in it.
                raise ValueError("it does not begin like an object")  # noqa: TRY301
            item, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            title = _TITLE.search(text, position, position + 10_000)
            named = f", {quoted(title[1])}" if title else ""
            yield Damage(f"it is not JSON (line {line}{named}): {quoted(str(error))}")
            position, effort = _next(text, position, effort - position // _COUNTING)
        else:
            yield item


def _next(text: str, position: int, effort: int) -> tuple[int, int]:
    """Return where the next object begins that is like an item, and the effort that remains.

    Raises ``InvalidInputError`` if there is none.
    """
    while effort > 0 and (found := _NEXT.search(text, position)):
        position = found.end()
        try:
            item, end = _DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            effort -= error.pos - position + error.pos // _COUNTING
        except RecursionError:
            effort -= len(text)
        else:
            effort -= end - position
            if isinstance(item, dict) and _OF_ITEMS.intersection(item):
                return position, effort
    if end_of_list := _LAST.search(text, position):
        return end_of_list.start(), effort
    raise InvalidInputError("it is not JSON from here on")
