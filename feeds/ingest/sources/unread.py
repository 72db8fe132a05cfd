"""What an item states that its release does not have: counted by kind, so that it can be remarked.

An element or field is not counted if the release has every word and address in it.
"""

import html
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from itertools import takewhile

from feeds.ingest.sources.xml_stream import Element, markup_of
from feeds.text.html import Block, strip_tags
from feeds.text.plain import clean_text

Counts = tuple[tuple[str, int], ...]
"""Kinds and numbers."""

# No reader shows them: numbers and addresses of comments, pings, intervals, what editors and
# exports need, and a date in words.
_OF_PROGRAMS = re.compile(
    r"""\{(?:http://purl\.org/rss/1\.0/modules/(?:slash|syndication)/
    |http://wellformedweb\.org/CommentAPI/|http://purl\.org/syndication/(?:thread|history)/1\.0
    |http://madskills\.com/public/xml/rss/module/trackback/
    |http://rssnamespace\.org/feedburner/ext/1\.0|http://www\.pheedo\.com/namespace/pheedo
    |http://www\.w3\.org/2007/app|http://purl\.org/atom/app\#|com-wordpress:feed-additions:1
    |urn:uuid:65542ac4-bc2f-4814-ad69-8fa9ccbc716a  # the date in feeds of this service
    |http://wordpress\.org/export/[0-9.]+/(?:excerpt/)?|http://schemas\.google\.com/(?:blogger/2018|g/2005))\}""",
    re.VERBOSE,
)
_ADDRESS = re.compile(
    r"""\s(?:src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
_WORD = re.compile(r"\w+")
_ELLIPSES = ("…", "...", "&hellip;", "&#8230;", "&#x2026;")

_SEEN = re.compile(r"<(?:a|amp-\w+|audio|embed|iframe|img|object|picture|video)\b", re.IGNORECASE)

# The relations of links that are read, or that programs use.
_OTHER_RELATIONS = {
    "", "alternate", "edit", "edit-media", "enclosure", "first", "hub", "last", "next", "previous",
    "replies", "self", "shortlink", "shorturl",
}  # fmt: skip

_MOST_NAMES = 20
_LONGEST_NAME = 60


class Shown:
    """The words and addresses of a release: those of its content, otherwise of its summary."""

    def __init__(self, content: Iterable[Block], summary: Iterable[Block], *texts: str) -> None:
        body = " ".join([block.text for block in content])
        if not _SEEN.search(body) and not _WORD.search(strip_tags(body)):
            body = " ".join([body, *(block.text for block in summary)])
        self._markup = " ".join([body, *texts])

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_words(self._markup))

    @cached_property
    def _addresses(self) -> str:
        return html.unescape(self._markup)

    def has(self, markup: str) -> bool:
        """Whether the release has all words and addresses of a text, up to where it was cut."""
        stated = _without_rest(markup).strip()
        if stated in self._markup:
            return True
        addresses = (next(filter(None, found), "") for found in _ADDRESS.findall(stated))
        return self._words.issuperset(_words(stated)) and all(map(self.has_address, addresses))

    def has_address(self, address: str) -> bool:
        """Whether the release has an address."""
        return html.unescape(address) in self._addresses


def _without_rest(markup: str) -> str:
    """Return a text up to its ellipsis, if nothing follows this but a link to the rest."""
    at = max(map(markup.rfind, _ELLIPSES))
    if at < 0:
        return markup
    rest = markup[at:]
    if "<a " not in rest and _WORD.search(strip_tags(rest)):
        return markup
    before = markup[:at]
    letters = sum(1 for _ in takewhile(str.isalnum, reversed(before)))
    return before[: at - letters]


def _words(markup: str) -> Iterator[str]:
    return (word.casefold() for word in _WORD.findall(clean_text(strip_tags(markup))))


def of_element(parent: Element, taken: Container[str], shown: Shown) -> Iterator[str]:
    """Yield the kind of each element in another that is not ``taken`` and says more than is shown.

    An element without text counts if it has attributes.
    """
    for child in parent.iterchildren("*"):
        if child.tag in taken or _OF_PROGRAMS.match(child.tag):
            continue
        text = markup_of(child).strip()
        addresses = (value for value in child.attrib.values() if "://" in value)
        if not text:
            is_read = not child.attrib
        else:
            is_read = shown.has(text) and all(map(shown.has_address, addresses))
        if not is_read:
            yield f"{_name(child)} element"


def of_summary(content: object, summary: Iterable[Block], name: str, shown: Shown) -> Iterator[str]:
    """Yield the kind of a summary beside a content, if it says more than is shown."""
    if content and not all(shown.has(block.text) for block in summary):
        yield name


def other_links(item: Element, of: str) -> Iterator[str]:
    """Yield the kind of each link of Atom that leads a reader to something else."""
    for link in item.iterchildren(f"{of}link"):
        rel = link.get("rel", "alternate").strip().lower()
        if rel not in _OTHER_RELATIONS and ":" not in rel and not rel.startswith("service."):
            yield f"{rel[:_LONGEST_NAME]} link"


def _name(element: Element) -> str:
    local = element.tag.rpartition("}")[2]
    return (f"{element.prefix}:{local}" if element.prefix else local)[:_LONGEST_NAME]


def counted(kinds: Iterable[str]) -> Counts:
    """Return kinds with their numbers; those beyond the first ones have one name."""
    numbers: Counter[str] = Counter()
    for kind in kinds:
        known = kind in numbers or len(numbers) < _MOST_NAMES
        numbers[kind if known else "other element"] += 1
    return tuple(numbers.items())
