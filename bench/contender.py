"""One of the checkouts that ``bench.against`` compares, with stores that its own commands make."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.commands import OURS, Checkout, Usage, outside
from bench.corpus import environ
from bench.imports import remove


@dataclass(frozen=True, slots=True)
class Contender:
    """A checkout with its name in the table and the folder of its stores."""

    name: str
    checkout: Checkout
    folder: Path

    def environ(self, store: str) -> dict[str, str]:
        """Return the settings of the service on one of the stores."""
        return environ(self._path(store))

    def run(self, store: str, *arguments: str) -> Usage:
        """Run a command on one of the stores."""
        return self.checkout.run(arguments, self.environ(store))

    def fill(self, store: str, corpus: Path) -> Usage:
        """Make a new store and import a corpus; return what the import took."""
        remove(self._path(store))
        self.run(store, "migrate")
        return self.run(store, "import", str(corpus))

    @contextmanager
    def cold_worker(self, store: str, request: Sequence[str]) -> Iterator[Callable[[], float]]:
        """Start ``bench/cold_worker.py`` for a request; yield what measures a figure with it."""
        script = OURS.folder / "bench" / "cold_worker.py"
        # Without -P the folder of the script would be searched for modules first.
        with subprocess.Popen(  # noqa: S603 - our own command
            [self.checkout.python, "-P", str(script), *request],
            cwd=self.checkout.folder,
            env=outside() | self.environ(store) | self.checkout.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        ) as process:
            asked, answers = process.stdin, process.stdout
            if asked is None or answers is None:
                raise RuntimeError("the worker has no pipes")

            def figure() -> float:
                asked.write("\n")
                answer = answers.readline()
                if not answer:
                    raise RuntimeError(f"the worker of {self.name} ended")
                return float(answer)

            figure()
            yield figure
            asked.close()

    def _path(self, store: str) -> Path:
        return self.folder / f"{store}.db"
