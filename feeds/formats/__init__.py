"""Feed formats: each renders a feed as bytes, and one registry lists them.

To add a format, write a module with ``MEDIA_TYPE``, ``EXTENSION``, ``SEPARATOR``, ``END``,
``render`` and ``locate``, and add it to ``FORMATS``: routes, negotiation and autodiscovery follow
from the registry.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from feeds.domain import Entry, Feed
from feeds.formats import atom, json_feed, rss


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the name shown to people, media type, extension and rendering function.

    ``render`` renders a feed with these entries. ``separator`` is between two of them, and ``end``
    follows the last one. The bytes of an entry do not depend on the feed that contains it.
    ``locate`` finds the entries of a document, in order; ``start`` is 0 or where one begins.
    """

    name: str
    media_type: str
    extension: str
    separator: bytes
    end: bytes
    render: Callable[[Feed, Sequence[Entry]], bytes]
    locate: Callable[[bytes, int], Iterator[slice]]


FORMATS = {
    module.EXTENSION: Format(
        name,
        module.MEDIA_TYPE,
        module.EXTENSION,
        module.SEPARATOR,
        module.END,
        module.render,
        module.locate,
    )
    for name, module in (("Atom", atom), ("RSS", rss), ("JSON Feed", json_feed))
}
