"""The releases that came in one run of an import, and with which content."""


class RunIndex:
    """The content with which each release came last; a release is named by the store's id.

    A million releases take some 130 MB: CPython allocates 32 bytes for each ``int``, and twice as
    much for their place in the dictionary.
    """

    def __init__(self) -> None:
        self._contents: dict[int, int] = {}

    def has_other(self, release: int, digest: str) -> bool:
        """Return whether a release came earlier with other content."""
        return self._contents.get(release, _content(digest)) != _content(digest)

    def add(self, release: int, digest: str) -> None:
        """Record that a release came with this content."""
        self._contents[release] = _content(digest)


def _content(digest: str) -> int:
    return int(digest[:15], 16)
