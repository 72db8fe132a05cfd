"""The index of the source keys in one run of an import."""

import tracemalloc

from feeds.ingest.run_index import RunIndex

DIGESTS = "00112233445566778899aabbccddeeff", "00112233445566ff8899aabbccddeeff"


def test_a_key_came_earlier_with_the_same_or_with_other_content() -> None:
    index = RunIndex()
    assert index.earlier("a", DIGESTS[0]) is None
    index.add("a", DIGESTS[0])
    assert index.earlier("a", DIGESTS[0]) == "same"
    assert index.earlier("a", DIGESTS[1]) == "other"
    assert index.earlier("b", DIGESTS[0]) is None


def test_a_key_takes_little_memory() -> None:
    index = RunIndex()
    tracemalloc.start()
    for number in range(50_000):
        index.add(f"at:2007-11-26T22:55:22Z/{number}", f"{number:032x}")
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size < 50_000 * 160
