"""Releases and notices into a feed: which stand in it, in what order, under which words and links.

Pure: the same arguments give the same feed. Nothing here knows a format, the store or the clock.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from feeds.domain import (
    ArchivePage,
    Category,
    Entry,
    Feed,
    Link,
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
    releases: Sequence[Release],
    notices: Sequence[Notice],
    newest_page: int,
) -> Feed:
    """Make the subscription document of a selection.

    ``releases`` are its newest, newest first, one more than ``site.entries`` if there are more.
    The notice of a running suspension stands first. Earlier notices stand by their date, above a
    release of the same instant, and take no release's place (rule 8). ``newest_page`` is the
    number of its newest archive page; 0 where there is none.
    """
    shown = releases[: site.entries]
    whole = len(releases) <= site.entries
    suspension = running_suspension(notices)
    earlier = [
        notice
        for notice in notices
        if not notice.running and (whole or notice.announced >= shown[-1].published)
    ]
    entries = [notice_entry(site, suspension)] if suspension else []
    return replace(
        _feed(
            site,
            selection,
            entries + _dated(site, shown, earlier),
            suspended=suspension is not None,
        ),
        previous=archive_url(site, selection.categories, newest_page) if newest_page else None,
        complete=whole,
    )


def archive(
    site: Site,
    selection: Selection,
    page: ArchivePage,
    releases: Sequence[Release],
    notices: Sequence[Notice],
) -> Feed:
    """Make the archive document of a page with its releases (RFC 5005 §4).

    Earlier notices stand in the page whose interval takes them in. A running suspension leaves no
    trace, so that to suspend and to resume change no archive document (rule 8).
    """
    # A notice stands above a release of its instant: after a fence there, and before the next.
    earlier = [
        notice
        for notice in notices
        if not notice.running
        and notice.announced < page.until[0]
        and (page.after is None or notice.announced >= page.after[0])
    ]
    around = {
        number: archive_url(site, selection.categories, number)
        for number in (page.number - 1, page.number, page.number + 1)
    }
    return replace(
        _feed(site, selection, _dated(site, releases, earlier), suspended=False),
        address=around[page.number],
        page_url=around[page.number],
        invitation=site.words.gettext(
            "This is a part of the archive of a feed, as feed readers fetch it."
        ),
        current=document_url(site, selection.categories),
        previous=around[page.number - 1] if page.number > 1 else None,
        following=None if page.newest else around[page.number + 1],
    )


def _dated(site: Site, releases: Sequence[Release], notices: Sequence[Notice]) -> list[Entry]:
    """Order releases and notices by their date, the newest first (rule 7)."""
    dated = [(notice.announced, 1, notice.rank, notice_entry(site, notice)) for notice in notices]
    dated += [
        (release.published, 0, release.rank, release_entry(site, release)) for release in releases
    ]
    dated.sort(key=lambda item: item[:3], reverse=True)
    return [item[3] for item in dated]


def _feed(site: Site, selection: Selection, entries: Sequence[Entry], *, suspended: bool) -> Feed:
    said = site.words
    about = (
        said.gettext("Press releases: {category}").format(category=_names(selection.categories))
        if selection.categories
        else said.gettext("All press releases")
    )
    state = said.gettext("Suspended")
    return Feed(
        feed_id=selection.feed_id,
        title=selection_title(site, selection.categories),
        subtitle=f"{about}. {state}." if suspended else f"{about}.",
        updated=max((entry.updated for entry in entries), default=site.local(selection.created)),
        author=site.title,
        author_url=f"{site.base_url}/",
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
    """Tell a person who has opened a feed what it is, and how to follow it."""
    return site.words.gettext(
        "This is a feed: give its address to a feed reader, which then shows you all that is "
        "published here."
    )


def page_name(site: Site) -> str:
    """Say what the page is that a feed leads a person to."""
    return site.words.gettext("Read the releases as a page")


def selection_title(site: Site, categories: Sequence[Category]) -> str:
    """Return the title of a selection: the portal's, and the categories' names."""
    return f"{site.title}: {_names(categories)}" if categories else site.title


def release_entry(site: Site, release: Release) -> Entry:
    """Make the entry of a release. The contact, where there is one, closes its content."""
    content = release.body
    if release.contact:
        content += "\n" + contact(site, release.contact)
    links = [Link("alternate", release_url(site, release.path), "text/html")]
    if release.website:
        links.append(Link("related", release.website))
    if release.original:
        links.append(Link("via", release.original))
    return Entry(
        entry_id=release.entry_id,
        title=release.title,
        published=site.local(release.published),
        updated=site.local(release.updated),
        author=release.author or site.title,
        content=content,
        summary=release.summary,
        language=release.language if release.language != site.language else None,
        categories=release.categories,
        links=tuple(links),
    )


def contact(site: Site, stated: str) -> str:
    """Return the paragraph of HTML that names the contact of a release."""
    return _contact(site.words, stated)


@lru_cache(maxsize=1024)  # few contacts issue many releases, and finding links takes long
def _contact(said: Words, contact: str) -> str:
    text = said.gettext("Contact of the issuer: {contact}").format(contact=contact)
    return text_html([Paragraph(text)])


def notice_entry(site: Site, notice: Notice) -> Entry:
    """Make the entry of a notice. Since when a suspension holds is said in its text."""
    content = text_html([Text(notice.text)])
    if notice.since is not None:
        since = site.words.since(site.local(notice.since))
        content += "\n" + text_html([Paragraph(since)])
    return Entry(
        entry_id=notice.entry_id,
        title=notice.title,
        published=site.local(notice.announced),
        updated=site.local(notice.updated),
        author=site.title,
        content=content,
        summary=summary(content),
        language=None,
        categories=(),
        links=(Link("alternate", f"{site.base_url}/", "text/html"),),
    )


def _names(categories: Sequence[Category]) -> str:
    return ", ".join(category.name for category in categories)
