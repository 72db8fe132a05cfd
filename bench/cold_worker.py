"""Measure cold feeds inside one checkout; started by ``bench.against``, once for each checkout.

For each line of standard input, print the milliseconds that one cold feed took on average. It uses
only what every commit has: ``create_app``, ``Settings.read`` and URLs.
"""

import gc
import os
import sys
import time

from feeds.app import create_app
from feeds.settings import Settings

DOCUMENTS = 20
"""Cold feeds in one figure."""

_ANOTHER = "/releases.json"


def main(path: str, coding: str | None = None) -> None:
    """Measure until standard input ends; the clients accept one content coding, or none."""
    headers = {} if coding is None else {"Accept-Encoding": coding}
    settings = Settings.read(os.environ)
    for _ in sys.stdin:
        seconds = 0.0
        for _ in range(DOCUMENTS):
            # A new application has an empty cache. Its first request, for another document, is
            # not measured: it prepares routing, compiles SQL statements and starts a thread.
            client = create_app(settings).test_client()
            client.get(_ANOTHER, headers=headers)
            gc.collect()
            begin = time.perf_counter()
            answer = client.get(path, headers=headers)
            seconds += time.perf_counter() - begin
            if answer.status_code != 200:  # noqa: PLR2004 - OK
                sys.exit(f"{path} answers {answer.status}")
        print(seconds * 1000 / DOCUMENTS, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
