"""Rows in one process: documents built from stores of different sizes, with nothing cached."""

import threading
from collections.abc import Callable
from functools import partial
from statistics import median

from sqlalchemy import Engine, event

from bench.corpus import category
from bench.feedgen_rival import atom, entry
from bench.measure import Bench, Result, Side, SkippedError, Target, ratios, timed
from bench.polls import FEW, PATH
from feeds.app import create_app
from feeds.documents import build
from feeds.formats import FORMATS
from feeds.settings import Settings
from feeds.store import Store
from feeds.web.pages import pages

SOME = 20_000
"""Releases in the two stores that differ in the number of their categories."""

FEW_CATEGORIES, MANY_CATEGORIES = 10, 10_000

_SLUG = category(0).slug
_ATOM = FORMATS["atom"]


def _cold_feed(store: Store, settings: Settings) -> str:
    """Build the feed of the largest category as for a first request; return its entity tag."""
    with store.read() as snapshot:
        document = build.subscription(settings.site, (_SLUG,), _ATOM, snapshot)
        if document is None:
            raise RuntimeError(f"the store has no category {_SLUG}")
        document.render(None)
    return document.metadata.etag


def _archive_page(store: Store, settings: Settings, number: int) -> str:
    """Build an archive document of all releases; return its entity tag."""
    with store.read() as snapshot:
        document = build.archive(settings.site, (), number, _ATOM, snapshot)
        if document is None:
            raise RuntimeError(f"the store has no archive page {number}")
        document.render(None)
    return document.metadata.etag


def _feed_of(settings: Settings) -> Callable[[], str]:
    return partial(_cold_feed, Store(settings.database_url), settings)


def _index_of(settings: Settings) -> Callable[[], str]:
    """Return a function that makes the index as for a first request and returns its entity tag."""
    application = create_app(settings)
    store = Store(settings.database_url)

    def make() -> str:
        with application.app_context(), store.read() as snapshot:
            return pages.index(settings.site, snapshot).metadata.etag

    return make


def cold(bench: Bench) -> list[Result]:
    """Compare a cold feed with feedgen alone, which gets its entries ready to render."""
    settings = bench.store(FEW)
    site = settings.site
    with Store(settings.database_url).read() as snapshot:
        selection = snapshot.selection((_SLUG,))
        if selection is None:
            raise RuntimeError(f"the store has no category {_SLUG}")
        releases = snapshot.releases(snapshot.newest_listed(selection, site.entries))
    entries = [entry(release, site.base_url, site.title) for release in releases.values()]
    url = f"{site.base_url}/categories/{_SLUG}.atom"
    feedgen = partial(atom, selection.feed_id, category(0).name, url, entries)
    what = f"cold feed of {len(entries)} entries"
    names = "from the store, with its entity tag", "feedgen alone"
    calls = _feed_of(settings), feedgen
    return [_compared(bench, "cold", what, names, calls, Target(2.5, at_least=False))]


def million(bench: Bench) -> list[Result]:
    """Compare a cold feed from a large store with the same feed from a small one."""
    sizes = bench.releases, FEW
    feeds = _feed_of(bench.store(sizes[0])), _feed_of(bench.store(sizes[1]))
    names = f"{sizes[0]:,} releases", f"{sizes[1]:,} releases"
    return [_compared(bench, "million", "cold feed", names, feeds, Target(1.2, at_least=False))]


def archive(bench: Bench) -> list[Result]:
    """Compare the oldest archive page of a large store with the newest."""
    settings = bench.store(bench.releases)
    store = Store(settings.database_url)
    with store.read() as snapshot:
        last = snapshot.newest_page(snapshot.everything())
    if not last:
        raise SkippedError("The store has no archive pages: build it again with --fresh.")
    oldest, newest = (partial(_archive_page, store, settings, n) for n in (1, last))
    names = "page 1, the oldest", f"page {last:,}, the newest"
    ends = oldest, newest
    return [_compared(bench, "archive", "archive page", names, ends, Target(1.2, at_least=False))]


def categories(bench: Bench) -> list[Result]:
    """Compare a store of very many categories with one of few: time and SQL statements."""
    many, few = bench.store(SOME, MANY_CATEGORIES), bench.store(SOME, FEW_CATEGORIES)
    names = f"{MANY_CATEGORIES:,} categories", f"{FEW_CATEGORIES:,} categories"
    feeds = _feed_of(many), _feed_of(few)
    indexes = _index_of(many), _index_of(few)
    return [
        _compared(bench, "categories", "cold feed", names, feeds, Target(1.2, at_least=False)),
        _compared(bench, "categories", "cold index", names, indexes, Target(5, at_least=False)),
        _counted("SQL statements of a feed", names, (many, few), PATH),
        _counted("SQL statements of the index page", names, (many, few), "/"),
    ]


def _compared(  # noqa: PLR0913, PLR0917 - each is a field of the result
    bench: Bench,
    row: str,
    what: str,
    names: tuple[str, str],
    calls: tuple[Callable[[], object], Callable[[], object]],
    target: Target,
) -> Result:
    ours, rival = bench.interleaved([timed(call) for call in calls])
    return Result(
        row=row,
        what=what,
        ours=Side(names[0], median(ours), "ms"),
        rival=Side(names[1], median(rival), "ms"),
        figures=ratios(ours, rival),
        target=target,
    )


def _counted(
    what: str, names: tuple[str, str], stores: tuple[Settings, Settings], path: str
) -> Result:
    ours, rival = (_statements(settings, path) for settings in stores)
    return Result(
        row="categories",
        what=what,
        ours=Side(names[0], ours, ""),
        rival=Side(names[1], rival, ""),
        figures=[ours / rival],
        target=Target(1, at_least=False),
    )


def _statements(settings: Settings, path: str) -> int:
    """Count the SQL statements of the first answer of a new application, on all its engines."""
    statements: list[str] = []
    requesting = threading.get_ident()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        # The thread that checks the revision at intervals does not belong to the answer.
        if threading.get_ident() == requesting:
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        answer = create_app(settings).test_client().get(path)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    if answer.status_code != 200 or not statements:  # noqa: PLR2004 - OK
        raise RuntimeError(f"{path} answers {answer.status} after {len(statements)} statements")
    return len(statements)
