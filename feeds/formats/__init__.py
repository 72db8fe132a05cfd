"""Feed formats: each renders a feed as bytes, and one registry lists them.

To add a format, write a module with ``MEDIA_TYPE``, ``EXTENSION``, ``SEPARATOR`` and ``render`` and
add it to ``FORMATS``: routes, negotiation and autodiscovery follow from the registry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feeds.domain import Entry, Feed
from feeds.formats import atom, json_feed, rss
from feeds.formats.pieces import Pieces


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the name shown to people, media type, extension and rendering function.

    ``render`` renders a feed with these entries in pieces. In a document ``separator`` is between
    two entries. The bytes of an entry do not depend on the feed that contains it.
    """

    name: str
    media_type: str
    extension: str
    separator: bytes
    render: Callable[[Feed, Sequence[Entry]], Pieces]


FORMATS = {
    module.EXTENSION: Format(
        name, module.MEDIA_TYPE, module.EXTENSION, module.SEPARATOR, module.render
    )
    for name, module in (("Atom", atom), ("RSS", rss), ("JSON Feed", json_feed))
}
