"""The formats: each a function from a feed to bytes, in one registry.

To add one, write a module with ``MEDIA_TYPE``, ``EXTENSION`` and ``render`` and name it in
``FORMATS``: routes, negotiation and autodiscovery follow from there. ``VERSION`` is raised with
every change of what a format or ``assemble`` writes (rule 5).
"""

from collections.abc import Callable
from dataclasses import dataclass

from feeds.domain import Feed
from feeds.formats import atom, json_feed, rss

VERSION = 4


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name for people, its media type, its extension, and what writes it."""

    name: str
    media_type: str
    extension: str
    render: Callable[[Feed], bytes]


FORMATS = {
    module.EXTENSION: Format(name, module.MEDIA_TYPE, module.EXTENSION, module.render)
    for name, module in (("Atom", atom), ("RSS", rss), ("JSON Feed", json_feed))
}
