"""Documents: selection and format, out of one snapshot, through a feed, to a representation.

This is what the web serves and what a frozen copy would write; neither HTTP nor a command is
known here.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache

from feeds import formats
from feeds.documents import assemble, opml
from feeds.documents.representation import Representation
from feeds.domain import Category, Notice, Site, running_suspension
from feeds.formats import FORMATS, Format
from feeds.store.read import WHOLE_STORE, Snapshot
from feeds.urls import document_url, page_url

XML = "application/xml"
"""What a browser asks for; it shows the same bytes under this name."""


MOST_COMBINED = 20
"""How many categories one feed may combine."""

TOO_MANY = f"A feed combines at most {MOST_COMBINED} categories."


def subscription(
    snapshot: Snapshot, site: Site, slugs: Sequence[str], form: Format
) -> Representation | None:
    """Make the subscription document of a selection, or None where a category is unknown."""
    selection = snapshot.selection(slugs)
    if selection is None:
        return None
    # One more than are shown tells whether there are more.
    releases = snapshot.newest_releases(selection, site.entries + 1)
    notices = snapshot.notices()
    combined = len(selection.members) > 1
    newest_page = 0 if combined else snapshot.newest_page(selection)
    feed = assemble.subscription(site, selection, releases, notices, newest_page)
    return Representation(
        body=form.render(feed),
        media_type=form.media_type,
        changed=dated(snapshot, site, selection.changed),
        announced=announced(notices),
        alternative=_alternative(form),
        parts=frozenset(selection.members),
        keys=surrogate_keys(selection.categories),
    )


def archive(
    snapshot: Snapshot, site: Site, slugs: Sequence[str], number: int, form: Format
) -> Representation | None:
    """Make an archive document, or None where the category or the page is unknown."""
    selection = snapshot.selection(slugs)
    if selection is None:
        return None
    page = snapshot.page(selection, number)
    if page is None:
        return None
    releases = snapshot.page_releases(selection, page)
    feed = assemble.archive(site, selection, page, releases, snapshot.notices())
    return Representation(
        body=form.render(feed),
        media_type=form.media_type,
        changed=dated(snapshot, site, page.changed),
        alternative=_alternative(form),
        archived=True,
        parts=frozenset([(selection.members[0], page.number)]),
        keys=surrogate_keys(selection.categories),
    )


def outlines(snapshot: Snapshot, site: Site) -> Representation:
    """Make the list of all feeds: of all releases, then of each category."""
    form = next(iter(FORMATS.values()))
    selections = [snapshot.everything(), *snapshot.categories()]
    listed = [
        opml.Outline(
            title=assemble.selection_title(site, selection.categories),
            feed=f"{document_url(site, selection.categories)}.{form.extension}",
            page=page_url(site, selection.categories),
        )
        for selection in selections
    ]
    return Representation(
        body=opml.render(site.title, listed),
        media_type=opml.MEDIA_TYPE,
        changed=dated(snapshot, site, snapshot.head().instant),
        announced=announced(snapshot.notices()),
        parts=frozenset([WHOLE_STORE]),
        keys=surrogate_keys(()),
    )


def surrogate_keys(categories: Sequence[Category]) -> tuple[str, ...]:
    """Name what a CDN may purge a document by: its categories, or all releases."""
    return tuple(f"categories/{category.slug}" for category in categories) or ("releases",)


def _alternative(form: Format) -> str | None:
    return XML if form.media_type.endswith("+xml") else None


def dated(snapshot: Snapshot, site: Site, changed: datetime) -> datetime | None:
    """Return when a document changed last: with what it shows, or with the settings (rule 5).

    None in a process that was started with other settings than those noted last: what it makes
    is none of either date, and one that was started since has other bytes under the same.
    """
    head = snapshot.head()
    if head.settings_digest != settings_digest(site):
        return None
    return max(changed, head.settings_changed)


def announced(notices: Sequence[Notice]) -> datetime | None:
    """Return when the running suspension was announced."""
    suspension = running_suspension(notices)
    return suspension.announced if suspension else None


@lru_cache(maxsize=8)
def settings_digest(site: Site) -> str:
    """Identify what of the settings and the formats stands in documents (rule 5)."""
    stated = {field.name: str(getattr(site, field.name)) for field in fields(site)}
    stated["formats"] = str(formats.VERSION)
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()[:32]
