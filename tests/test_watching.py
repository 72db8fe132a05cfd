"""What the service tells programs that watch it: logs in JSON, and metrics of all workers."""

import json
import os
import re
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.access_logs import found
from tests.portal import Portal, page
from tests.test_service import GUNICORN, get
from tests.web.helpers import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="it tests what is above the store"),
]


def objects(log: Path) -> list[dict[str, Any]]:
    """Return the lines of a log, each of which must be an object with an instant and a level."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
        assert line["severity_text"] in {"INFO", "WARNING", "ERROR"}
        assert line["process.pid"] > 0
    return lines


def test_the_logs_can_be_json_with_the_names_of_opentelemetry(portal: Portal) -> None:
    portal.imported(page())
    agent = 'Say "curl/8.5" \\ ā'.encode().decode("latin-1")
    config = portal.folder / "failing.py"
    config.write_text(
        "from feeds.app import create_app\n"
        "app = create_app()\n"
        "@app.get('/defect')\n"
        "def defect():\n"
        "    raise LookupError('no such “row”')\n"
    )
    command = (GUNICORN, "-c", "python:feeds.gunicorn_conf", "--pythonpath", str(portal.folder))
    with portal.served(
        *command, "failing:app", FEEDS_LOG_FORMAT="JSON", FEEDS_RIGHT="©"
    ) as address:
        get(f"{address}/releases.atom?token=secret", User_Agent=agent, Referer="https://secret/")
        get(f"{address}/reli%C4%ABze")
        get(f"{address}/defect")
        with portal.unavailable():
            get(f"{address}/categories/none.atom")
    access = objects(portal.folder / "gunicorn.out")
    (feed,) = (one for one in access if one["url.path"] == "/releases.atom")
    assert "secret" not in str(access)
    assert 0 < feed.pop("http.server.request.duration") < 60
    assert feed.pop("http.response.body.size") > 1000
    assert feed | {"timestamp": "", "process.pid": 0} == {
        "timestamp": "",
        "severity_text": "INFO",
        "body": "GET /releases.atom 200",
        "process.pid": 0,
        "client.address": "127.0.0.1",
        "http.request.method": "GET",
        "url.path": "/releases.atom",
        "network.protocol.version": "1.1",
        "http.response.status_code": 200,
        "user_agent.original": agent,
    }
    assert {one["http.response.status_code"] for one in access} == {200, 404, 500, 503}
    service = objects(portal.folder / "gunicorn.err")
    told = [one["body"] for one in service]
    assert "FEEDS_RIGHT is not a setting: did you mean FEEDS_RIGHTS?" in told
    assert any(text.startswith("Responded with 503: ") for text in told)
    (defect,) = (one for one in service if "exception.type" in one)
    assert defect["severity_text"] == "ERROR"
    assert (defect["exception.type"], defect["exception.message"]) == (
        "LookupError",
        "no such “row”",
    )
    assert "failing.py" in defect["exception.stacktrace"]
    portal.feeds("suspend")
    result = found(portal, portal.folder / "gunicorn.out")
    assert (result["lines"], result["other_lines"]) == (len(access), 0)
    assert result["readers"]["curl"]["pollers"] == 1


def metrics(address: str) -> dict[str, float]:
    status, _, body = get(f"{address}/metrics")
    assert status == 200
    lines = re.findall(r"^(feeds_\S+) (\S+)$", body.decode(), re.MULTILINE)
    return {name: float(value) for name, value in lines}


def total(found_: dict[str, float], label: str) -> float:
    """Return the number of answers whose labels contain one."""
    return sum(value for name, value in found_.items() if "_count{" in name and label in name)


def test_metrics_add_up_all_workers_and_forget_what_ended_ones_held(portal: Portal) -> None:
    portal.imported(page())
    portal.environ |= {"FEEDS_METRICS": "on", "FEEDS_REVISION_TTL": "1"}
    portal.environ |= {"FEEDS_LOG_FORMAT": "json", "FEEDS_ACCESS_LOG": "off"}
    folders = set(Path("/dev/shm").glob("feeds-metrics-*"))  # noqa: S108 - gunicorn_conf's
    with portal.served(FEEDS_WORKERS="3") as address:
        (folder,) = set(Path("/dev/shm").glob("feeds-metrics-*")) - folders  # noqa: S108

        def workers() -> set[int]:
            return {int(path.stem.split("_")[-1]) for path in folder.glob("gauge_live*_*.db")}

        asked = 0

        def poll() -> None:
            nonlocal asked
            get(f"{address}/releases.atom")
            asked += 1

        def counted() -> bool:
            """Return whether all answers are counted; a worker counts after each look."""
            return total(metrics(address), 'format="atom"') == asked

        def held() -> set[int]:
            """Return the workers that hold a document and have said so."""
            poll()
            found_ = metrics(address)
            return workers() if found_["feeds_cache_bytes"] >= 3 * 2000 else set()

        wait_until(lambda: len(held()) == 3)
        for _ in range(30):
            poll()
        wait_until(counted)
        after = metrics(address)
        assert after["feeds_store_look_timestamp_seconds"] > 10**9
        first = workers()
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not workers() & first)
        later = metrics(address)
        assert later["feeds_cache_bytes"] < 3 * 2000
        assert total(later, 'format="atom"') == asked
    assert not folder.exists()
    assert (portal.folder / "gunicorn.out").read_text() == ""
    assert "SIGKILL" in str(objects(portal.folder / "gunicorn.err"))
    with portal.served() as address:
        assert total(metrics(address), 'format="atom"') == 0
