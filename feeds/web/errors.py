"""What is answered where nothing can be served: a page for people, one line of text for readers."""

import logging
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from feeds.documents.build import TOO_MANY
from feeds.documents.representation import Representation
from feeds.domain import Site
from feeds.errors import StoreError
from feeds.urls import is_for_programs
from feeds.web.cache.cache import Cache
from feeds.web.pages import pages

_TEXT = "text/plain; charset=utf-8"
_LOG = logging.getLogger(__name__)
_LOG_SECONDS = 60.0
_RETRY_SECONDS = "30"
_AWAY = f"The archive is unavailable at the moment: ask again in {_RETRY_SECONDS} seconds."


class ErrorResponses:
    """The answers of one portal; a page shows its announcement, where that can be had."""

    def __init__(self, site: Site, cache: Cache) -> None:
        self._site = site
        self._cache = cache
        self._quiet_until = 0.0

    def failed(self, error: HTTPException) -> WerkzeugResponse:
        """Answer an HTTP error."""
        response = error.get_response()
        if _for_people():
            _show(response, self._page(HTTPStatus(response.status_code), error.description))
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
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + _LOG_SECONDS
            _LOG.warning("Answered 503: %s", error)
        response = sentence(_AWAY, HTTPStatus.SERVICE_UNAVAILABLE)
        if _for_people():
            _show(response, pages.error(self._site, HTTPStatus.SERVICE_UNAVAILABLE, ()))
        response.headers["Retry-After"] = _RETRY_SECONDS
        return response

    def _page(self, status: HTTPStatus, told: str | None) -> Representation:
        """Return the page of an error; it is kept, for whoever looks for gaps asks for many."""
        too_many = told == TOO_MANY
        make = partial(pages.error, self._site, status, too_many=too_many)
        # No path has such a letter: WSGI's are in Latin-1.
        address = f"→ {status} {too_many}"
        # In what has failed by a defect of ours the next one would fail as well.
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            with suppress(StoreError):
                kept = self._cache.get(address, lambda snapshot: make(snapshot.notices()))
                return kept.representation if kept else make(())
        return make(())


def _show(response: WerkzeugResponse, page: Representation) -> None:
    response.set_data(page.body)
    response.content_type = f"{page.media_type}; charset=utf-8"


def sentence(text: str, status: int) -> Response:
    """Answer one line of text that holds now alone."""
    response = Response(f"{text}\n", status, content_type=_TEXT)
    response.headers["Cache-Control"] = "no-store"
    return response


def _for_people() -> bool:
    """Return whether the answer is shown to a person."""
    return not is_for_programs(request.environ["PATH_INFO"])
