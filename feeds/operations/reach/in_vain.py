"""Addresses that are asked for in vain, and the redirects that would mend them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, unquote_to_bytes

from feeds.identity import slug
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Snapshot
from feeds.urls import (
    OLD_ADDRESS_LENGTH,
    Target,
    is_own_address,
    normalize_old_address,
    parse_old_address,
    permalink,
)

SHOWN: Final = 50
_KEPT = 10_000

# The last parts of the paths of feeds, and the names of files with the feed of a whole site.
_FEED = re.compile(r"feeds?|rss[0-9]*|atom[0-9]*|rdf|json|backend|syndication")
_WHOLE = re.compile(r"feeds?|rss[0-9]*|atom[0-9]*|rdf|json|index|main|all|news|releases")
_EXTENSION = re.compile(r"\.(rss|atom|rdf|xml|json|php|aspx?|html?)$")
_FEED_EXTENSIONS = {"rss", "atom", "rdf", "xml", "json"}
_CATEGORY = {
    "category",
    "categories",
    "kategorija",
    "kategorijas",
    "tag",
    "tags",
    "topic",
    "topics",
}


@dataclass(frozen=True, slots=True)
class InVain:
    """An address, how often it was answered with this status, and what would mend it.

    ``target`` is a path of this service, None if none can be guessed. ``mended`` means that the
    address redirects by now.
    """

    address: str
    status: int
    requests: int
    target: str | None
    mended: bool


class Misses:
    """The addresses that are asked for in vain most often, in bounded memory.

    Whenever there are twice ``_KEPT``, the rarer half is forgotten. A count may therefore be too
    low, by at most ``missing``.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self.missing = 0

    def add(self, path: bytes, query: bytes, status: int) -> None:
        """Count a request. An address that is too long for a redirect is not kept."""
        address = normalize_old_address(path, query)
        if not address.startswith("/") or len(address) > OLD_ADDRESS_LENGTH:
            return
        self._counts[address, status] += 1
        if len(self._counts) == 2 * _KEPT:
            ordered = self._counts.most_common()
            self.missing += ordered[_KEPT][1]
            self._counts = Counter(dict(ordered[:_KEPT]))

    def most_frequent(self) -> list[tuple[str, int, int]]:
        """Return address, status and count, the most frequent first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return [(address, status, count) for (address, status), count in ordered[:SHOWN]]


@dataclass(frozen=True, slots=True)
class _Guess:
    """A selection (``slug`` is empty for all releases) in a format, or a release."""

    slug: str
    format: str | None = None
    release: bool = False


def in_vain(store: Store, settings: Settings, misses: Misses) -> list[InVain]:
    """Return the most frequent addresses with what would mend them."""
    base_url = settings.site.base_url
    frequent = misses.most_frequent()
    with store.read() as snapshot:
        mended = {address for address, *_ in frequent if _is_mended(snapshot, base_url, address)}
        guesses = {
            address: guess
            for address, status, _ in frequent
            if status == 404 and address not in mended  # noqa: PLR2004 - Not Found
            if parse_old_address(address) == address and not is_own_address(base_url, address)
            if (guess := _guess(address))
        }
        targets = _targets(snapshot, guesses)
    return [
        InVain(address, status, requests, targets.get(address), address in mended)
        for address, status, requests in frequent
    ]


def _is_mended(snapshot: Snapshot, base_url: str, address: str) -> bool:
    path, _, query = address.partition("?")
    found_at = permalink(unquote_to_bytes(path), query.encode())
    own = is_own_address(base_url, found_at)
    redirect = snapshot.redirect(address, None if own else found_at)
    return redirect is not None and not redirect[1]


def _targets(snapshot: Snapshot, guesses: dict[str, _Guess]) -> dict[str, str]:
    """Return the target of each guess that exists, by address."""
    slugs = {guess.slug for guess in guesses.values() if not guess.release and guess.slug}
    current = snapshot.current_slugs(sorted(slugs)) if slugs else {}
    wanted = {guess.slug for guess in guesses.values() if guess.release}
    paths = _releases(snapshot.release_paths(), wanted) if wanted else {}
    found = {}
    for address, guess in guesses.items():
        if guess.release and len(paths.get(guess.slug, ())) == 1:
            found[address] = str(Target(paths[guess.slug][0], "", None))
        elif not guess.release and (not guess.slug or guess.slug in current):
            found[address] = str(Target(None, current.get(guess.slug, ""), guess.format))
    return found


def _releases(paths: Iterable[str], wanted: set[str]) -> dict[str, list[str]]:
    """Return the releases with each of some slugs. Digits that make a path distinct follow a ~."""
    found: dict[str, list[str]] = {}
    for path in paths:
        name = path.rpartition("/")[2].partition("~")[0]
        if name in wanted:
            found.setdefault(name, []).append(path)
    return found


def _guess(address: str) -> _Guess | None:
    """Guess what an old address was, by the habits of WordPress, Drupal, Joomla and others."""
    path, _, query = address.partition("?")
    asked = {name: values[-1].lower() for name, values in parse_qs(query).items()}
    segments = [unquote(segment).lower() for segment in path.split("/") if segment]
    if "comments" in segments:
        return None
    words = _taken_words(segments)
    if "feed" in asked:  # WordPress
        words.append(asked["feed"])
    if asked.get("format") == "feed":  # Joomla
        words.append(asked.get("type", "rss"))
    if "category_name" in asked:
        segments = ["category", asked["category_name"]]
    name = slug(segments[-1]) if segments else ""
    if words:
        return _Guess(name, _format(words))
    if segments[-2:-1] and segments[-2] in _CATEGORY:
        return _Guess(name)
    return _Guess(name, release=True) if name else None


def _taken_words(segments: list[str]) -> list[str]:
    """Take from the end of a path what says that it is a feed, and return that."""
    words = []
    if segments and (extension := _EXTENSION.search(segments[-1])):
        segments[-1] = segments[-1].removesuffix(extension[0])
        if extension[1] in _FEED_EXTENSIONS:
            words.append(extension[1])
            if _WHOLE.fullmatch(segments[-1]):
                words.append(segments.pop())
        elif segments[-1] == "index":
            segments.pop()
    while segments and _FEED.fullmatch(segments[-1]):
        words.append(segments.pop())
    return words


def _format(words: list[str]) -> str:
    text = " ".join(words)
    return next((name for name in ("json", "atom") if name in text), "rss")
