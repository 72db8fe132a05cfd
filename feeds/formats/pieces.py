"""A rendered feed in pieces, from which documents are put together."""

import re
from itertools import pairwise
from typing import NamedTuple

UNKNOWN_TYPE = "application/octet-stream"
"""The media type of an attachment in formats that require one (RFC 2046 §4.5.1)."""


class Pieces(NamedTuple):
    """The bytes of a feed: what precedes its entries, each of them, and what follows them."""

    before: bytes
    entries: list[bytes]
    after: bytes


def split(document: bytes, entry: bytes, after: bytes) -> Pieces:
    """Divide an XML document at its elements ``entry``; ``after`` is what follows them.

    Text cannot be mistaken for a tag: each ``<`` in it is escaped.
    """
    ends = [match.end() for match in re.finditer(b"</%b>" % entry, document)]
    if not ends:
        return Pieces(document.removesuffix(after), [], after)
    first = document.index(b"<" + entry)
    entries = [document[start:end] for start, end in pairwise((first, *ends))]
    return Pieces(document[:first], entries, after)
