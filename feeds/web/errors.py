"""Error responses: an HTML page for people, one line of text for programs."""

import logging
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from feeds.documents.build import TOO_MANY
from feeds.domain import Site
from feeds.errors import StoreError
from feeds.urls import is_for_programs
from feeds.web.cache.cache import Cache
from feeds.web.pages import layout, pages

_TEXT = "text/plain; charset=utf-8"
_LOG = logging.getLogger(__name__)
_LOG_SECONDS = 60.0
_RETRY_SECONDS = "30"
_UNAVAILABLE = f"The archive is unavailable at the moment: ask again in {_RETRY_SECONDS} seconds."


class ErrorResponses:
    """The error responses of one portal; the page shows the announcement if it is available."""

    def __init__(self, site: Site, cache: Cache) -> None:
        self._site = site
        self._cache = cache
        self._next_log = 0.0

    def http_error(self, error: HTTPException) -> WerkzeugResponse:
        """Return the response to an HTTP error."""
        response = error.get_response()
        if is_for_programs(request.environ["PATH_INFO"]):
            unknown = error.description == NotFound.description
            sentence = "There is nothing at this address." if unknown else error.description
            response.set_data(f"{sentence}\n")
            response.content_type = _TEXT
        else:
            _set_page(response, self._page(HTTPStatus(response.status_code), error.description))
        return response

    def store_unavailable(self, error: StoreError) -> WerkzeugResponse:
        """Return the response while the store is unavailable.

        The reason is only logged: it may name hosts and users of the operator.
        """
        if time.monotonic() >= self._next_log:
            self._next_log = time.monotonic() + _LOG_SECONDS
            _LOG.warning("Responded with 503: %s", error)
        response = plain_text(_UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE)
        if not is_for_programs(request.environ["PATH_INFO"]):
            _set_page(response, pages.error(self._site, HTTPStatus.SERVICE_UNAVAILABLE, ()).body)
        response.headers["Retry-After"] = _RETRY_SECONDS
        return response

    def _page(self, status: HTTPStatus, description: str | None) -> bytes:
        """Return an error page; it is cached, because vulnerability scanners request many."""
        too_many = description == TOO_MANY
        make = partial(pages.error, self._site, status, too_many=too_many)
        # No request has this path: WSGI's paths consist of Latin-1 characters.
        path = f"→ {status} {too_many}"
        # After a defect of the service, reading the store may fail in the same way.
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            with suppress(StoreError):
                body = self._cache.body(path, lambda snapshot: make(snapshot.notices()))
                return body or make(()).body
        return make(()).body


def _set_page(response: WerkzeugResponse, body: bytes) -> None:
    response.set_data(body)
    response.content_type = f"{layout.HTML}; charset=utf-8"


def plain_text(sentence: str, status: int) -> Response:
    """Return one line of text that is not to be cached."""
    response = Response(f"{sentence}\n", status, content_type=_TEXT)
    response.headers["Cache-Control"] = "no-store"
    return response
