"""All categories in the order of the alphabet: their places, their initials and the search."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from cachetools import LRUCache, cached

from feeds.store.read import Snapshot
from feeds.text.catalogue import Words


@dataclass(frozen=True, slots=True)
class CategoryList:
    """The slugs of all categories in order; ``names`` are their names in the form of a search.

    ``initials`` gives for each initial letter the place of the first category that has it.
    """

    slugs: Sequence[str]
    names: Sequence[str]
    initials: Mapping[str, int]

    def search(self, text: str) -> Sequence[str]:
        """Return the slugs of the categories whose name contains a text, in order."""
        wanted = _searched(text)
        pairs = zip(self.slugs, self.names, strict=True)
        return [slug for slug, name in pairs if wanted in name]


# Reading and sorting 10,000 names takes several times as long as a page of the list. The result
# depends only on the names and slugs, for which the store has a token.
@cached(
    LRUCache(maxsize=1),
    key=lambda snapshot, words: (snapshot.head().list_token, words),
    lock=Lock(),
)
def alphabetical(snapshot: Snapshot, words: Words) -> CategoryList:
    """Return all categories in order. The result is remembered until their list changes."""
    categories = snapshot.category_names()
    categories.sort(key=lambda category: (words.order(category.name), category.slug))
    initials: dict[str, int] = {}
    for place, category in enumerate(categories):
        initials.setdefault(words.alphabet.initial(category.name), place)
    return CategoryList(
        slugs=[category.slug for category in categories],
        names=[_searched(category.name) for category in categories],
        initials=initials,
    )


def _searched(text: str) -> str:
    """Return a text without case and diacritics, as ``page.js`` compares names."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(filter(_is_letter, letters)).casefold()


def _is_letter(character: str) -> bool:
    return not unicodedata.combining(character)
