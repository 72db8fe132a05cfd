"""The bytes of a document: as they are rendered, and as they are held in memory, encoded."""

import sys
from array import array
from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple

from feeds.documents.codings import CODINGS, Encoded


class Entries(NamedTuple):
    """The entries in the bytes of a document that the next document may take over.

    The first begins at ``start``. ``keys`` are hashes of what the entries depend on, and ``sizes``
    the numbers of their bytes.
    """

    start: int
    keys: "array[int]"
    sizes: "array[int]"


_NO_ENTRIES = Entries(0, array("q"), array("I"))


class Rendering(NamedTuple):
    """The bytes of a document in two parts.

    ``head`` precedes ``entries``. ``rest`` are the entries and what is between and after them, or
    the body of the previous document if they are the same there.
    """

    rest: "Sequence[bytes] | Body"
    head: bytes = b""
    entries: Entries = _NO_ENTRIES

    @property
    def size(self) -> int:
        """The number of bytes that were rendered and not taken over."""
        return len(self.head) + (0 if isinstance(self.rest, Body) else sum(map(len, self.rest)))

    def content(self) -> bytes:
        """Return the bytes without a content coding."""
        rest = self.rest.parts()[1:] if isinstance(self.rest, Body) else self.rest
        return b"".join((self.head, *rest))

    def encoded(self, coding: str) -> Encoded:
        """Return the bytes in a content coding."""
        if isinstance(self.rest, Body):
            return self.rest.with_head(self.head, coding)
        return CODINGS[coding].of(self.head, b"".join(self.rest))


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

    def parts(self) -> tuple[bytes, bytes]:
        """Return the bytes before the entries, and the entries with what follows them."""
        content, start = self.content(), self.entries.start
        return content[:start], content[start:]

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
        encoded = CODINGS[coding].of(*self.parts())
        # A new dictionary: other threads may be iterating over the present one.
        self._encoded = {**self._encoded, coding: encoded}
        self._content = None
        return encoded

    def with_head(self, head: bytes, coding: str) -> Encoded:
        """Return these entries, in a content coding, after another head."""
        encoded = self._encoded.get(coding)
        return encoded.with_head(head) if encoded else CODINGS[coding].of(head, self.parts()[1])
