"""The encoding of an XML document: what it declares, and what its bytes say.

The result is a stream of bytes in which every markup character is one byte, so that a document can
be divided before it is decoded. Each part of it is then decoded by itself: a wrong byte affects
nothing else.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from feeds.ingest.sources.record import InvalidInputError

_CHUNK = 65536
_UTF_8 = "utf-8"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What precedes the declaration has been seen in feeds: blank lines, and marks that were pasted.
LEADING = b" \t\r\n\xef\xbb\xbf"
_WIDE = ((re.compile(rb"(?:\s\0)*<\0"), "utf-16-le"), (re.compile(rb"(?:\0\s)*\0<"), "utf-16-be"))
_DECLARED = re.compile(rb"""<\?xml[^>]{1,200}?encoding\s*=\s*["']([^"'<>]{1,80})["']""")
_PADDING = re.compile(r"[\s_-]+")
_WINDOWS = re.compile(r"(?:x?cp|win|windows|mswin|ansi)(\d{3,4})")
_ISO = re.compile(r"(?:iso|iso-?ir)?8859(\d{1,2})")
_ALIASES = {"utf8": _UTF_8, "unicode": _UTF_8, "latin1": "cp1252", "ansi": "cp1252"}
# Codecs for text. Python has others, such as rot13, that no document is written in.
_CODECS = re.compile(
    r"(?:utf-(?:8|16|32)|cp\d|iso8859|iso2022|koi8|mac|ascii|gb|big5|euc|shift_jis|johab|tis|ptcp"
    r"|kz)"
)
_ASCII = bytes(range(0x20, 0x7F))
_LETTER_BEYOND_ASCII = re.compile(r"[^\W\d_a-zA-Z]")
_ESCAPED = re.compile("[\udc80-\udcff]")
_WINDOWS_1252 = {
    f"{chr(0xDC00 + byte)}": bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 256)
}
_MARKED = "feeds.marked"

# A byte that is not valid in a document's encoding is passed on as one that is not valid in UTF-8.
codecs.register_error(_MARKED, lambda error: ("\udcff", error.end))  # type: ignore[attr-defined]


class Decoder:
    """Decodes parts of a document. ``remark`` says, once, that the declaration was not followed."""

    def __init__(self, codec: str, declared: str, *, transcoded: bool = False) -> None:
        self._codec = codec
        self._declared = declared
        self._transcoded = transcoded
        self._remark = ""
        self._remarked = False

    @property
    def remark(self) -> str:
        """The remark that has not been read yet, or an empty text."""
        remark, self._remark = self._remark, ""
        return remark

    def contradict(self) -> None:
        """Note that the document is UTF-8, although it declares another encoding."""
        if not self._remarked:
            self._remark = f"its document declares {self._declared} but was read as UTF-8"
        self._remarked = True

    def text(self, raw: bytes) -> tuple[str, int]:
        """Return a part of the document as text, and how many of its bytes are not valid.

        Such a byte in UTF-8 is read as Windows-1252, as which it was mostly meant.
        """
        if raw.isascii():
            return raw.decode("ascii"), 0
        if self._codec != _UTF_8 and (text := _as_utf_8(raw)) is not None:
            self.contradict()
            return text, 0
        text = raw.decode(self._codec, "surrogateescape")
        if self._codec == _UTF_8 and not self._transcoded:
            return without_escapes(text)
        return _ESCAPED.subn("\N{REPLACEMENT CHARACTER}", text)


def without_escapes(text: str) -> tuple[str, int]:
    """Replace bytes that were kept as ``surrogateescape`` by the characters of Windows-1252."""
    return _ESCAPED.subn(lambda found: _WINDOWS_1252[found[0]], text)


def _as_utf_8(raw: bytes) -> str | None:
    """Return a text that can hardly be anything but UTF-8: one with letters beyond ASCII."""
    try:
        text = raw.decode(_UTF_8)
    except UnicodeDecodeError:
        return None
    return text if _LETTER_BEYOND_ASCII.search(text) else None


def opened(stream: BinaryIO) -> tuple[Iterator[bytes], Decoder]:
    """Return the bytes of a document and their decoder. Raises ``InvalidInputError``."""
    head = stream.read(_CHUNK)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return _transcoded(stream, head[len(mark) :], codec), _transcoding(codec)
    for pattern, codec in _WIDE:
        if pattern.match(head):
            return _transcoded(stream, head, codec), _transcoding(codec)
    beginning = head.lstrip(LEADING)
    found = _DECLARED.match(beginning)
    declared = found[1].decode("ascii", "replace") if found else _UTF_8
    codec = _codec(declared)
    if not _extends_ascii(codec) or codecs.BOM_UTF8 in head[: len(head) - len(beginning)]:
        # The declaration could be read as ASCII, so it is not in UTF-16, for example.
        decoder = Decoder(_UTF_8, declared)
        if codec != _UTF_8:
            decoder.contradict()
        return _chunks(stream, beginning), decoder
    if _is_single_byte(codec) or codec == _UTF_8:
        return _chunks(stream, beginning), Decoder(codec, declared)
    return _transcoded(stream, beginning, codec), _transcoding(codec)


def _transcoding(codec: str) -> Decoder:
    return Decoder(_UTF_8, codec, transcoded=True)


def _codec(declared: str) -> str:
    """Return Python's name of an encoding, whose names are written in many ways."""
    name = _PADDING.sub("", declared.lower())
    if windows := _WINDOWS.fullmatch(name):
        name = f"cp{windows[1]}"
    elif iso := _ISO.fullmatch(name):
        name = f"iso8859-{iso[1]}"
    name = _ALIASES.get(name, name)
    for each in (name, declared):
        try:
            codec = codecs.lookup(each).name
        except (LookupError, ValueError):
            continue
        if codec == "ascii":
            return _UTF_8
        if codec == "iso8859-1":
            # As all browsers do: the controls that differ occur in no text.
            return "cp1252"
        if _CODECS.match(codec):
            return codec
    raise InvalidInputError(f"its encoding, “{declared}”, is not known: save it as UTF-8")


def _extends_ascii(codec: str) -> bool:
    return _ASCII.decode(codec, "replace") == _ASCII.decode("ascii")


def _is_single_byte(codec: str) -> bool:
    return len(bytes(range(256)).decode(codec, "replace")) == 256  # noqa: PLR2004 - all bytes


def _chunks(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    chunk = head
    while chunk:
        yield chunk
        chunk = stream.read(_CHUNK)


def _transcoded(stream: BinaryIO, head: bytes, codec: str) -> Iterator[bytes]:
    """Yield a document in UTF-8, with an invalid byte for each error."""
    decoder = codecs.getincrementaldecoder(codec)(_MARKED)
    for chunk in _chunks(stream, head):
        yield decoder.decode(chunk).encode(_UTF_8, "surrogateescape")
    yield decoder.decode(b"", final=True).encode(_UTF_8, "surrogateescape")
