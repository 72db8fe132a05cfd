"""The alerts, by Prometheus' own tool: their syntax, when they fire, and what they are about."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.site import ROOT
from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="figures do not depend on the engine"),
]

ALERTS = ROOT / "deploy" / "alerts.yml"


def promtool(*arguments: str | Path, given: str = "") -> None:
    """Run promtool; it must find nothing."""
    if not shutil.which("promtool"):
        pytest.skip("needs promtool, which is missing: apt-get install prometheus")
    ran = subprocess.run(
        ["promtool", *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout


def test_each_alert_fires_when_it_should_and_not_before() -> None:
    promtool("check", "rules", "--lint-fatal", ALERTS)
    promtool("test", "rules", Path(__file__).with_name("alerts.test.yml"))


def test_the_alerts_and_the_docs_name_the_metrics_that_exist(portal: Portal) -> None:
    portal.environ["FEEDS_METRICS"] = "on"
    client = portal.imported(page()).client()
    client.get("/releases.atom")
    text = client.get("/metrics").text
    promtool("check", "metrics", given=text)
    # A single process also tells when it began to count.
    names = set(re.findall(r"^# TYPE (feeds_\w+)(?<!_created) ", text, re.MULTILINE))
    named = set(re.findall(r"feeds_\w+", ALERTS.read_text()))
    assert {name.removesuffix("_count") for name in named} <= names
    operating = (ROOT / "docs" / "operating.md").read_text()
    documented = set(re.findall(r"^\| `(feeds_\w+)", operating, re.MULTILINE))
    assert documented == names
