"""Assemble feeds: which releases and notices a document contains, their order, texts and links.

These functions are pure. They know neither the formats, the store nor the clock.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from feeds.domain import (
    ArchivePage,
    Category,
    Entry,
    Feed,
    Link,
    ListedRelease,
    Notice,
    Release,
    Selection,
    Site,
    running_suspension,
)
from feeds.text.catalogue import Words
from feeds.text.html import Paragraph, Text, summary, text_html
from feeds.urls import archive_url, document_url, page_url, release_url


def subscription(
    site: Site,
    selection: Selection,
    releases: Sequence[ListedRelease],
    notices: Sequence[Notice],
    newest_page: int,
) -> Feed:
    """Return the subscription document of a selection.

    ``releases`` are the newest of the selection, newest first: ``site.entries`` of them, and one
    more if there are more. The notice of a running suspension is the first entry. Earlier notices
    are ordered by their date, before a release of the same instant, and do not count towards
    ``site.entries`` (rule 8). ``newest_page`` is the number of the newest archive page, 0 if there
    is none.
    """
    shown = releases[: site.entries]
    complete = len(releases) <= site.entries
    suspension = running_suspension(notices)
    earlier = [
        notice
        for notice in notices
        if not notice.running and (complete or notice.announced >= shown[-1].published)
    ]
    first = [suspension] if suspension else []
    entries = [*first, *_ordered(shown, earlier)]
    return replace(
        _feed(site, selection, entries, suspended=suspension is not None),
        previous=archive_url(site, selection.categories, newest_page) if newest_page else None,
        complete=complete,
    )


def archive(
    site: Site,
    selection: Selection,
    page: ArchivePage,
    releases: Sequence[ListedRelease],
    notices: Sequence[Notice],
) -> Feed:
    """Return the archive document of a page (RFC 5005 §4).

    ``releases`` are those of the page. It contains the earlier notices of its interval. A running
    suspension is not mentioned, so suspending and resuming change no archive document (rule 8).
    """
    # A notice sorts after a release of the same instant, so it belongs to the following page.
    earlier = [
        notice
        for notice in notices
        if not notice.running
        and notice.announced < page.until[0]
        and (page.after is None or notice.announced >= page.after[0])
    ]
    urls = {
        number: archive_url(site, selection.categories, number)
        for number in (page.number - 1, page.number, page.number + 1)
    }
    return replace(
        _feed(site, selection, _ordered(releases, earlier), suspended=False),
        address=urls[page.number],
        page_url=urls[page.number],
        invitation=site.words.gettext("This is a page of a feed's archive, for feed readers."),
        current=document_url(site, selection.categories),
        previous=urls[page.number - 1] if page.number > 1 else None,
        following=None if page.newest else urls[page.number + 1],
    )


def _ordered(
    releases: Sequence[ListedRelease], notices: Sequence[Notice]
) -> list[ListedRelease | Notice]:
    """Return releases, which are in order, and notices, newest first (rule 7)."""
    return sorted([*notices, *releases], key=_order, reverse=True) if notices else [*releases]


def _order(shown: ListedRelease | Notice) -> tuple[datetime, int, int]:
    if isinstance(shown, Notice):
        return shown.announced, 1, shown.rank
    return shown.published, 0, shown.rank


def _feed(
    site: Site,
    selection: Selection,
    entries: Sequence[ListedRelease | Notice],
    *,
    suspended: bool,
) -> Feed:
    words = site.words
    about = (
        words.gettext("Press releases: {category}").format(category=_names(selection.categories))
        if selection.categories
        else words.gettext("All press releases")
    )
    state = words.gettext("Suspended")
    return Feed(
        feed_id=selection.feed_id,
        title=selection_title(site, selection.categories),
        subtitle=f"{about}. {state}." if suspended else f"{about}.",
        updated=site.local(max((entry.updated for entry in entries), default=selection.created)),
        author=site.title,
        author_url=f"{site.base_url}/",
        author_email=site.contact,
        rights=site.rights,
        language=site.language,
        address=document_url(site, selection.categories),
        page_url=page_url(site, selection.categories),
        page_name=page_name(site),
        invitation=invitation(site),
        stylesheet=f"{site.root}/feed.css",
        category_scheme=f"{site.base_url}/categories",
        entries=tuple(entries),
    )


def invitation(site: Site) -> str:
    """Return the text that tells a person who opens a feed what it is and how to follow it."""
    return site.words.gettext(
        "This is a feed. Add its address to a feed reader to see everything that is published here."
    )


def page_name(site: Site) -> str:
    """Return the text of the link from a feed to its HTML page."""
    return site.words.gettext("View the releases as a page")


def selection_title(site: Site, categories: Sequence[Category]) -> str:
    """Return the title of a selection: the portal's title and the names of the categories."""
    return f"{site.title}: {_names(categories)}" if categories else site.title


def release_entry(site: Site, release: Release) -> Entry:
    """Return the entry of a release. Its content ends with the contact, if there is one."""
    content = release.body
    local = site.local(release.published)
    if release.contact:
        content += "\n" + contact_html(site, release.contact)
    authors = release.authors or (site.title,)
    links = [Link("alternate", release_url(site, release.path), "text/html")]
    if release.website:
        links.append(Link("related", release.website))
    if release.original:
        links.append(Link("via", release.original))
    return Entry(
        entry_id=release.entry_id,
        permanent_id=release.permanent_id,
        title=release.title,
        published=release.published,
        local=local,
        day=site.words.date(local),
        updated=release.updated,
        authors=authors,
        byline=site.words.names(authors),
        content=content,
        summary=release.summary,
        language=release.language if release.language != site.language else None,
        categories=release.categories,
        links=tuple(links),
        attachments=release.attachments,
    )


def contact_html(site: Site, contact: str) -> str:
    """Return an HTML paragraph with the contact of a release."""
    return _contact_html(site.words, contact)


@lru_cache(maxsize=1024)  # many releases share a contact, and finding links is slow
def _contact_html(words: Words, contact: str) -> str:
    text = words.gettext("Contact of the issuer: {contact}").format(contact=contact)
    return text_html([Paragraph(text)])


@lru_cache(maxsize=64)  # after an announcement each document begins with the same notice
def notice_entry(site: Site, notice: Notice) -> Entry:
    """Return the entry of a notice."""
    content = text_html([Text(notice_text(site, notice))])
    local = site.local(notice.announced)
    return Entry(
        entry_id=notice.entry_id,
        permanent_id=notice.entry_id,
        title=notice.title,
        published=notice.announced,
        local=local,
        day=site.words.date(local),
        updated=notice.updated,
        authors=(site.title,),
        byline=site.title,
        content=content,
        summary=summary(content),
        language=None,
        categories=(),
        links=(Link("alternate", f"{site.base_url}/", "text/html"),),
    )


def notice_text(site: Site, notice: Notice) -> str:
    """Return the text of a notice as readers see it: that of a suspension ends with its date."""
    if notice.since is None:
        return notice.text
    return f"{notice.text}\n\n{site.words.since(site.local(notice.since))}"


def _names(categories: Sequence[Category]) -> str:
    return ", ".join(category.name for category in categories)
