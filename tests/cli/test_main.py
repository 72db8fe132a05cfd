import re
import subprocess
import sys
from pathlib import Path

import pytest

from feeds.cli.imports import KINDS
from feeds.cli.main import commands
from feeds.ingest.sources import SOURCES
from tests.portal import Portal, command, page

pytestmark = pytest.mark.engines("sqlite", reason="it tests what is above the store")


def test_help_lists_every_command(portal: Portal) -> None:
    ran = portal.feeds("--help")
    assert ran.code == 0
    for name in commands.commands:
        assert f"  {name}" in ran.out


def test_the_version_is_printed(portal: Portal) -> None:
    assert re.fullmatch(r"release-feeds \d+\.\d+\.\d+\n", portal.feeds("--version").out)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_no_large_library(option: str) -> None:
    program = Path(sys.executable).with_name("feeds")
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", program, option],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert {"click", "feeds.cli.main"} <= imported
    large = {"alembic", "babel", "feedgen", "flask", "lxml", "prometheus_client", "sqlalchemy"}
    assert imported.isdisjoint(large)


def test_the_source_option_takes_every_source() -> None:
    assert sorted(SOURCES) == list(KINDS)


def test_a_character_that_the_terminal_lacks_is_escaped(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra")).environ["PYTHONIOENCODING"] = "latin-1"
    with command(portal, "categories", stdout=subprocess.PIPE) as process:
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "Kult\\u016bra (kultura): 1\n", "")


@pytest.mark.parametrize(
    "arguments",
    [("nothing",), ("import",), ("suspend", "--nothing"), ("import", "--source", "x", "y")],
)
def test_wrong_arguments_exit_with_2(portal: Portal, arguments: tuple[str, ...]) -> None:
    ran = portal.feeds(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Error: " in ran.err
