"""List the categories and rename one; ids and dates of entries stay (rules 1 and 2)."""

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
    """A category, how many releases it shows, and the slugs that it had before."""

    category: Category
    count: int
    former: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Renamed:
    """The category under its new name, and what it was called; the same where it was so already."""

    before: Category
    after: Category


def categories(store: Store) -> list[CategorySummary]:
    """Return every category in the order of the slugs."""
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
    """Rename a category, named by its label or slug or by a former one, to the label ``new``.

    Raises ``RefusedError`` where there is no such category, where ``new`` is no name, or where it
    is or was the name of another category: two are never made one.
    """
    name = one_line(new)
    if not any(map(str.isalnum, name)):
        raise RefusedError(
            "A category must have a name, with a letter or digit in it: name the new label."
        )
    if len(name) > LONGEST:
        raise RefusedError(f"A category's name has {LONGEST} characters at most: shorten it.")
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
                "choose another, since two categories cannot be made one."
            )
        stored.rename(change, found, after.slug, after.name, settings.site)
    return Renamed(Category(found.slug, found.name), after)
