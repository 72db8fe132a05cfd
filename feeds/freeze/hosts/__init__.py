"""The configurations that make a host answer as the service does.

Each is a template beside this module. ``@name`` in it stands for a value, or for the lines of all
old addresses, which are written one by one.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from feeds.documents import opml
from feeds.documents.representation import Metadata
from feeds.domain import Site
from feeds.formats import FORMATS
from feeds.freeze.generations import SITE
from feeds.freeze.hosts.redirects import Old, lines
from feeds.urls import ASSETS
from feeds.web.http.conditional import ALLOWED_METHODS
from feeds.web.http.response import (
    BROWSER_HEADERS,
    COMMON_HEADERS,
    PICTURE_HEADERS,
    attachment,
    content_type,
)
from feeds.web.pages.assets import assets
from feeds.web.redirects import MOVED_CACHE_CONTROL

FILES: Final = (
    "nginx-http.conf",
    "nginx-server.conf",
    "Caddyfile",
    "apache.conf",
    "apache-moved.txt",
    "apache-permalinks.txt",
    "apache-renamed.txt",
    f"{SITE}/_headers",
    f"{SITE}/_redirects",
)

_NAME: Final = re.compile(r"@([a-z_]+)")
_SMALLEST_HASH: Final = 2048


def values(site: Site, folder: Path, announced: datetime | None, now: datetime) -> dict[str, str]:
    """Return what the templates have in common, with the freshness of documents at ``now``."""
    return {
        "folder": str(folder),
        "parent": str(folder.parent),
        "host": urlsplit(site.base_url).netloc,
        "base_url": site.base_url,
        "root": urlsplit(site.base_url).path,
        "methods": ALLOWED_METHODS,
        "policy": BROWSER_HEADERS[0][1],
        "picture_policy": PICTURE_HEADERS[0][1],
        "attachment": attachment(opml.FILE_NAME),
        "cache": Metadata("", "", announced=announced).cache_control(now),
        "cache_archive": Metadata("", "", is_archive=True).cache_control(now),
        "cache_assets": Metadata("", "").cache_control(now),
        "cache_moved": MOVED_CACHE_CONTROL,
        "assets": "|".join(map(re.escape, ASSETS)),
        "extensions": "|".join(types(site)),
    }


def types(site: Site) -> dict[str, str]:
    """Return the media types by the extensions of what is not a page."""
    found = {form.extension: form.media_type for form in FORMATS.values()}
    found["opml"] = opml.MEDIA_TYPE
    found["xml"] = "application/xml"
    for name, asset in assets(site).items():
        found[name.rpartition(".")[2]] = asset.metadata.media_type
    return {extension: content_type(media_type) for extension, media_type in found.items()}


def write(file: Path, site: Site, shared: Mapping[str, str], old: Old) -> None:
    """Write the configuration that a template of the same name describes."""
    template = files(__name__).joinpath(file.name).read_text()
    found = {**shared, **_texts(site, shared, old)}
    moved = lines(old, shared["root"], shared["base_url"])
    with file.open("wb") as output:
        for place, text in enumerate(_NAME.split(template)):
            if place % 2 == 0:
                output.write(text.encode())
            elif text in moved:
                output.writelines(moved[text]())
            else:
                output.write(found.get(text, f"@{text}").encode())  # a name of Caddy's own stays


def _texts(site: Site, shared: Mapping[str, str], old: Old) -> dict[str, str]:
    """Return the parts of single configurations."""
    own, root = types(site), shared["root"]
    lists = (*(f"releases.{form}" for form in FORMATS), opml.FILE_NAME)
    return {
        "types": "".join(f'    "~^200:.*\\.{end}$"  "{type_}";\n' for end, type_ in own.items()),
        "bare": f'\n    "{root}"  {root}/index.html;' if root else "",
        "common": "".join(
            f'        add_header {name} "{value}";\n' for name, value in COMMON_HEADERS
        ),
        "common_always": "".join(
            f'    add_header {name} "{value}" always;\n' for name, value in COMMON_HEADERS
        ),
        "caddy_bare": f"    @bare path {root}\n    rewrite @bare {root}/\n" if root else "",
        "caddy_common": "".join(f'    header {name} "{value}"\n' for name, value in COMMON_HEADERS),
        "caddy_types": "".join(
            f'    @{end} path *.{end}\n    header @{end} Content-Type "{type_}"\n'
            for end, type_ in own.items()
        ),
        "hash_size": str(max(_SMALLEST_HASH, old.number)),
        "apache_bare": f"RewriteRule ^{root}$ - [E=FROZEN_FILE:{root}/index.html]\n"
        if root
        else "",
        "apache_weights": "".join(_apache_weights()),
        "apache_types": "".join(
            f'RewriteRule \\.{end}$ - "[T={type_}]"\n' for end, type_ in own.items()
        ),
        "apache_common": "".join(
            f'Header always set {name} "{value}"\n' for name, value in COMMON_HEADERS
        ),
        "static_common": "".join(f"  {name}: {value}\n" for name, value in COMMON_HEADERS),
        "static_files": "".join(
            f"{root}/{name}\n  Cache-Control: {shared[cache]}\n"
            f"  Content-Type: {own[name.rpartition('.')[2]]}\n"
            + (f"  Content-Disposition: {shared['attachment']}\n" if name == opml.FILE_NAME else "")
            for cache, names in (("cache", lists), ("cache_assets", ASSETS))
            for name in names
        ),
        # Netlify takes the dot for any character: these patterns must not match a release.
        "static_feeds": "".join(
            f"{root}/{folder}/*.{form}\n  Content-Type: {own[form]}\n"
            for folder in ("releases/archive", "categories")
            for form in FORMATS
        ),
    }


def _apache_weights() -> Iterator[str]:
    """Yield the rules that read weights; the first value that a variable gets is 0."""
    accept, own = "%{HTTP:Accept}", r"^[^|]*\.(?:atom|rss)\|(?:.*,)?\s*"
    codings = "%{HTTP:Accept-Encoding}"
    listed = r"(?:^|,)\s*"
    everything, application = r"\*/\*", r"application/\*"
    for variable, header, names in (
        ("XML", accept, [listed + everything, listed + application, listed + "application/xml"]),
        (
            "OWN",
            "%{REQUEST_URI}|" + accept,
            [
                own + everything,
                own + application,
                r"^[^|]*\.(?:atom\|(?:.*,)?\s*application/atom|rss\|(?:.*,)?\s*application/rss)\+xml",
            ],
        ),
        ("BR", codings, [listed + r"\*", listed + "br"]),
        ("GZIP", codings, [listed + r"\*", listed + "gzip"]),
        ("IDENTITY", codings, [listed + "identity"]),
    ):
        yield f"RewriteRule ^ - [E=FROZEN_{variable}:0]\n"
        for name in names:
            for end, weight in ((r"(?:[;,]|$)", "10"), (r"(?:;[^,]*)?;\s*q=0\.?(\d?)", "0%1")):
                yield f'RewriteCond "{header}" "{name}\\s*{end}" [NC,NV]\n'
                yield f"RewriteRule ^ - [E=FROZEN_{variable}:{weight}]\n"
