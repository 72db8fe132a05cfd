"""The state of the publication and of its store."""

from dataclasses import asdict, dataclass
from typing import Any

from feeds.documents.version import settings_digest
from feeds.domain import Notice, Selection
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Head, ImportOutcome


@dataclass(frozen=True, slots=True)
class Status:
    """The state in one snapshot; ``current`` is false if ``feeds migrate`` must be run.

    ``media_hosts`` has the number of pictures and attachments on each host, the largest first.
    """

    head: Head
    notice: Notice | None
    releases: int
    withdrawn: int
    categories: list[Selection]
    media_hosts: dict[str, int]
    last_import: ImportOutcome | None
    current: bool

    def as_json(self) -> dict[str, Any]:
        """Return the status as JSON types, with instants as RFC 3339 text in UTC."""
        notice = None
        if self.notice is not None:
            notice = _plain(asdict(self.notice), "rank", "kind")
        return {
            "state": "active" if self.notice is None else "suspended",
            "notice": notice,
            "releases": self.releases,
            "withdrawn": self.withdrawn,
            "categories": {
                selection.categories[0].slug: selection.count for selection in self.categories
            },
            "media_hosts": self.media_hosts,
            "last_import": self.last_import and _plain(asdict(self.last_import)),
            "revision": self.head.revision,
            "changed": self.head.instant.isoformat(),
            "settings_current": self.current,
        }


def status(store: Store, settings: Settings) -> Status:
    """Read the state of the publication and its store."""
    with store.read() as snapshot:
        head = snapshot.head()
        return Status(
            head=head,
            notice=snapshot.running_suspension(),
            releases=snapshot.everything().count,
            withdrawn=snapshot.count_withdrawn(),
            categories=snapshot.categories(),
            media_hosts=snapshot.media_hosts(),
            last_import=snapshot.last_import(),
            current=head.settings_digest == settings_digest(settings.site),
        )


def _plain(values: dict[str, Any], *left_out: str) -> dict[str, Any]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items()
        if name not in left_out
    }
