import re
import subprocess

import pytest

from feeds.cli.main import commands
from tests.portal import Portal, command, page


def test_help_is_given(portal: Portal) -> None:
    ran = portal.feeds("--help")
    assert ran.code == 0
    for name in commands.commands:
        assert f"  {name}" in ran.out


def test_the_version_is_told(portal: Portal) -> None:
    assert re.fullmatch(r"release-feeds \d+\.\d+\.\d+\n", portal.feeds("--version").out)


def test_what_a_terminal_cannot_show_is_no_reason_to_fail(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra")).environ["PYTHONIOENCODING"] = "latin-1"
    with command(portal, "categories", stdout=subprocess.PIPE) as process:
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "Kult\\u016bra (kultura): 1\n", "")


@pytest.mark.parametrize(
    "arguments",
    [("nothing",), ("import",), ("suspend", "--nothing"), ("import", "--source", "x", "y")],
)
def test_what_is_no_command_is_told_and_does_nothing(
    portal: Portal, arguments: tuple[str, ...]
) -> None:
    ran = portal.feeds(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Error: " in ran.err
