"""What the attributes of elements show or name that a release does not have, counted by kind."""

import re
from collections import Counter

from selectolax.lexbor import LexborNode

from feeds.text.media import inner_addresses, shown_by

_MARKS = ("url(", "background=", "data-b", "longdesc", "poster", "<source")
# Gradients, data and parts of drawings are no pictures that lie somewhere.
_PICTURE = re.compile(r"url\(\s*[\"']?(?!data:|#)[^\s\"')]", re.IGNORECASE)
_BACKGROUNDS = "[background],[data-bg],[data-bgset],[data-background],[data-background-image]"


def counted(body: LexborNode, base: str | None, markup: str) -> Counter[str]:
    """Return the kinds, with their numbers, of what only attributes in a body show."""
    lower = markup.lower()
    if not any(mark in lower for mark in _MARKS):
        return Counter()
    styles = [node.attributes.get("style") or "" for node in body.css("[style]")]
    found = Counter(
        {
            "background picture": len(body.css(_BACKGROUNDS))
            + sum(bool(_PICTURE.search(style)) for style in styles),
            "long description": len(body.css("[longdesc]")),
            # Without an address of the film the poster is written as a picture.
            "poster": sum(bool(shown_by(node, base)) for node in body.css("[poster]")),
            "other format": sum(_other_formats(node, base) for node in body.css("audio,video")),
        }
    )
    return +found


def _other_formats(node: LexborNode, base: str | None) -> int:
    """Return the number of addresses of a recording to which no link is written."""
    found = set(shown_by(node, base))
    linked = found.intersection(inner_addresses(node, base))
    return len(found) - (len(linked) or min(len(found), 1))
