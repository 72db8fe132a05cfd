"""The source keys that came in one run of an import, and with which content.

It is kept apart from the store, in which a dry run writes nothing.
"""

import hashlib

from feeds.ingest.decide import Earlier


class RunIndex:
    """The content with which each source key came first.

    A million keys take 120 MB: CPython allocates 48 bytes for a ``bytes`` object of 15 bytes, 32
    for an ``int`` of 60 bits, and 42 for their place in the dictionary.
    """

    def __init__(self) -> None:
        self._contents: dict[bytes, int] = {}

    def earlier(self, key: str, digest: str) -> Earlier | None:
        """Return whether a source key came earlier, and with which content."""
        content = self._contents.get(_hash(key))
        if content is None:
            return None
        return "same" if content == _content(digest) else "other"

    def add(self, key: str, digest: str) -> None:
        """Record that a source key came with this content."""
        self._contents[_hash(key)] = _content(digest)


def _hash(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=15).digest()


def _content(digest: str) -> int:
    return int(digest[:15], 16)
