"""What a client prefers according to ``Accept`` and ``Accept-Encoding`` (RFC 9110 §12.5)."""

from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

_HEADERS = 256  # values that are remembered; readers send a few dozen


@lru_cache(maxsize=_HEADERS)
def prefers(accept: str | None, alternative: str, media_type: str) -> bool:
    """Return whether ``Accept`` gives an alternative media type more weight than the usual one."""
    weights = parse_accept_header(accept, MIMEAccept)
    return weights.quality(alternative) > weights.quality(media_type)


@lru_cache(maxsize=_HEADERS)
def content_coding(accept_encoding: str | None, offered: tuple[str, ...]) -> str | None:
    """Return the content coding that a client prefers, or None for identity.

    ``offered`` is in the order of the server's preference. A client that accepts nothing gets
    identity, which a feed reader can use better than 406.
    """
    best = parse_accept_header(accept_encoding).best_match([*offered, "identity"])
    return None if best == "identity" else best
