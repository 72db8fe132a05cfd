"""The bytes of a document: as they are rendered, and as they are held in memory, encoded."""

import sys
from array import array
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from feeds.documents.codings import CODINGS, Encoded


class Entries(NamedTuple):
    """The entries in the bytes of a document that the next document may take over.

    The first begins at ``start``. ``keys`` are hashes of what the entries depend on.
    """

    start: int
    keys: "array[int]"


_NO_ENTRIES = Entries(0, array("q"))


def _encoded(content: bytes, start: int, coding: str) -> Encoded:
    """Return content in a content coding; its entries begin at ``start``."""
    return CODINGS[coding].of(content[:start], memoryview(content)[start:])


class Rendering(NamedTuple):
    """The bytes of a document, and where the entries are that the next one may take over.

    If ``previous`` is given, ``rendered`` is only what precedes the entries. They, and what is
    between and after them, are the same as in that body of the previous document.
    """

    rendered: bytes
    entries: Entries = _NO_ENTRIES
    previous: "Body | None" = None

    def content(self) -> bytes:
        """Return the bytes without a content coding."""
        return self.rendered + self.previous.rest() if self.previous else self.rendered

    def encoded(self, coding: str) -> Encoded:
        """Return the bytes in a content coding."""
        if self.previous:
            return self.previous.with_head(self.rendered, coding)
        return _encoded(self.rendered, self.entries.start, coding)


class Body:
    """The bytes of a document, held in the content codings that were asked for.

    They are held without a coding only until one is asked for, and decoded from then on. A coding
    is made once, however many threads ask for it; ``on_change`` is called when ``size`` changes.
    """

    __slots__ = ("_content", "_encoded", "_lock", "_on_change", "entries")

    def __init__(
        self, rendering: Rendering, coding: str | None, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self.entries = rendering.entries
        self._content = rendering.content() if coding is None else None
        self._encoded = {} if coding is None else {coding: rendering.encoded(coding)}
        self._lock = Lock()
        self._on_change = on_change

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes."""
        held = [encoded.data for encoded in self._encoded.values()]
        return sum(map(sys.getsizeof, (*held, self._content, *self.entries)))

    def content(self) -> bytes:
        """Return the bytes without a content coding."""
        content = self._content
        return next(iter(self._encoded.values())).content() if content is None else content

    def rest(self) -> memoryview:
        """Return the entries and what is between and after them."""
        return memoryview(self.content())[self.entries.start :]

    def encoded(self, coding: str | None) -> bytes:
        """Return the bytes in a content coding; None means identity."""
        if coding is None:
            return self.content()
        encoded = self._encoded.get(coding)
        if encoded is None:
            with self._lock:
                encoded = self._encoded.get(coding) or self._encode(coding)
            self._on_change()
        return encoded.data

    def _encode(self, coding: str) -> Encoded:
        encoded = _encoded(self.content(), self.entries.start, coding)
        # A new dictionary: other threads may be iterating over the present one.
        self._encoded = {**self._encoded, coding: encoded}
        self._content = None
        return encoded

    def with_head(self, head: bytes, coding: str) -> Encoded:
        """Return these entries, in a content coding, after another head."""
        encoded = self._encoded.get(coding)
        return encoded.with_head(head) if encoded else CODINGS[coding].of(head, self.rest())
