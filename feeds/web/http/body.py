"""The bytes of a document in its content codings."""

import sys
from collections.abc import Callable
from threading import Lock

from feeds.documents.representation import CODINGS

_DEFAULT = "gzip"


class Body:
    """The bytes of one document, stored only in the content codings that were asked for.

    ``on_growth`` is called when ``size`` has grown.
    """

    __slots__ = ("_encoded", "_lock", "_on_growth")

    def __init__(
        self, identity: bytes, coding: str | None, on_growth: Callable[[], None] = lambda: None
    ) -> None:
        coding = coding or _DEFAULT
        self._encoded = {coding: CODINGS[coding].encode(identity)}
        self._lock = Lock()
        self._on_growth = on_growth

    @property
    def size(self) -> int:
        """The memory that the bytes take."""
        return sum(map(sys.getsizeof, list(self._encoded.values())))

    @property
    def coding(self) -> str:
        """The content coding that was asked for first."""
        return next(iter(self._encoded))

    def encoded(self, coding: str | None) -> bytes:
        """Return the bytes in a content coding; None means identity.

        A coding is made once, however many threads ask for it.
        """
        if coding is None:
            return CODINGS[self.coding].decode(self._encoded[self.coding])
        body = self._encoded.get(coding)
        if body is None:
            with self._lock:
                if coding not in self._encoded:
                    self._encoded[coding] = CODINGS[coding].encode(self.encoded(None))
                body = self._encoded[coding]
            self._on_growth()
        return body
