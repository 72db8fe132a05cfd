"""The HTML pages: index, category, list of categories, archive page, release and error."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from math import ceil
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

from feeds.documents.assemble import contact_html
from feeds.documents.build import CATEGORIES_ON_A_PAGE, MOST_COMBINED
from feeds.documents.representation import Representation
from feeds.domain import Notice, Selection, Site
from feeds.store.read import Snapshot
from feeds.urls import archive_url, category_list_url, page_url, release_url
from feeds.web.pages import layout
from feeds.web.pages.category_list import alphabetical
from feeds.web.pages.media import Media
from feeds.web.pages.news_article import news_article
from feeds.web.pages.year_chart import YearChart

_MANY: Final = 40  # categories; the index of a portal with more offers letters and a search
_MOST_LISTED: Final = 300  # categories; the index of a portal with more lists only the largest
_LARGEST: Final = 40  # categories on such an index
_AROUND: Final = 3  # archive pages before and after one that it links to


def index(site: Site, snapshot: Snapshot, *, chooser: bool = True) -> Representation:
    """Return the index: announcement, feeds, categories and newest releases.

    Without the ``chooser`` it needs no server: files cannot combine the categories of a form.
    """
    everything = snapshot.everything()
    count = snapshot.count_categories()
    if count <= _MOST_LISTED:
        categories = _sorted(site, snapshot.categories())
    else:
        largest = _sorted(site, snapshot.largest_categories(_LARGEST))
        categories = sorted(largest, key=lambda selection: selection.count, reverse=True)
    releases = snapshot.newest_headlines(everything, site.entries)
    initials = _initials(site, categories) if _MANY < count <= _MOST_LISTED else {}
    return layout.page(
        "index.html",
        snapshot,
        site,
        (),
        choosing=chooser,
        address=page_url(site, ()),
        feeds=layout.feeds(site, ()),
        chart=YearChart.of(snapshot, everything),
        categories=categories,
        initials=initials,
        count=count,
        most_combined=MOST_COMBINED,
        releases=releases,
        older=layout.older(snapshot, site, everything, releases),
    )


def _initials(site: Site, categories: Sequence[Selection]) -> dict[str, str]:
    """Return each initial letter with the slug of the first category that has it."""
    initials: dict[str, str] = {}
    for selection in categories:
        (category,) = selection.categories
        initials.setdefault(site.words.alphabet.initial(category.name), category.slug)
    return initials


def category(site: Site, slug: str, snapshot: Snapshot) -> Representation | None:
    """Return the page of a category, or None if it is unknown."""
    selection = snapshot.selection((slug,))
    if selection is None:
        return None
    releases = snapshot.newest_headlines(selection, site.entries)
    return layout.page(
        "category.html",
        snapshot,
        site,
        selection.categories,
        address=page_url(site, selection.categories),
        feeds=layout.feeds(site, selection.categories) + layout.feeds(site, ()),
        category=selection.categories[0],
        chart=YearChart.of(snapshot, selection),
        releases=releases,
        older=layout.older(snapshot, site, selection, releases),
    )


def category_list(  # noqa: PLR0913 - the number, and each field of the form
    site: Site,
    number: int,
    text: str,
    selected: Sequence[str],
    snapshot: Snapshot,
    *,
    chooser: bool = True,
) -> Representation | None:
    """Return a page of the list of categories, or None if there is none with this number.

    With a ``text``, only the categories with this text in their name are listed. The categories
    with the slugs ``selected`` are at the top of the page, and its links keep them.
    Without the ``chooser`` the page has no form.
    """
    everything = alphabetical(snapshot, site.words)
    slugs = everything.search(text) if text else everything.slugs
    last = max(1, ceil(len(slugs) / CATEGORIES_ON_A_PAGE))
    if number > last:
        return None
    shown = slugs[(number - 1) * CATEGORIES_ON_A_PAGE : number * CATEGORIES_ON_A_PAGE]
    by_slug = snapshot.categories_by_slug([*shown, *selected])
    kept = [by_slug[slug] for slug in selected if slug in by_slug]
    keeping = [("category", selection.categories[0].slug) for selection in kept]
    return layout.page(
        "category_list.html",
        snapshot,
        site,
        (),
        choosing=chooser,
        address="" if text else category_list_url(site, number),
        feeds=layout.feeds(site, ()),
        page=number,
        last=last,
        text=text,
        found=len(slugs),
        keeping=_query(keeping),
        searching=_query([("name", text), *keeping] if text else keeping),
        selected=_sorted(site, kept),
        categories=[by_slug[slug] for slug in shown if slug not in selected],
        initials={
            initial: (place // CATEGORIES_ON_A_PAGE + 1, everything.slugs[place])
            for initial, place in everything.initials.items()
        },
        most_combined=MOST_COMBINED,
    )


def _query(fields: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(fields)}" if fields else ""


def _sorted(site: Site, categories: Iterable[Selection]) -> list[Selection]:
    return sorted(categories, key=lambda selection: site.words.order(selection.categories[0].name))


def archive(
    site: Site, slugs: Sequence[str], number: int, snapshot: Snapshot
) -> Representation | None:
    """Return an archive page, or None if there is none with this number."""
    found = snapshot.page(slugs, number)
    if found is None:
        return None
    selection, page = found
    heading = site.words.gettext("All press releases")
    return layout.page(
        "archive.html",
        snapshot,
        site,
        selection.categories,
        address=archive_url(site, selection.categories, number),
        feeds=layout.feeds(site, selection.categories) + (layout.feeds(site, ()) if slugs else []),
        heading=selection.categories[0].name if selection.categories else heading,
        categories=selection.categories,
        page=page,
        pages=snapshot.page_dates(selection, _near(number, snapshot.newest_page(selection))),
        releases=snapshot.page_headlines(selection, page),
    )


def _near(number: int, newest: int) -> list[int]:
    """Return the numbers of the first archive page, the newest one and those around a number."""
    around = range(max(1, number - _AROUND), min(newest, number + _AROUND) + 1)
    return sorted({1, newest, *around})


def release(site: Site, path: str, snapshot: Snapshot) -> Representation | None:
    """Return the page of a release, or None if it is unknown or withdrawn."""
    found = snapshot.release(path)
    if found is None:
        return None
    feeds = [link for category in found.categories for link in layout.feeds(site, (category,))]
    media = Media.of(found, site.words)
    no_contact = site.words.gettext("The issuer's contact details are not available at present.")
    page = layout.page(
        "release.html",
        snapshot,
        site,
        found.categories,
        address=release_url(site, found.path),
        feeds=feeds + layout.feeds(site, ()),
        release=found,
        byline=site.words.names(found.authors),
        media=media,
        published=site.local(found.published),
        updated=site.local(found.updated),
        contact=Markup(contact_html(site, found.contact)) if found.contact else no_contact,  # noqa: S704 - feeds.text.html escaped it
        neighbours=[
            (category, *neighbours)
            for category in found.categories
            if (selection := snapshot.selection((category.slug,)))
            and any(neighbours := snapshot.neighbours(selection, found))
        ],
        news_article=news_article(site, found, media.picture),
    )
    return replace(page, metadata=replace(page.metadata, shows_pictures=True))


def error(
    site: Site, status: HTTPStatus, notices: Sequence[Notice], *, too_many: bool = False
) -> Representation:
    """Return the page of an error; ``too_many`` means too many categories for a combined feed."""
    words = site.words
    sentences = {
        HTTPStatus.NOT_FOUND: (
            words.gettext("There is nothing at this address"),
            words.gettext(
                "The address may be mistyped. The home page lists all releases and categories."
            ),
        ),
        HTTPStatus.METHOD_NOT_ALLOWED: (
            words.gettext("This address can only be read"),
            words.gettext("Nothing can be sent to this service."),
        ),
        HTTPStatus.GONE: (
            words.gettext("This press release has been withdrawn"),
            words.gettext("It is no longer available here and has not moved elsewhere."),
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: (
            words.gettext("The archive is unavailable at the moment"),
            words.gettext("Please try again in a few minutes."),
        ),
    }
    sentence, advice = sentences.get(
        status,
        (
            words.gettext("Something went wrong"),
            words.gettext("Please try again later."),
        ),
    )
    if too_many:
        sentence = words.gettext("A feed can combine at most {most} categories.")
        sentence = sentence.format(most=MOST_COMBINED).rstrip(".")
        advice = words.gettext("Go back and select fewer.")
    body = layout.rendered(
        "error.html",
        site,
        notices,
        feeds=layout.feeds(site, ()),
        status=status.value,
        sentence=sentence,
        advice=advice,
    )
    return layout.representation(body)
