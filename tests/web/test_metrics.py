"""What /metrics says of one process; tests/test_watching.py asks several."""

import re
import time
from itertools import pairwise
from math import inf

import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from tests.portal import Portal, page
from tests.web.helpers import wait_until
from tests.web.test_stale import Reader, held, is_stale

pytestmark = pytest.mark.engines("sqlite", reason="figures do not depend on the engine")


def figures(client: FlaskClient) -> dict[str, float]:
    """Return the figures by name and labels, without buckets."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content_type.startswith("text/plain; version=")
    found = re.findall(r"^(feeds_\S+) (\S+)$", response.text, re.MULTILINE)
    return {name: float(value) for name, value in found if "_bucket{" not in name}


def answers(found: dict[str, float]) -> dict[tuple[str, str, str], float]:
    """Return the numbers of answers by class, format and source."""
    pattern = re.compile(
        r'feeds_http_request_duration_seconds_count\{format="(\w+)",source="(\w+)",status="(\w+)"\}'
    )
    return {
        (match[3], match[1], match[2]): value
        for name, value in found.items()
        if (match := pattern.fullmatch(name))
    }


def test_there_are_no_metrics_unless_they_are_switched_on(portal: Portal) -> None:
    assert portal.client().get("/metrics").status_code == 404


def test_metrics_tell_what_was_answered_and_what_the_store_says(portal: Portal) -> None:
    portal.environ["FEEDS_METRICS"] = "on"
    client = portal.client()
    before = figures(client)
    assert before["feeds_store_up"] == 1
    assert before["feeds_notices_running"] == 0
    assert not any("last_import" in name for name in before)
    start = time.time()
    portal.imported(page("Tilts", "Kultūra"))
    tag = client.get("/releases.atom").headers["ETag"]
    for _ in range(2):
        assert client.get("/releases.atom").status_code == 200
    assert client.get("/releases.atom", headers={"If-None-Match": tag}).status_code == 304
    client.get("/categories/kultura.rss")
    client.get("/categories/none.rss")
    client.get("/categories/none")
    found = figures(client)
    assert answers(found) == {
        ("2xx", "other", "made"): 1,  # the first look at the metrics
        ("2xx", "atom", "made"): 1,
        ("2xx", "atom", "cached"): 2,
        ("3xx", "atom", "cached"): 1,
        ("2xx", "rss", "made"): 1,
        ("4xx", "rss", "made"): 1,
        ("4xx", "other", "made"): 1,
    }
    assert 0 < found["feeds_http_request_duration_seconds_sum" + _labels("atom", "made")] < 60
    assert found["feeds_cache_bytes"] > before["feeds_cache_bytes"] == 0
    assert found["feeds_documents_waiting"] == 0
    assert found["feeds_store_revision"] > before["feeds_store_revision"]
    assert start - 1 <= found["feeds_last_import_start_timestamp_seconds"]
    assert start - 1 <= found["feeds_last_import_end_timestamp_seconds"] <= time.time()
    assert start <= found["feeds_store_look_timestamp_seconds"] <= time.time()
    portal.feeds("suspend")
    assert figures(client)["feeds_notices_running"] == 1
    portal.sql("UPDATE import_run SET finished = NULL")
    interrupted = figures(client)
    assert "feeds_last_import_start_timestamp_seconds" in interrupted
    assert "feeds_last_import_end_timestamp_seconds" not in interrupted
    with portal.unavailable():
        assert client.get("/categories/none.json").status_code == 503
        lost = figures(client)
    assert lost["feeds_store_up"] == 0
    assert "feeds_store_revision" not in lost
    assert answers(lost)["5xx", "json", "made"] == 1
    looked = lost["feeds_store_look_timestamp_seconds"]
    assert looked == interrupted["feeds_store_look_timestamp_seconds"]


def _labels(form: str, source: str) -> str:
    return f'{{format="{form}",source="{source}",status="2xx"}}'


def test_openmetrics_is_spoken_to_those_who_ask_for_it(portal: Portal) -> None:
    portal.environ["FEEDS_METRICS"] = "on"
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    response = portal.client().get("/metrics", headers=accept)
    assert response.content_type.startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_each_of_many_answers_is_in_the_bucket_of_its_time(often_checked: Portal) -> None:
    often_checked.environ["FEEDS_METRICS"] = "on"
    client = often_checked.client()
    client.get("/releases.atom")
    environ = EnvironBuilder("/releases.atom").get_environ()
    for _ in range(2500):
        client.application.wsgi_app(environ.copy(), lambda *_: lambda _: None)
    text = client.get("/metrics").text
    pattern = r'_bucket\{format="atom",le="(\S+)",source="cached",status="2xx"\} (\S+)'
    upto = [(float(bound), float(number)) for bound, number in re.findall(pattern, text)]
    assert upto[-1] == (inf, 2500.0)
    (total,) = re.findall(r'_sum\{format="atom",source="cached",status="2xx"\} (\S+)', text)
    within = [
        (low, high, more - fewer) for (low, fewer), (high, more) in pairwise([(0.0, 0.0), *upto])
    ]
    least = sum(low * number for low, _, number in within)
    most = sum(high * number for _, high, number in within if number)
    assert least <= float(total) <= most


@pytest.mark.slow
def test_documents_that_wait_to_be_made_are_counted(often_checked: Portal) -> None:
    often_checked.environ |= {"FEEDS_METRICS": "on", "FEEDS_THREADS": "1"}
    addresses = ("/releases.rss", "/categories/kultura.json")
    reader = Reader(often_checked, *addresses)

    def waiting() -> float:
        return figures(reader.client)["feeds_documents_waiting"]

    with held():
        often_checked.feeds("suspend")
        wait_until(lambda: [is_stale(reader.poll(address)) for address in addresses] == [True] * 2)
        wait_until(lambda: waiting() == 2)
    wait_until(lambda: waiting() == 0)
