"""Feed formats: each renders a feed as bytes, and one registry lists them.

To add a format, write a module with ``MEDIA_TYPE``, ``EXTENSION`` and ``render`` and add it to
``FORMATS``: routes, negotiation and autodiscovery follow from the registry.
"""

from collections.abc import Callable
from dataclasses import dataclass

from feeds.domain import Feed
from feeds.formats import atom, json_feed, rss


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the name shown to people, media type, extension and rendering function."""

    name: str
    media_type: str
    extension: str
    render: Callable[[Feed], bytes]


FORMATS = {
    module.EXTENSION: Format(name, module.MEDIA_TYPE, module.EXTENSION, module.render)
    for name, module in (("Atom", atom), ("RSS", rss), ("JSON Feed", json_feed))
}
