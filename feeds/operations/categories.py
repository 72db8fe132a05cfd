"""List the categories, rename one, and merge one into another.

Neither changes an id or a date of an entry (rules 1 and 2 in docs/design.md).
"""

from dataclasses import dataclass
from datetime import datetime

from feeds.documents.version import settings_digest
from feeds.domain import Category
from feeds.errors import RefusedError
from feeds.identity import slug
from feeds.ingest.items import LONGEST
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.write import categories as stored
from feeds.store.write.archive_pages import Repaginated
from feeds.store.write.change import Change
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


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge of two categories.

    ``count`` is the number of releases that the category ``into`` shows afterwards. In its
    subscription document, ``new_to_merged`` entries are new to subscribers of the category that was
    merged, and ``new_to_into`` to those of the other.
    """

    merged: Category
    into: Category
    count: int
    new_to_merged: int
    new_to_into: int
    repaginated: tuple[Repaginated, ...]


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
    was the name of another category, which only ``merge`` makes one with it.
    """
    name = one_line(new)
    if not any(map(str.isalnum, name)):
        raise RefusedError("A category's name must contain a letter or a digit: give another name.")
    if len(name) > LONGEST:
        raise RefusedError(f"A category's name has at most {LONGEST} characters: shorten it.")
    after = Category(slug(name), name)
    with store.change(now) as change:
        found = _found(change, old)
        other = stored.find(change, after.slug)
        if other is not None and other.id != found.id:
            raise RefusedError(
                f"{name!r} is or was the name of the category {other.name!r} ({other.slug}): "
                f"choose another name, or use `feeds categories merge`."
            )
        stored.rename(change, found, after.slug, after.name, settings.site)
    return Renamed(Category(found.slug, found.name), after)


def merge(  # noqa: PLR0913 - what all commands need, and both categories
    store: Store, settings: Settings, now: datetime, old: str, into: str, *, dry_run: bool = False
) -> Merged:
    """Make all releases of the category ``old`` releases of ``into``, and delete it.

    Each is a current or former name or slug. A ``dry_run`` is undone. Raises ``RefusedError`` if
    there is no such category, or if both are the same.
    """
    with store.change(now, commit=not dry_run) as change:
        change.use_settings(settings_digest(settings.site))
        merged, other = _found(change, old), _found(change, into)
        if merged.id == other.id:
            raise RefusedError(f"{old!r} and {into!r} are the same category: name two of them.")
        both = change.snapshot.selection(sorted((merged.slug, other.slug)))
        listed = change.snapshot.newest_listed(both, settings.entries) if both else []
        shown = [{category.slug for category in release.categories} for release in listed]
        stored.merge(change, merged, other, settings.site)
        after = change.snapshot.selection((other.slug,))
    return Merged(
        Category(merged.slug, merged.name),
        Category(other.slug, other.name),
        after.count if after else 0,
        sum(merged.slug not in slugs for slugs in shown),
        sum(other.slug not in slugs for slugs in shown),
        change.repaginated,
    )


def _found(change: Change, named: str) -> stored.StoredCategory:
    found = stored.find(change, slug(one_line(named)))
    if found is None:
        raise RefusedError(
            f"There is no category {named!r}: `feeds categories` lists them with their slugs."
        )
    return found
