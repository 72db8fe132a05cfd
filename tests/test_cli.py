import re

import pytest

from feeds.cli import commands
from tests.portal import Portal


def test_help_is_given(portal: Portal) -> None:
    ran = portal.feeds("--help")
    assert ran.code == 0
    for command in commands.commands:
        assert f"  {command}" in ran.out


def test_the_version_is_told(portal: Portal) -> None:
    assert re.fullmatch(r"release-feeds \d+\.\d+\.\d+\n", portal.feeds("--version").out)


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
