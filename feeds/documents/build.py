"""The documents for programs: their metadata, and their bytes, from one snapshot of the store.

Nothing here knows HTTP or a command. The metadata come from one statement: an entity tag is made
from the tokens of the document's parts, so a poll that is answered 304 renders nothing (rule 4).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from feeds.documents import assemble, opml
from feeds.documents.body import Body, Rendering
from feeds.documents.rendering import render
from feeds.documents.representation import Document, Metadata, entity_tag
from feeds.documents.version import settings_digest
from feeds.domain import ArchivePage, PreviousState, Selection, Site
from feeds.errors import StoreError
from feeds.formats import FORMATS, Format
from feeds.store.read import WHOLE_STORE, Part, Snapshot
from feeds.urls import document_url, page_url

_XML = "application/xml"

MOST_COMBINED = 20
"""Maximum number of categories in a combined feed."""

CATEGORIES_ON_A_PAGE = 100
"""Number of categories on a page of their list."""

TOO_MANY = f"A feed combines at most {MOST_COMBINED} categories."


def subscription(
    site: Site, slugs: Sequence[str], form: Format, snapshot: Snapshot
) -> Document | None:
    """Return the subscription document of a selection, or None if a category is unknown."""
    selection = snapshot.selection(slugs)
    if selection is None:
        return None
    metadata_of = partial(_feed_metadata, snapshot, site, slugs, selection.members)

    def document_in(form: Format) -> Document:
        metadata = metadata_of(selection.tokens, selection.changed, form)
        return Document(
            replace(metadata, announced=snapshot.head().announced),
            partial(_subscription, site, selection, form, snapshot),
            _previous(partial(metadata_of, form=form), selection.previous),
        )

    return _with_other_formats(document_in, form)


def _subscription(
    site: Site, selection: Selection, form: Format, snapshot: Snapshot, previous: Body | None
) -> Rendering:
    # One release more than is shown tells whether the document is complete.
    releases = snapshot.newest_listed(selection, site.entries + 1, whole=previous is None)
    notices = snapshot.notices()
    combined = len(selection.members) > 1
    newest_page = 0 if combined else snapshot.newest_page(selection)
    with writable_values():
        feed = assemble.subscription(site, selection, releases, notices, newest_page)
        return render(site, form, feed, snapshot.releases, previous)


def archive(
    site: Site, slugs: Sequence[str], number: int, form: Format, snapshot: Snapshot
) -> Document | None:
    """Return an archive document, or None if the category or the page is unknown."""
    found = snapshot.page(slugs, number)
    if found is None:
        return None
    selection, page = found
    part = (selection.members[0], number)
    metadata_of = partial(_feed_metadata, snapshot, site, slugs, (part,))

    def document_in(form: Format) -> Document:
        return Document(
            replace(metadata_of((page.token,), page.changed, form), is_archive=True),
            partial(_archive, site, selection, page, form, snapshot),
            _previous(partial(metadata_of, form=form), page.previous),
        )

    return _with_other_formats(document_in, form)


def _archive(  # noqa: PLR0913, PLR0917 - all but the last are known before it is rendered
    site: Site,
    selection: Selection,
    page: ArchivePage,
    form: Format,
    snapshot: Snapshot,
    previous: Body | None,
) -> Rendering:
    releases = snapshot.page_listed(selection, page, whole=previous is None)
    notices = snapshot.notices()
    with writable_values():
        feed = assemble.archive(site, selection, page, releases, notices)
        return render(site, form, feed, snapshot.releases, previous)


def _feed_metadata(  # noqa: PLR0913, PLR0917 - each is something else that a tag depends on
    snapshot: Snapshot,
    site: Site,
    slugs: Sequence[str],
    parts: tuple[Part, ...],
    tokens: tuple[int, ...],
    changed: datetime,
    form: Format,
) -> Metadata:
    return Metadata(
        changed=last_changed(snapshot, site, changed),
        etag=entity_tag(form.extension, parts, tokens, *tag_settings(snapshot, site)),
        media_type=form.media_type,
        # Browsers show the same bytes under this media type instead of saving them.
        alternative_type=_XML if form.media_type.endswith("+xml") else None,
        parts=parts if has_recorded_settings(snapshot, site) else (WHOLE_STORE,),
        surrogate_keys=surrogate_keys(slugs),
    )


def _previous(
    metadata_of: Callable[[tuple[int, ...], datetime], Metadata], state: PreviousState | None
) -> Callable[[], tuple[Metadata, int]] | None:
    if state is None:
        return None
    return lambda: (metadata_of(state.tokens, state.changed), state.revision)


def _with_other_formats(document_in: Callable[[Format], Document], form: Format) -> Document:
    """Return a document in one format, with what makes it in the others."""
    others = (other for other in FORMATS.values() if other is not form)
    made = {other.extension: partial(document_in, other) for other in others}
    return replace(document_in(form), in_other_formats=made)


def has_recorded_settings(snapshot: Snapshot, site: Site) -> bool:
    """Return whether this process runs with the settings that ``feeds migrate`` has recorded."""
    return snapshot.head().settings_digest == settings_digest(site)


def tag_settings(snapshot: Snapshot, site: Site) -> tuple[str, int | None]:
    """Return what an entity tag has of the settings: their digest and a token.

    A command decides by its own settings what changes visibly. What it did not find visible with
    them may be visible with other settings, later or in a process that was not restarted.
    """
    head = snapshot.head()
    recorded = has_recorded_settings(snapshot, site)
    return settings_digest(site), head.settings_token if recorded else head.token


def feed_list(site: Site, snapshot: Snapshot) -> Document:
    """Return the OPML list of all feeds: the feed of all releases, then one for each category."""
    head = snapshot.head()
    metadata = Metadata(
        etag=entity_tag("list", head.list_token, settings_digest(site)),
        media_type=opml.MEDIA_TYPE,
        changed=last_changed(snapshot, site, head.list_changed),
        announced=head.announced,
        # The list is one of categories, but its freshness depends on the notices.
        parts=(WHOLE_STORE,),
        surrogate_keys=surrogate_keys(()),
        file_name=opml.FILE_NAME,
    )
    return Document(metadata, partial(_feed_list, site, snapshot))


def _feed_list(site: Site, snapshot: Snapshot, _previous: Body | None) -> Rendering:
    form = next(iter(FORMATS.values()))
    outlines = [
        opml.Outline(
            title=assemble.selection_title(site, selection.categories),
            feed_url=f"{document_url(site, selection.categories)}.{form.extension}",
            page_url=page_url(site, selection.categories),
        )
        for selection in (snapshot.everything(), *snapshot.categories())
    ]
    with writable_values():
        return Rendering(opml.render(site.title, outlines))


@contextmanager
def writable_values() -> Iterator[None]:
    """Raise ``StoreError`` for a stored value that no document can contain.

    The imports allow no such value; it may come from a damaged disk or another program.
    """
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise StoreError(
            f"The release store holds a value that cannot be served: {error}"
        ) from error


def surrogate_keys(slugs: Sequence[str]) -> str:
    """Return the keys by which a CDN may purge a document about these categories."""
    return " ".join(f"categories/{slug}" for slug in slugs) or "releases"


def last_changed(snapshot: Snapshot, site: Site, changed: datetime) -> datetime | None:
    """Return when a document last changed, through its content or through the settings (rule 5).

    Returns None if this process runs with settings other than those that the store has recorded.
    Its bytes then belong to neither date: a process started after ``feeds migrate`` serves other
    bytes under the same one.
    """
    if not has_recorded_settings(snapshot, site):
        return None
    return max(changed, snapshot.head().settings_changed)
