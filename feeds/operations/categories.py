"""List the categories and rename one.

A rename changes no id and no date of an entry (rules 1 and 2 in docs/design.md).
"""

from dataclasses import dataclass
from datetime import datetime

from feeds.domain import Category
from feeds.errors import RefusedError
from feeds.identity import slug
from feeds.ingest.items import LONGEST
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.write import categories as stored
from feeds.text.plain import one_line


@dataclass(frozen=True, slots=True)
class CategorySummary:
    """A category, the number of releases shown in it, and its former slugs."""

    category: Category
    count: int
    former: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Renamed:
    """A category before and after; both are equal if nothing had to be changed."""

    before: Category
    after: Category


def categories(store: Store) -> list[CategorySummary]:
    """Return all categories, ordered by slug."""
    with store.read() as snapshot:
        former = snapshot.former_slugs()
        return [
            CategorySummary(
                selection.categories[0],
                selection.count,
                former.get(selection.categories[0].slug, ()),
            )
            for selection in snapshot.categories()
        ]


def rename(store: Store, settings: Settings, now: datetime, old: str, new: str) -> Renamed:
    """Rename the category with the name or slug ``old``, current or former, to ``new``.

    Raises ``RefusedError`` if there is no such category, if ``new`` is not a name, or if it is or
    was the name of another category: categories are never merged.
    """
    name = one_line(new)
    if not any(map(str.isalnum, name)):
        raise RefusedError("A category's name must contain a letter or a digit: give another name.")
    if len(name) > LONGEST:
        raise RefusedError(f"A category's name has at most {LONGEST} characters: shorten it.")
    after = Category(slug(name), name)
    with store.change(now) as change:
        found = stored.find(change, slug(one_line(old)))
        if found is None:
            raise RefusedError(
                f"There is no category {old!r}: `feeds categories` lists them with their slugs."
            )
        other = stored.find(change, after.slug)
        if other is not None and other.id != found.id:
            raise RefusedError(
                f"{name!r} is or was the name of the category {other.name!r} ({other.slug}): "
                "choose another name, because categories cannot be merged."
            )
        stored.rename(change, found, after.slug, after.name, settings.site)
    return Renamed(Category(found.slug, found.name), after)
