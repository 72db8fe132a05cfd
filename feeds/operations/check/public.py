"""The public address, asked as a feed reader asks it: what a proxy, a cache or a host spoils."""

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import brotli

from feeds.documents.version import settings_digest
from feeds.domain import Notice, Release, Site
from feeds.formats import FORMATS, Format
from feeds.operations.check.asking import (
    MOST_BYTES,
    Answer,
    UnansweredError,
    ask,
    certificate_end,
    follow,
)
from feeds.operations.check.document import read
from feeds.operations.check.seen import pictures_of
from feeds.store import Store
from feeds.store.read import Snapshot
from feeds.urls import comparable_address, release_url

T = TypeVar("T")

_SAMPLE = 5  # addresses of each kind
_RENEWAL = timedelta(days=14)
_SEEN_AFTER = timedelta(hours=2)
"""After this time no cache may still have the documents of before a suspension."""

_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: zlib.decompressobj(31).decompress(body, MOST_BYTES),
    "br": lambda body: brotli.Decompressor().process(body, output_buffer_limit=MOST_BYTES),
}


class _Known(NamedTuple):
    """What the store says about what should be public."""

    running: Notice | None
    dated: bool
    redirects: list[tuple[str, str]]
    originals: list[tuple[str, str]]
    pictures: list[str]


def public_faults(store: Store, site: Site) -> Iterator[str]:
    """Yield what readers meet at the public address, each with what to do."""
    with store.read() as snapshot:
        known = _known(snapshot, site)
    end = certificate_end(site.base_url)
    if end is not None and end < datetime.now(UTC) + _RENEWAL:
        yield f"The certificate of {site.base_url} ends on {end:%Y-%m-%d}: renew it."
    for form in FORMATS.values():
        url = f"{site.base_url}/releases.{form.extension}"
        try:
            yield from _feed_faults(url, form, known)
        except UnansweredError as error:
            yield f"{url} gives no answer: {error}. Look at the service, the proxy and the DNS."
            break
    for url, target in known.redirects:
        yield from _redirect_faults(url, target)
    for url, target in known.originals:
        yield from _original_faults(site, url, target)
    for url in known.pictures:
        yield from _picture_faults(url)


def _known(snapshot: Snapshot, site: Site) -> _Known:
    head = snapshot.head()
    renamed = [
        (f"{site.base_url}/categories/{old}.atom", f"{site.base_url}/categories/{slug}.atom")
        for slug, former in snapshot.former_slugs().items()
        for old in former
    ]
    base = urlsplit(site.base_url)
    moved = [
        (f"{base.scheme}://{base.netloc}{location}", site.base_url + str(target))
        for location, target in snapshot.redirects()
        if target.release is None or not snapshot.is_withdrawn(target.release)
    ]
    releases = _some_releases(snapshot)
    return _Known(
        running=snapshot.running_suspension(),
        # A clock that was ahead, or settings that are not recorded, leave out `Last-Modified`.
        dated=head.instant <= datetime.now(UTC) and head.settings_digest == settings_digest(site),
        redirects=_some(renamed) + _some(moved),
        originals=_some(
            [
                (one.original, release_url(site, one.path))
                for one in releases
                if one.original and _redirects_to(snapshot, one.original, one.path)
            ]
        ),
        pictures=_some(sorted({url for one in releases for url in _pictures(one)})),
    )


def _some_releases(snapshot: Snapshot) -> list[Release]:
    """Return the newest releases, and those of a random archive page."""
    everything = snapshot.everything()
    listed = snapshot.newest_listed(everything, snapshot.head().page_size)
    if newest := snapshot.newest_page(everything):
        found = snapshot.page((), random.randint(1, newest))  # noqa: S311 - a sample
        listed += snapshot.page_listed(*found) if found else []
    return list(snapshot.releases(listed).values())


def _redirects_to(snapshot: Snapshot, original: str, path: str) -> bool:
    """Return whether the original address of a release is that of no other release."""
    place = comparable_address(original)
    found = snapshot.redirect("", place[place.find("/") :])
    return found is not None and found[0].release == path


def _pictures(release: Release) -> Iterator[str]:
    yield from pictures_of(release.body)
    yield from (one.url for one in release.attachments if one.medium == "image")


def _some(items: Sequence[T]) -> list[T]:
    return random.sample(items, min(_SAMPLE, len(items)))


def _feed_faults(url: str, form: Format, known: _Known) -> Iterator[str]:
    answer = ask(url)
    if answer.location is not None:
        yield (
            f"{url} redirects to {answer.location}: set FEEDS_BASE_URL to the address that readers "
            "should use, or remove the redirect."
        )
        return
    if answer.is_html:
        yield (
            f"{url} is answered {answer.status} with a web page in place of the feed: exempt feeds "
            "from the challenge or the login of the CDN, the firewall or the proxy."
        )
        return
    if answer.status != 200:  # noqa: PLR2004 - OK
        yield f"{url} is answered {answer.status}: look at the service and the proxy."
        return
    yield from _header_faults(url, form, answer)
    yield from _document_faults(url, form, answer, known)
    yield from _validator_faults(url, answer, known)
    for coding, decode in _DECODERS.items():
        yield from _coding_faults(url, answer, coding, decode)


def _header_faults(url: str, form: Format, answer: Answer) -> Iterator[str]:
    if answer.media_type != form.media_type:
        yield (
            f"{url} has the media type {answer.media_type or 'none'}, not {form.media_type}: let "
            "the proxy pass Content-Type and Accept unchanged."
        )
    if answer.headers.get("Access-Control-Allow-Origin") != "*":
        yield (
            f"{url} has no Access-Control-Allow-Origin: *, so readers in browsers cannot read it: "
            "let the proxy pass this header."
        )
    if "accept-encoding" not in ",".join(answer.headers.get_all("Vary", [])).lower():
        yield (
            f"{url} has no Vary: Accept-Encoding, so a cache may mix the codings: let the proxy "
            "pass this header."
        )


def _document_faults(url: str, form: Format, answer: Answer, known: _Known) -> Iterator[str]:
    seen = read(form.extension, answer.body)
    for fault in seen.faults:
        yield f"{url}: {fault}. Look for a proxy that changes the content."
    if seen.faults:
        return
    if seen.address != url:
        yield (
            f"{url} says that its address is {seen.address}: start the service with the "
            "FEEDS_BASE_URL of this command."
        )
    running = known.running
    if running is None or running.announced > datetime.now(UTC) - _SEEN_AFTER:
        return
    if [item.id for item in seen.items[:1]] != [running.entry_id]:
        yield (
            f"{url} does not begin with the notice of the suspension: purge the cache, and check "
            "that the service reads this store."
        )


def _validator_faults(url: str, answer: Answer, known: _Known) -> Iterator[str]:
    asked = [("ETag", "If-None-Match")]
    if known.dated:
        asked.append(("Last-Modified", "If-Modified-Since"))
    for header, condition in asked:
        value = answer.headers.get(header)
        if value is None:
            yield (
                f"{url} has no {header}, so readers download it each time: let the proxy or the "
                "cache pass this header."
            )
            continue
        again = ask(url, {condition: value})
        # Another one means that the document has changed meanwhile.
        if again.status != 304 and again.headers.get(header) == value:  # noqa: PLR2004 - not modified
            yield (
                f"{url} is answered {again.status} instead of 304 for {condition}: let the proxy "
                "or the cache pass this header."
            )


def _coding_faults(
    url: str, plain: Answer, coding: str, decode: Callable[[bytes], bytes]
) -> Iterator[str]:
    answer = ask(url, {"Accept-Encoding": coding})
    if answer.headers.get("Content-Encoding", "identity").lower() != coding:
        yield (
            f"{url} is not sent in the content coding {coding}: let the proxy pass Accept-Encoding."
        )
        return
    try:
        content = decode(answer.body)
    except (zlib.error, brotli.error):
        content = None
    same = answer.headers.get("ETag") == plain.headers.get("ETag")
    if content is None or (same and content != plain.body):
        yield (
            f"{url} is damaged in the content coding {coding}: let the proxy not compress what is "
            "compressed, and purge the cache."
        )


def _redirect_faults(url: str, target: str) -> Iterator[str]:
    try:
        answer = ask(url)
    except UnansweredError as error:
        yield f"{url} gives no answer: {error}. Look at the service and the proxy."
        return
    if answer.status != 301 or answer.location != target:  # noqa: PLR2004 - moved permanently
        where = f" to {answer.location}" if answer.location else ""
        yield (
            f"{url} is answered {answer.status}{where} instead of 301 to {target}: let the proxy "
            "pass this address to the service (docs/redirects.md)."
        )


def _original_faults(site: Site, url: str, target: str) -> Iterator[str]:
    """Yield what is wrong with the old address of a release, if the old portal is not there."""
    try:
        end, answer = follow(url)
    except UnansweredError as error:
        yield (
            f"The old address {url} gives no answer: {error}. Let its host redirect to this "
            "service (docs/redirects.md)."
        )
        return
    old_portal = urlsplit(end).hostname == urlsplit(url).hostname != urlsplit(target).hostname
    if answer.status != 200 or not (end == target or old_portal):  # noqa: PLR2004 - OK
        yield (
            f"The old address {url} leads to {end} ({answer.status}) instead of {target}: let "
            f"its host redirect to {site.base_url} (docs/redirects.md)."
        )


def _picture_faults(url: str) -> Iterator[str]:
    advice = "put the picture back there, or import its release again with another address"
    try:
        _, answer = follow(url)
    except UnansweredError as error:
        yield f"The picture {url} gives no answer: {error}. If it stays away, {advice}."
        return
    if answer.status != 200 or not answer.media_type.startswith("image/"):  # noqa: PLR2004 - OK
        kind = answer.media_type or "nothing"
        yield f"The picture {url} is answered {answer.status} with {kind}: {advice}."
