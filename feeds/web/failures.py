"""What is answered where nothing can be served: a page for people, one line of text for readers."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from flask import Response, request
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from feeds.domain import Notice, Site
from feeds.errors import StoreError
from feeds.formats import FORMATS
from feeds.store.engine import READ_SECONDS
from feeds.store.reads import snapshot
from feeds.web import pages
from feeds.web.cache import Cache

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
_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = "30"
_AWAY = f"The archive cannot be reached at the moment: ask again in {_RETRY_SECONDS} seconds."


class Failures:
    """The answers of one portal; a page shows its announcement, where that can be had."""

    def __init__(self, site: Site, engine: Engine, cache: Cache) -> None:
        self._site = site
        self._engine = engine
        self._cache = cache

    def failed(self, error: HTTPException) -> WerkzeugResponse:
        """Answer an HTTP error."""
        response = error.get_response()
        if _for_people():
            # A defect of ours may be one of theirs.
            ours = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            self._show(response, error.description, () if ours else self._notices())
        else:
            unknown = error.description == NotFound.description
            sentence = "There is nothing at this address." if unknown else error.description
            response.set_data(f"{sentence}\n")
            response.content_type = _TEXT
        return response

    def away(self, error: StoreError) -> Response:
        """Answer for a store that is away: when to ask again.

        The reason may name hosts and users of the operator's, and is for the log.
        """
        _LOG.warning("Answered 503: %s", error)
        response = sentence(_AWAY, HTTPStatus.SERVICE_UNAVAILABLE)
        if _for_people():
            self._show(response, None, ())
        response.headers["Retry-After"] = _RETRY_SECONDS
        return response

    def _notices(self) -> Sequence[Notice]:
        if not self._cache.away:
            with suppress(StoreError), snapshot(self._engine, seconds=READ_SECONDS) as state:
                return state.notices()
        return ()

    def _show(
        self, response: WerkzeugResponse, told: str | None, notices: Sequence[Notice]
    ) -> None:
        status = HTTPStatus(response.status_code)
        response.set_data(pages.error(self._site, status, told, notices))
        response.content_type = f"{pages.HTML}; charset=utf-8"


def sentence(text: str, status: int) -> Response:
    """Answer one line of text that holds now alone."""
    response = Response(f"{text}\n", status, content_type=_TEXT)
    response.headers["Cache-Control"] = "no-store"
    return response


def _for_people() -> bool:
    """Whether a page is asked for, or what stood elsewhere: not what programs ask us for."""
    path = request.environ["PATH_INFO"]
    return path not in _PROBES and not path.endswith(_FOR_PROGRAMS)
