"""Divides an XML document into its items, however damaged these are, without parsing it.

Only comments, CDATA sections, processing instructions and the tags of items and of their ancestors
are looked at, so that no fault in one item hides the next one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

SIZE_LIMIT = 16 * 1024 * 1024

_FLUSHED = 256 * 1024
_CLOSED_BY = {b"!--": b"-->", b"![CDATA[": b"]]>", b"?": b"?>"}
_TAG_END = re.compile(rb"""(?>[^<>"']|"[^"<]*"|'[^'<]*')*+>""")
_PART_OF_TAG = re.compile(rb"[^<>]*>?")


class Kind(Enum):
    """What a part of a document is."""

    OUTSIDE = auto()
    ITEM = auto()
    CUT_OFF = auto()
    TOO_LARGE = auto()
    HEADLESS = auto()
    """The end of an item whose beginning was not found."""


class Part(NamedTuple):
    """A part of a document, and the number of the line on which it begins."""

    kind: Kind
    raw: bytes
    line: int


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of markup that the scanner looks at. All places are offsets in the document."""

    begin: int
    end: int
    opener: bytes = b""
    slash: bytes = b""
    name: bytes = b""


_NONE_YET = _Token(0, 0)


class Scanner:
    """Divides a stream of bytes into parts. ``last_end`` is the name of the last end tag outside.

    ``is_item`` gets the start tag and the name of each element that may be an item, after
    everything before it was yielded. ``ancestors`` are the names, with their prefixes, of the
    elements that contain the items: when one of them ends, so does the item in it.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        items: Sequence[str],
        containers: Sequence[str],
        is_item: Callable[[bytes, bytes], bool],
    ) -> None:
        self._chunks = iter(chunks)
        self._is_item = is_item
        self._items = frozenset(name.encode() for name in items)
        prefixed = rb"(?:[\w.-]+:)?(?:%b)(?=[\s/<>])"
        names = "|".join((*items, *containers)).encode()
        self._markup = re.compile(rb"<(?:(!--|!\[CDATA\[|\?)|(/?)(" + prefixed % names + rb"))")
        self._start = re.compile(b"<" + prefixed % b"|".join(sorted(self._items)))
        self._buffer = b""
        self._offset = 0  # of the buffer
        self._begun = 0  # where the part begins that is being scanned
        self._position = 0  # up to where it has been scanned
        self._line = 1
        self._exhausted = False
        self._searched: dict[bytes, tuple[int, int, int | None]] = {}
        self.ancestors: set[bytes] = set()
        self.last_end = b""

    def parts(self) -> Iterator[Part]:
        """Yield the parts in the order of the document."""
        while token := self._next(_FLUSHED):
            if token is _NONE_YET:
                yield self._part(Kind.OUTSIDE, self._position)
            elif token.opener:
                self._skip(token, self._start)
            elif token.name.rpartition(b":")[2] not in self._items:
                self.last_end = token.name if token.slash else self.last_end
                self._position = token.end
            else:
                yield self._part(Kind.OUTSIDE, token.begin)
                end = self._end_of_tag(token)
                if token.slash:
                    yield self._part(Kind.HEADLESS, end)
                    continue
                self._position = end
                tag = self._bytes(token.begin, end)
                if self._is_item(tag, token.name):
                    whole = tag.endswith(b"/>")
                    yield self._part(Kind.ITEM, end) if whole else self._item(token.name)
        yield self._part(Kind.OUTSIDE, self._offset + len(self._buffer))

    def _item(self, name: bytes) -> Part:
        """Return the item that has begun and whose start tag has been scanned."""
        boundary = re.compile(rb"</?%b(?=[\s/<>])" % re.escape(name))
        line, kind = self._line, Kind.ITEM
        while token := self._next(SIZE_LIMIT):
            if token is _NONE_YET:
                self._part(Kind.OUTSIDE, self._position)
                kind = Kind.TOO_LARGE
            elif token.opener:
                self._skip(token, boundary)
            elif token.slash and token.name == name:
                return self._bounded(kind, self._end_of_tag(token), line)
            elif token.name == name or (token.slash and token.name in self.ancestors):
                # Its end tag is missing.
                return self._bounded(kind, token.begin, line)
            else:
                self._position = token.end
        return self._part(Kind.CUT_OFF, self._offset + len(self._buffer), line)

    def _bounded(self, kind: Kind, end: int, line: int) -> Part:
        too_large = end - self._begun > SIZE_LIMIT
        return self._part(Kind.TOO_LARGE if too_large else kind, end, line)

    def _next(self, limit: int) -> _Token | None:
        """Return the next token, or None at the end of the document.

        Return ``_NONE_YET`` if the part becomes longer than ``limit``.
        """
        while True:
            found = self._markup.search(self._buffer, self._position - self._offset)
            if found:
                begin, end = (self._offset + at for at in found.span())
                self._position = begin
                if begin - self._begun > limit:
                    return _NONE_YET
                return _Token(begin, end, *(group or b"" for group in found.groups()))
            last = self._buffer.rfind(b"<", self._position - self._offset)
            self._position = self._offset + (last if last >= 0 else len(self._buffer))
            if self._position - self._begun > limit:
                return _NONE_YET
            if not self._more():
                return None

    def _skip(self, token: _Token, boundary: re.Pattern[bytes]) -> None:
        """Go to the end of a section, or to the boundary that it hides because it is damaged.

        A section whose end is damaged extends to the end of another one: it then has both the
        boundary and the beginning of the other one in it.
        """
        closing = _CLOSED_BY[token.opener]
        end = self._find(closing, token.end)
        if end is None:
            self._position = token.end
            return
        limit = end - self._offset
        hidden = boundary.search(self._buffer, token.end - self._offset, limit)
        doubled = self._buffer.endswith(b"]]", 0, limit)  # how one section is written in another
        opener = b"<" + token.opener
        if hidden and not doubled and self._buffer.find(opener, hidden.end(), limit) >= 0:
            self._position = self._offset + hidden.start()
        else:
            self._position = end + len(closing)

    def _find(self, closing: bytes, begin: int) -> int | None:
        """Return where a section ends. What is known of the bytes ahead is not searched again."""
        since, until, found = self._searched.get(closing, (0, 0, None))
        start = begin
        if since <= begin < until:
            if found is not None:
                return found
            start = max(begin, until - len(closing) + 1)
        while True:
            at = self._buffer.find(closing, start - self._offset)
            if at >= 0:
                self._searched[closing] = (begin, self._offset + at + 1, self._offset + at)
                return self._offset + at
            until = self._offset + len(self._buffer)
            self._searched[closing] = (begin, until, None)
            if until - self._begun > SIZE_LIMIT or not self._more():
                return None
            start = max(start, until - len(closing) + 1)

    def _end_of_tag(self, token: _Token) -> int:
        """Return where a tag ends, or the beginning of the next one if it is damaged."""
        while True:
            start = token.end - self._offset
            found = _TAG_END.match(self._buffer, start) or _PART_OF_TAG.match(self._buffer, start)
            end = start + len(found[0] if found else b"")
            if end < len(self._buffer) or end - start > _FLUSHED or not self._more():
                return self._offset + end

    def _more(self) -> bool:
        """Read on, so much that reading takes linear time. Return whether there was more."""
        kept = self._buffer[self._begun - self._offset :]
        self._offset = self._begun
        read = [kept]
        size = 0
        while size <= len(kept) // 2:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._exhausted = True
                break
            read.append(chunk)
            size += len(chunk)
        self._buffer = b"".join(read)
        return size > 0

    def _bytes(self, begin: int, end: int) -> bytes:
        return self._buffer[begin - self._offset : end - self._offset]

    def _part(self, kind: Kind, end: int, line: int | None = None) -> Part:
        """Take the part that ends here; the next one begins."""
        raw = self._bytes(self._begun, end)
        part = Part(kind, raw, self._line if line is None else line)
        self._line += raw.count(b"\n")
        self._begun = self._position = end
        return part
