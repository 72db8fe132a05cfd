"""What the formats share."""

import re
from collections.abc import Callable, Iterator

UNKNOWN_TYPE = "application/octet-stream"
"""The media type of an attachment in formats that require one (RFC 2046 §4.5.1)."""


def elements(name: bytes) -> Callable[[bytes, int], Iterator[slice]]:
    """Return the function that locates the elements of this name in an XML document.

    Text cannot be mistaken for a tag: each ``<`` in it is escaped.
    """
    end_tag = re.compile(b"</%b>" % name)

    def locate(content: bytes, start: int) -> Iterator[slice]:
        begin = content.find(b"<" + name, start)
        for match in end_tag.finditer(content, start):
            yield slice(begin, match.end())
            begin = match.end()

    return locate
