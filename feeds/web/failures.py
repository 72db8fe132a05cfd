"""What is answered where nothing can be served: a page for people, one line of text for readers."""

from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from feeds.domain import Site
from feeds.errors import StoreError
from feeds.formats import FORMATS
from feeds.web import pages

_TEXT = "text/plain; charset=utf-8"
_PROBES = frozenset(["/healthz", "/readyz"])
_FOR_PROGRAMS = (
    *(f".{extension}" for extension in FORMATS),
    ".opml",
    ".css",
    ".js",
    ".txt",
    ".ico",
)
_RETRY_SECONDS = "30"


def failed(site: Site, error: HTTPException) -> WerkzeugResponse:
    """Answer an HTTP error."""
    response = error.get_response()
    if _for_people():
        _show(response, site)
    else:
        unknown = error.description == NotFound.description
        sentence = "There is nothing at this address." if unknown else error.description
        response.set_data(f"{sentence}\n")
        response.content_type = _TEXT
    return response


def away(site: Site, error: StoreError) -> Response:
    """Answer for a store that is away: when to ask again, and to programs also the reason."""
    response = sentence(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
    if _for_people():
        _show(response, site)
    response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def sentence(text: str, status: int) -> Response:
    """Answer one line of text that holds now alone."""
    response = Response(f"{text}\n", status, content_type=_TEXT)
    response.headers["Cache-Control"] = "no-store"
    return response


def _for_people() -> bool:
    """Whether a page is asked for, or what stood elsewhere: not what programs ask us for."""
    path = request.environ["PATH_INFO"]
    return path not in _PROBES and not path.endswith(_FOR_PROGRAMS)


def _show(response: WerkzeugResponse, site: Site) -> None:
    response.set_data(pages.error(site, HTTPStatus(response.status_code)))
    response.content_type = f"{pages.HTML}; charset=utf-8"
