"""Lines of access logs, and what `feeds reach` tells from them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.portal import START, Portal

ANNOUNCED = START + timedelta(days=40)
# max-age, stale-while-revalidate and stale-if-error of a subscription document.
CERTAIN = ANNOUNCED + timedelta(seconds=900 + 3600 + 604800)
SECOND = timedelta(seconds=1)
FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)"


@dataclass(frozen=True)
class Line:
    """A request as the logs have it."""

    instant: datetime = CERTAIN + SECOND
    address: str = "192.0.2.1"
    agent: str = "curl/8.5"
    path: str = "/releases.atom"
    status: int = 200
    method: str = "GET"
    cached: str = "HIT"

    @property
    def clf(self) -> str:
        return self.instant.strftime("%d/%b/%Y:%H:%M:%S +0000")

    def feeds(self) -> str:
        """Return the line of ``log_format feeds``."""
        return (
            f'{self.address} [{self.instant.isoformat()}] "{self.method} {self.path} HTTP/2.0" '
            f'{self.status} 1234 "{escaped(self.agent)}" {self.cached} 0.001'
        )

    def combined(self) -> str:
        return (
            f'{self.address} - - [{self.clf}] "{self.method} {self.path} HTTP/1.1" {self.status} '
            f'1234 "https://example.org/?\\"" "{escaped(self.agent)}"'
        )

    def main(self) -> str:
        """Return the line of nginx's "main", whose last field a client can choose."""
        return f'{self.combined()} "198.51.100.7"'

    def gunicorn(self) -> str:
        agent = self.agent.replace('"', '\\"')
        return (
            f'{self.address} [{self.clf}] "{self.method} {self.path} HTTP/1.1" {self.status} 1234 '
            f'"{agent}" 12ms'
        )

    def json(self) -> str:
        """Return the line of the service with FEEDS_LOG_FORMAT=json."""
        fields = {
            "timestamp": self.instant.isoformat(),
            "client.address": self.address,
            "http.request.method": self.method,
            "url.path": self.path,
            "network.protocol.version": "1.1",
            "http.response.status_code": self.status,
            "user_agent.original": self.agent,
        }
        return json.dumps(fields)


FORMS: tuple[Callable[[Line], str], ...] = (
    Line.feeds,
    Line.combined,
    Line.main,
    Line.gunicorn,
    Line.json,
)


def escaped(text: str) -> str:
    """Escape a value as nginx does."""
    return "".join(
        chr(byte) if 31 < byte < 127 and chr(byte) not in '"\\' else f"\\x{byte:02X}"
        for byte in text.encode(errors="surrogateescape")
    )


def write(portal: Portal, lines: Sequence[str], name: str = "access.log") -> Path:
    path = portal.folder / name
    path.write_text("".join(f"{line}\n" for line in lines), errors="surrogateescape")
    return path


def found(portal: Portal, *arguments: str | Path) -> dict[str, Any]:
    ran = portal.feeds("reach", "--json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    result: dict[str, Any] = json.loads(ran.out)
    return result


def reached(portal: Portal, lines: Sequence[Line]) -> dict[str, Any]:
    return found(portal, write(portal, [line.feeds() for line in lines]))


def counts(result: dict[str, Any]) -> tuple[int, ...]:
    names = ("pollers", "before", "since", "heard", "not_certain", "not_back")
    return tuple(result[name] for name in names)
