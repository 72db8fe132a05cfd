"""Plain text that every format, parser and browser accepts.

Characters that XML 1.0 forbids are removed, and so are the C1 controls, which some terminals obey,
and characters that change the direction of the text after them.
"""

import re
from urllib.parse import urlsplit

# Everything but XML 1.0 §2.2, Char, and the controls that XML 1.0 discourages, except next line.
_FORBIDDEN = re.compile(
    "[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)

# Embeddings, overrides and isolates would also reorder the text after them on a page.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")

# The white space of ASCII, and the separators of lines and paragraphs.
_LINE_SPACE = re.compile("[\t\n\r \u0085\u2028\u2029]+")

_QUOTED = 60

_NOT_IN_ADDRESSES = re.compile(r"""[\s<>"{}|\\^`\u202a-\u202e\u2066-\u2069]""")


def remove_forbidden(text: str) -> str:
    """Remove the control characters that no document may or should contain."""
    return text if _is_printable(text) else _FORBIDDEN.sub("", text)


def clean_text(text: str) -> str:
    """Remove control characters, bidirectional ones included."""
    return text if _is_printable(text) else _BIDI_CONTROLS.sub("", _FORBIDDEN.sub("", text))


def _is_printable(text: str) -> bool:
    """Whether there is nothing to remove. This is faster than the search and true of most text."""
    return text.isprintable() or text.replace("\n", "").isprintable()


def one_line(text: str) -> str:
    """Return clean text on one line, with single spaces.

    The result is empty if none of the characters is visible.
    """
    line = " ".join(clean_text(text).split())
    if line.isprintable() or any(letter.isprintable() for letter in line if letter != " "):
        return line
    return ""


def title_line(text: str) -> str:
    """Return clean text on one line, as ``one_line`` does, with its no-break spaces."""
    return _LINE_SPACE.sub(" ", clean_text(text)).strip() if one_line(text) else ""


def quoted(text: str) -> str:
    """Return the beginning of a text in quotation marks, for a message."""
    line = one_line(text)
    return f"“{line if len(line) <= _QUOTED else line[:_QUOTED] + '…'}”"


def unix_newlines(text: str) -> str:
    """Replace the line ends of Windows and of old Macintosh systems."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def web_address(text: str) -> str | None:
    """Return the absolute http or https URL for an address as people write it, or None.

    ``www.integracija.gov.lv`` becomes ``http://www.integracija.gov.lv``.
    """
    candidate = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(candidate)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return None
    if _NOT_IN_ADDRESSES.search(remove_forbidden(candidate)):
        return None
    return candidate
