"""Shortcodes such as ``[gallery ids="41,43"]``, which WordPress replaces when it shows a post.

Their syntax is that of ``get_shortcode_regex`` and ``shortcode_parse_atts`` in WordPress. What they
mean is the concern of the caller.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from feeds.ingest.sources.wordpress_markup import TAG, markup

Meaning = Callable[[Mapping[str, str], str | None], str]
"""The HTML of a shortcode with these attributes around a content, if it encloses any."""

# Without brackets in the attributes, no search goes beyond the next bracket.
_PATTERN = re.compile(
    TAG + r"|\[(?P<escape>\[?)(?P<end>/?)(?P<name>[a-z0-9][\w-]*+)"
    r"(?P<attributes>(?:[\s/][^\[\]]*+)?)\](?P<escaped>\]?)",
    re.IGNORECASE,
)
_DOUBLE = r"(?:&quot;|&\#34;|&\#822[01];|&\#8243;|&[lr]dquo;|[“”„″])"
_SINGLE = r"(?:&\#0?39;|&\#821[67];|&\#8242;|&[lr]squo;|[‘’′])"
_ATTRIBUTE = re.compile(
    rf"""(?P<name>[\w-]++)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'
    |{_DOUBLE}(?P<double_>.*?){_DOUBLE}|{_SINGLE}(?P<single_>.*?){_SINGLE}|(?P<bare>[^\s"']++))
    |(?P<word>\S++)""",
    re.VERBOSE | re.DOTALL,
)
_TYPICAL = re.compile(r"\s[\w-]++\s*=|\shttps?://")


def expand(content: str, meanings: Mapping[str, Meaning]) -> tuple[str, Counter[str]]:
    """Replace each shortcode that has a meaning; return the number of others by name.

    Shortcodes in tags, comments and verbatim elements stay as they are.
    """
    others: Counter[str] = Counter()
    if "[" not in content:
        return content, others
    ends, enclosing = _pairs(content, meanings)
    parts: list[str] = []
    at = 0
    for found in _shortcodes(content):
        if found.start() < at:
            continue
        name = found["name"].lower()
        if name not in meanings:
            others[name] += _is_shortcode(found, enclosing)
            continue
        end = ends.get(found.start())
        last = end or found
        if found["escape"] and last["escaped"]:
            parts += (content[at : found.start()], content[found.start() + 1 : last.end() - 1])
            at = last.end()
        elif found["end"]:
            others[f"/{name}"] += 1
        else:
            inner = None
            if end:
                inner, within = expand(content[_stop(found) : _start(end)], meanings)
                others += within
            stated = attributes(found["attributes"])
            parts += (content[at : _start(found)], meanings[name](stated, inner))
            at = _stop(last)
    parts.append(content[at:])
    return "".join(parts), +others


def _start(found: re.Match[str]) -> int:
    return found.start() + len(found["escape"])


def _stop(found: re.Match[str]) -> int:
    return found.end() - len(found["escaped"])


def _shortcodes(content: str) -> Iterator[re.Match[str]]:
    return (found for found, _ in markup(content, _PATTERN) if found["name"])


def _pairs(
    content: str, meanings: Mapping[str, Meaning]
) -> tuple[dict[int, re.Match[str]], set[str]]:
    """Return the end of each shortcode that has a meaning, and the names of others with an end."""
    ends: dict[int, re.Match[str]] = {}
    enclosing: set[str] = set()
    begun: dict[str, int] = {}
    for found in _shortcodes(content):
        name = found["name"].lower()
        if name not in meanings:
            if found["end"]:
                enclosing.add(name)
        elif found["end"]:
            if name in begun:
                ends[begun.pop(name)] = found
        elif not (found["attributes"].endswith("/") or (found["escape"] and found["escaped"])):
            begun[name] = found.start()
    return ends, enclosing


def _is_shortcode(found: re.Match[str], enclosing: set[str]) -> bool:
    """Whether an unknown name in brackets is a shortcode, and not a word such as [sic]."""
    name = found["name"]
    if found["end"] or found["escape"]:
        return False
    if "-" in name or "_" in name or name.lower() in enclosing:
        return True
    return bool(_TYPICAL.search(found["attributes"]))


def attributes(stated: str) -> dict[str, str]:
    """Return the attributes of a shortcode by name; a value without a name has the name ``""``.

    The values are HTML.
    """
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(stated.removesuffix("/")):
        if match["name"] is None:
            found.setdefault("", match["word"].strip("\"'"))
            continue
        values = (match[kind] for kind in ("double", "single", "double_", "single_", "bare"))
        value = next(value for value in values if value is not None)
        found.setdefault(match["name"].lower(), value)
    return found
