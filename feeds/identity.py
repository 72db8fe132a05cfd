"""Permanent identity: tag URIs, source keys, slugs and ranks.

The results of these functions must never change: known releases would appear in every reader
again. That is why no library makes the slugs (docs/decisions/0003-identity.md). Nothing here
knows the store or the settings.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit

SLUG_LENGTH = 80
_HASH_DIGITS = 8
_KEY_DIGITS = 32
_ALL = "feed/releases"
# RFC 3986 §4.3, or an IRI. The excluded schemes would run something and identify nothing.
_URI = re.compile(
    r"(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE
)
_NOTICE = re.compile(r"tag:[^:]+:(?:suspension|resumption)/[0-9-]+T[0-9:]+Z")

# NFKD separates a letter from its marks; these letters have no decomposition.
_LATIN = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i",
        "ł": "l", "ŋ": "n", "þ": "th", "ŧ": "t",
    }
)  # fmt: skip
_CYRILLIC_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ"
_CYRILLIC_SPELLED = (
    "a,b,v,g,d,e,e,zh,z,i,j,k,l,m,n,o,p,r,s,t,u,f,h,c,ch,sh,shch,,y,,e,ju,ja,i,i,je,g"
)
_CYRILLIC = str.maketrans(dict(zip(_CYRILLIC_LETTERS, _CYRILLIC_SPELLED.split(","), strict=True)))
_SPELLED = _LATIN | _CYRILLIC
# The marks of European letters after NFKD. U+034F is not a mark and separates words.
_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Authority:
    """The tagging entity of tag URIs: a domain name and a year in which it was held (RFC 4151)."""

    name: str
    year: int

    def tag(self, specific: str) -> str:
        """Return ``tag:<name>,<year>:<specific>``."""
        return f"tag:{self.name},{self.year}:{specific}"


def instant_text(instant: datetime) -> str:
    """Return an instant in UTC as identifiers contain it: ``2007-11-26T22:55:22Z``."""
    return f"{instant.astimezone(UTC).isoformat()[:19]}Z"


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


@lru_cache(maxsize=1024)  # every release names the same few labels
def slug(title: str) -> str:
    """Return the ASCII slug of a title or label: never empty, at most ``SLUG_LENGTH`` characters.

    A slug that was shortened or left out letters ends in eight hexadecimal digits of the title's
    SHA-256, so that two such titles have different slugs.
    """
    title = _SPACES.sub(" ", title)  # the hash is the same whichever spaces the title has
    folded = unicodedata.normalize("NFC", title).lower()
    spelled = folded if folded.isascii() else folded.translate(_SPELLED)
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", spelled).casefold())
    if plain.isascii():
        result = "-".join(_WORD.findall(plain))
        return result if 0 < len(result) <= SLUG_LENGTH else _shortened(result, title)
    words: list[str] = []
    word = ""
    lossy = False
    for letter in plain:
        if letter.isascii() and letter.isalnum():
            word += letter
        elif unicodedata.combining(letter):
            continue
        else:
            lossy = lossy or letter.isalnum()
            if word:
                words.append(word)
            word = ""
    if word:
        words.append(word)
    result = "-".join(words)
    if result and len(result) <= SLUG_LENGTH and not lossy:
        return result
    return _shortened(result, title)


def _shortened(result: str, title: str) -> str:
    room = SLUG_LENGTH - _HASH_DIGITS - 1
    if len(result) > room:
        result = result[: room + 1].rpartition("-")[0] or result[:room]
    return f"{result}-{_digits(title)}" if result else _digits(title)


def rank(entry_id: str) -> int:
    """Return the 63-bit integer, derived from the id, that orders releases of one instant."""
    return int.from_bytes(hashlib.sha256(entry_id.encode()).digest()[:8]) >> 1


def is_uri(text: str) -> bool:
    """Return whether an id can be that of an Atom entry: a URI or an IRI, and harmless."""
    return _URI.fullmatch(text) is not None


def is_web_address(text: str) -> bool:
    """Return whether an id is an http or https address whose parts can be told apart."""
    if not (text.lower().startswith(("http://", "https://")) and is_uri(text)):
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:  # such as an unclosed bracket in the host
        return False


def id_key(permanent_id: str, host: str) -> str:
    """Return the source key of an id; one that is not a URI identifies only within its host."""
    return f"id:{_hash(permanent_id if is_uri(permanent_id) else f'{host} {permanent_id}')}"


def address_key(comparable: str) -> str:
    """Return the source key of an original address in its comparable form."""
    return f"address:{_hash(comparable)}"


def item_key(comparable: str, published: datetime, title_slug: str) -> str:
    """Return the source key of a release among those that have the same original address."""
    return f"item:{_hash(f'{comparable} {instant_text(published)} {title_slug}')}"


def title_key(published: datetime, title_slug: str) -> str:
    """Return the source key of a release that has neither an original id nor an address."""
    return f"at:{instant_text(published)}/{title_slug}"


def foreign_id(authority: Authority, permanent_id: str, host: str) -> str:
    """Return the entry id of a release whose permanent id is not a URI (RFC 4287 §4.2.6)."""
    return authority.tag(f"id/{_hash(f'{host} {permanent_id}')}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_KEY_DIGITS]


def release_id(
    authority: Authority, published: datetime, title_slug: str, original_id: str | None
) -> str:
    """Return the entry id of a release, made at its first import (RFC 4151)."""
    name = title_slug if original_id is None else f"{title_slug}~{_digits(original_id)}"
    return authority.tag(f"release/{instant_text(published)}/{name}")


def notice_id(authority: Authority, kind: str, announced: datetime) -> str:
    """Return the entry id of a notice. It is unique: the change clock repeats no instant."""
    return authority.tag(f"{kind}/{instant_text(announced)}")


def is_notice_id(entry_id: str) -> bool:
    """Return whether an id is that of a notice of this or another such service."""
    return _NOTICE.fullmatch(entry_id) is not None


def feed_id(authority: Authority, category_slug: str | None) -> str:
    """Return the feed id of a selection, made when the selection is created."""
    if category_slug is None:
        return authority.tag(_ALL)
    own = f"feed/{category_slug}"
    # No slug contains `~`, so a category called “releases” differs from all releases.
    return authority.tag(f"{own}~" if own == _ALL else own)


def first_slug(feed_id: str) -> str:
    """Return the slug with which the feed id of a category was made."""
    return feed_id.rpartition("/")[2].removesuffix("~")


def combined_feed_id(feed_ids: list[str]) -> str:
    """Return the feed id of a combined selection, independent of the order of its members."""
    first, *others = sorted(feed_ids)
    return "+".join([first, *(other.rpartition("/")[2] for other in others)])


def release_path(local_date: datetime, title_slug: str) -> str:
    """Return the plain path of a release, ``yyyy/mm/dd/slug``; the date is a local one."""
    return f"{local_date.year:04}/{local_date.month:02}/{local_date.day:02}/{title_slug}"


def distinct_paths(path: str, entry_id: str) -> list[str]:
    """Return the paths to try, in this order, for a release whose plain path is taken.

    They are unlike any plain path, because no slug contains ``~``.
    """
    digits = hashlib.sha256(entry_id.encode()).hexdigest()
    return [f"{path}~{digits[:count]}" for count in (_HASH_DIGITS, 16, 64)]
