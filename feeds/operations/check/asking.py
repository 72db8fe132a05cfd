"""Asking an address as a feed reader does, for a limited time and without following redirects."""

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from string import punctuation
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from feeds.errors import FeedsError

MOST_BYTES = 32 << 20
_MOST_REDIRECTS = 5
_SECONDS = 20  # without an answer or another byte of it
_TOTAL_SECONDS = 60
_CHUNK = 1 << 16


class UnansweredError(FeedsError):
    """An address gave no answer; the message is the reason, without a full stop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an address."""

    status: int
    headers: Message
    body: bytes

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; empty if there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def location(self) -> str | None:
        """The target of a redirect, None if this is not one."""
        is_redirect = self.status in {301, 302, 303, 307, 308}
        return self.headers.get("Location", "") if is_redirect else None

    @property
    def is_html(self) -> bool:
        """Whether it is a web page, whatever it says."""
        beginning = self.body[:1000].lstrip().lower()
        return self.media_type == "text/html" or beginning.startswith((b"<!doctype html", b"<html"))


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: the redirect is the answer."""


def ask(url: str, headers: dict[str, str] | None = None, *, most: int = MOST_BYTES) -> Answer:
    """Request an http or https address and return its answer, with up to ``most`` bytes of it.

    Raises ``UnansweredError``.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise UnansweredError("it is not an address of the web")
    sent = {"User-Agent": "release-feeds check", "Accept": "*/*", **(headers or {})}
    deadline = time.monotonic() + _TOTAL_SECONDS
    try:
        # An old address may have other characters than those of a URI.
        request = Request(quote(url, safe=punctuation), headers=sent)  # noqa: S310 - the scheme was checked
        try:
            response = build_opener(_NoRedirects).open(request, timeout=_SECONDS)
        except HTTPError as error:  # any status but 2xx
            response = error
        with response:
            body = b""
            while len(body) < most and (chunk := response.read1(_CHUNK)):
                body += chunk
                if time.monotonic() > deadline:
                    raise UnansweredError(f"it did not end within {_TOTAL_SECONDS} seconds")
            return Answer(int(response.status), response.headers, body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnansweredError(_reason(error)) from error


def follow(url: str) -> tuple[str, Answer]:
    """Follow redirects; return the last address and its answer, without most of its body.

    Raises ``UnansweredError``.
    """
    for _ in range(_MOST_REDIRECTS + 1):
        answer = ask(url, most=_CHUNK)
        if not answer.location:
            return url, answer
        url = urljoin(url, answer.location)
    raise UnansweredError(f"it redirects more than {_MOST_REDIRECTS} times")


def certificate_end(base_url: str) -> datetime | None:
    """Return when the certificate of an https address ends.

    Returns None for http, and if there is no valid certificate: then ``ask`` says why.
    """
    parts = urlsplit(base_url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    address = (parts.hostname, parts.port or 443)
    try:
        with (
            socket.create_connection(address, _SECONDS) as connection,
            ssl.create_default_context().wrap_socket(
                connection, server_hostname=parts.hostname
            ) as encrypted,
        ):
            certificate = encrypted.getpeercert() or {}
    except OSError:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return f"it did not answer within {_SECONDS} seconds"
    return " ".join(str(cause).split()).rstrip(".") or type(cause).__name__
