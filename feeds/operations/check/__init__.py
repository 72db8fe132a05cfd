"""Check the store, the documents and the public address: what ``feeds check`` prints."""

from collections.abc import Iterator

from feeds.documents.version import settings_digest
from feeds.operations.check.documents import Documents
from feeds.operations.check.public import public_faults
from feeds.settings import Settings
from feeds.store import Store

_RESTORE = "Restore a back-up from before the damage (docs/operating.md)."


class Check:
    """Looks for faults; afterwards ``documents`` is the number of documents that it looked at.

    Its methods raise ``StoreError`` if the store does not answer or cannot be read.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self.documents = 0

    def store_faults(self) -> Iterator[str]:
        """Yield the faults of the store, each with what to do."""
        with self._store.read() as snapshot:
            head = snapshot.head()
        site = self._settings.site
        # The years were counted with the recorded settings.
        count_months = head.settings_digest == settings_digest(site)
        for fault in self._store.faults(site, count_months=count_months):
            yield f"{fault}. {_RESTORE}"

    def document_faults(self, sample: int | None) -> Iterator[str]:
        """Yield the faults of all documents, or of a sample, each with what to do."""
        documents = Documents(self._store, self._settings.site, sample)
        yield from documents.faults()
        self.documents = len(documents)

    def public_faults(self) -> Iterator[str]:
        """Yield what readers meet at the public address, each with what to do."""
        return public_faults(self._store, self._settings.site)
