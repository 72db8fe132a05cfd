"""The lines of docs/commands.md that let a shell complete the command."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = {
    "bash": "COMP_WORDS=(feeds re); COMP_CWORD=1; _feeds_completion feeds; echo ${COMPREPLY[@]}",
    "zsh": "print -r -- $_comps[feeds]; _FEEDS_COMPLETE=zsh_complete COMP_WORDS='feeds re' "
    "COMP_CWORD=1 feeds",
    "fish": "complete -C 'feeds re'",
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", sorted(ASK))
def test_a_shell_completes_commands_after_the_line_of_the_documentation(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}, which is not installed")
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    line = re.findall(rf"^\| {shell} \| .* \| `(.*)` \|$", text, re.MULTILINE)[0]
    start = "autoload -Uz compinit; compinit -D; " if shell == "zsh" else ""
    script = f"{start}{line.replace(chr(92) + '|', '|')}; {ASK[shell]}"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        [program, "-c", script],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    assert {"reach", "restore", "resume"} <= set(ran.stdout.split())
    if shell == "zsh":
        assert ran.stdout.startswith("_feeds_completion\n")
