"""The index of the releases in one run of an import."""

import tracemalloc

from feeds.ingest.run_index import RunIndex

DIGESTS = "00112233445566778899aabbccddeeff", "00112233445566ff8899aabbccddeeff"


def test_a_release_came_earlier_with_other_content() -> None:
    index = RunIndex()
    assert not index.has_other(1, DIGESTS[0])
    index.add(1, DIGESTS[0])
    assert not index.has_other(1, DIGESTS[0])
    assert index.has_other(1, DIGESTS[1])
    assert not index.has_other(2, DIGESTS[1])


def test_a_release_takes_little_memory() -> None:
    index = RunIndex()
    tracemalloc.start()
    for number in range(50_000):
        index.add(number, f"{number:032x}")
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size < 50_000 * 160
