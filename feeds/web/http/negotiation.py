"""What a client prefers: ``Accept`` and ``Accept-Encoding`` (RFC 9110 §12.5).

A malformed part of a header is passed over; there is no answer for which nothing is acceptable.
"""

import re
from functools import lru_cache

_PART = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z/-]+)\s*"  # a media range or coding
    r"((?:;[^;,]*)*)"  # its parameters
)
_REMEMBERED = 256  # headers, of the few dozen kinds that readers send
_WEIGHT = re.compile(r";\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)")


def weights(header: str) -> dict[str, float]:
    """Return what a header names, in lower case, with its weight from 0 to 1."""
    found: dict[str, float] = {}
    for part in header.split(","):
        match = _PART.fullmatch(part)
        if not match:
            continue
        weight = _WEIGHT.search(match[2])
        if not weight and re.search(r";\s*[qQ]\s*=", match[2]):
            continue
        found[match[1].lower()] = min(float(weight[1]), 1.0) if weight else 1.0
    return found


@lru_cache(maxsize=_REMEMBERED)
def prefers(header: str | None, other: str, usual: str) -> bool:
    """Whether ``Accept`` weighs one media type above the usual one (RFC 9110 §12.5.1)."""
    if not header:
        return False
    found = weights(header)
    return _weight(found, other) > _weight(found, usual)


def _weight(found: dict[str, float], media_type: str) -> float:
    """Return the weight of the most specific range that takes the media type in."""
    kind = media_type.partition("/")[0]
    for media_range in (media_type, f"{kind}/*", "*/*"):
        if media_range in found:
            return found[media_range]
    return 0.0


@lru_cache(maxsize=_REMEMBERED)
def coding(header: str | None, offered: tuple[str, ...]) -> str | None:
    """Return the content coding to answer in, or None for identity (RFC 9110 §12.5.3).

    ``offered`` is in the order of our preference. Where the client forbids everything it gets
    identity all the same: a reader is better served by that than by 406.
    """
    if not header:
        return None
    found = weights(header)
    rest = found.get("*", 0.0)
    best, best_weight = None, 0.0
    for name in offered:
        weight = found.get(name, rest)
        if weight > best_weight:
            best, best_weight = name, weight
    # Identity that is not named is acceptable but no more than that.
    identity = found.get("identity", rest if best is None else 0.0)
    return best if best_weight >= identity else None
