"""The comments by which WordPress divides a post into blocks, pages, and a teaser and the rest."""

import json
import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any, NamedTuple

_NAME = re.compile(r"\s*(/?)wp:([a-z0-9_/-]*[a-z0-9_-])", re.IGNORECASE)
_TEASER = re.compile(r"\s*(?:more(?:\s.*)?|nextpage|noteaser)\s*", re.DOTALL)
_END = re.compile(r"\s*<!--\s*/wp:([a-z0-9_/-]+)\s*-->", re.IGNORECASE)


class Place(Enum):
    """Where in a block its comment is."""

    BEGIN = auto()
    END = auto()
    WHOLE = auto()  # there is no HTML in it


class Block(NamedTuple):
    """The comment of a block, with the attributes that WordPress keeps in it."""

    name: str
    place: Place
    attributes: dict[str, Any]


def is_made_of_blocks(content: str) -> bool:
    """Whether a post has blocks. WordPress makes no paragraphs in it then."""
    return "<!-- wp:" in content


def blocks(content: str) -> Iterator[str | Block]:
    """Yield the HTML of a post and the blocks between its parts, without the other comments."""
    at = 0
    while (begin := content.find("<!--", at)) >= 0 and (end := content.find("-->", begin)) >= 0:
        yield content[at:begin]
        at = end + 3
        comment = content[begin + 4 : end]
        if found := _NAME.match(comment):
            name, attributes = found[2].lower().removeprefix("core/"), _json(comment[found.end() :])
            place = Place.END if found[1] else Place.BEGIN
            following = _END.match(content, at) if place is Place.BEGIN and attributes else None
            if following and following[1].lower().removeprefix("core/") == name:
                place, at = Place.WHOLE, following.end()
            elif comment.rstrip().endswith("/"):
                place = Place.WHOLE
            yield Block(name, place, attributes)
        elif not _TEASER.fullmatch(comment):
            yield content[begin:at]
    yield content[at:]


def _json(stated: str) -> dict[str, Any]:
    try:
        found = json.loads(stated.strip().removesuffix("/"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
