"""Plain text that every format, parser and browser accepts.

Characters that XML 1.0 forbids are removed, and so are those that change the direction of the
text after them. Addresses are read as people write them.
"""

import re
from urllib.parse import urlsplit

# XML 1.0 §2.2, Char: all but these.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Embeddings, overrides and isolates turn round whatever stands after them, on a page or in a list.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")

_IN_NO_ADDRESS = re.compile(r"""[\s<>"{}|\\^`\u202a-\u202e\u2066-\u2069]""")


def legal(text: str) -> tuple[str, int]:
    """Remove the characters that XML 1.0 forbids; return the text and how many there were."""
    return (text, 0) if _ordinary(text) else _FORBIDDEN.subn("", text)


def one_line(text: str) -> str:
    """Return legal text on one line, each run of white space as one space.

    Of characters that are all invisible nothing is left.
    """
    line = " ".join(straightened(text).split())
    if line.isprintable() or any(letter.isprintable() for letter in line if letter != " "):
        return line
    return ""


def _ordinary(text: str) -> bool:
    """Whether there is nothing to remove: by far the most text, and much faster found out."""
    return text.isprintable() or text.replace("\n", "").isprintable()


def straightened(text: str) -> str:
    """Remove what XML forbids and what turns text round."""
    return text if _ordinary(text) else _TURNING.sub("", legal(text)[0])


def web_address(text: str) -> str | None:
    """Return an absolute http(s) URL for an address as people write it, or None.

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
    if _IN_NO_ADDRESS.search(legal(candidate)[0]):
        return None
    return candidate
