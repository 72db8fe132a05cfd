"""Build documents: read one snapshot, assemble the feed and render it as a representation.

Nothing here knows HTTP or a command. A document is built from one snapshot, so that all of it
belongs to one state of the store (rule 6).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from feeds.documents import assemble, opml
from feeds.documents.representation import Representation
from feeds.documents.version import settings_digest
from feeds.domain import Category, Notice, Site, running_suspension
from feeds.errors import StoreError
from feeds.formats import FORMATS, Format
from feeds.store.read import WHOLE_STORE, Snapshot
from feeds.urls import document_url, page_url

_XML = "application/xml"

MOST_COMBINED = 20
"""Maximum number of categories in a combined feed."""

TOO_MANY = f"A feed combines at most {MOST_COMBINED} categories."


def subscription(
    snapshot: Snapshot, site: Site, slugs: Sequence[str], form: Format
) -> Representation | None:
    """Return the subscription document of a selection, or None if a category is unknown."""
    selection = snapshot.selection(slugs)
    if selection is None:
        return None
    # One release more than is shown tells whether the document is complete.
    releases = snapshot.newest_releases(selection, site.entries + 1)
    notices = snapshot.notices()
    combined = len(selection.members) > 1
    newest_page = 0 if combined else snapshot.newest_page(selection)
    with _writable_values():
        feed = assemble.subscription(site, selection, releases, notices, newest_page)
        body = form.render(feed)
    return Representation(
        body=body,
        media_type=form.media_type,
        changed=last_changed(snapshot, site, selection.changed),
        announced=announced(notices),
        alternative_type=_alternative_type(form),
        parts=frozenset(selection.members),
        surrogate_keys=surrogate_keys(selection.categories),
    )


def archive(
    snapshot: Snapshot, site: Site, slugs: Sequence[str], number: int, form: Format
) -> Representation | None:
    """Return an archive document, or None if the category or the page is unknown."""
    selection = snapshot.selection(slugs)
    if selection is None:
        return None
    page = snapshot.page(selection, number)
    if page is None:
        return None
    releases = snapshot.page_releases(selection, page)
    notices = snapshot.notices()
    with _writable_values():
        feed = assemble.archive(site, selection, page, releases, notices)
        body = form.render(feed)
    return Representation(
        body=body,
        media_type=form.media_type,
        changed=last_changed(snapshot, site, page.changed),
        alternative_type=_alternative_type(form),
        is_archive=True,
        parts=frozenset([(selection.members[0], page.number)]),
        surrogate_keys=surrogate_keys(selection.categories),
    )


def feed_list(snapshot: Snapshot, site: Site) -> Representation:
    """Return the OPML list of all feeds: the feed of all releases, then one for each category."""
    form = next(iter(FORMATS.values()))
    selections = [snapshot.everything(), *snapshot.categories()]
    outlines = [
        opml.Outline(
            title=assemble.selection_title(site, selection.categories),
            feed_url=f"{document_url(site, selection.categories)}.{form.extension}",
            page_url=page_url(site, selection.categories),
        )
        for selection in selections
    ]
    with _writable_values():
        body = opml.render(site.title, outlines)
    return Representation(
        body=body,
        media_type=opml.MEDIA_TYPE,
        changed=last_changed(snapshot, site, snapshot.head().instant),
        announced=announced(snapshot.notices()),
        parts=frozenset([WHOLE_STORE]),
        surrogate_keys=surrogate_keys(()),
    )


@contextmanager
def _writable_values() -> Iterator[None]:
    """Raise ``StoreError`` for a stored value that no document can contain.

    The imports allow no such value; it may come from a damaged disk or another program.
    """
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise StoreError(
            f"The release store holds a value that cannot be served: {error}"
        ) from error


def surrogate_keys(categories: Sequence[Category]) -> tuple[str, ...]:
    """Return the keys by which a CDN may purge a document about these categories."""
    return tuple(f"categories/{category.slug}" for category in categories) or ("releases",)


def _alternative_type(form: Format) -> str | None:
    """Return the media type under which a browser shows the same bytes instead of saving them."""
    return _XML if form.media_type.endswith("+xml") else None


def last_changed(snapshot: Snapshot, site: Site, changed: datetime) -> datetime | None:
    """Return when a document last changed, through its content or through the settings (rule 5).

    Returns None if this process runs with settings other than those that the store has recorded.
    Its bytes then belong to neither date: a process started after ``feeds migrate`` serves other
    bytes under the same one.
    """
    head = snapshot.head()
    if head.settings_digest != settings_digest(site):
        return None
    return max(changed, head.settings_changed)


def announced(notices: Sequence[Notice]) -> datetime | None:
    """Return when the running suspension was announced, or None if there is none."""
    suspension = running_suspension(notices)
    return suspension.announced if suspension else None
