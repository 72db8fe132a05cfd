"""The results as Markdown, and their place in a document that says more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.measure import Bench, Result, number
from bench.polls import FEW

BEGIN: Final = "<!-- bench:begin -->"
END: Final = "<!-- bench:end -->"


_METHOD: Final = """\
`python -m bench`, {rounds} rounds, on two cores: the servers on one; wrk (one thread, eight
connections kept alive, {seconds} s a run) and whatever runs in process on the other. In each round
ours and its rivals take turns, in an order that alternates, and give one figure: ours as a multiple
of the rival's. What stands beside the names of the two are the medians of their own figures. The
95 % interval is that of the figure's median, by the signs of the rounds.

All applications are served by one gunicorn worker of four threads with the service's own settings,
and none of them, nor nginx, writes an access log. Releases have 4 KB of text. Polls are measured on
a store of {few:,} releases, where a rival's query costs it least.

An import is `feeds import` of JSON Lines into a new SQLite store, from the start of the command to
its end. Its rival has the finished rows, and puts them with `json.loads` and `executemany` into the
same tables and indexes, in one transaction. Releases added one by one are imported in process."""


class UnmarkedError(Exception):
    """The document has no place for the results; the message says what is missing."""


def page_with(document: Path, text: str) -> str:
    """Return the document with this text between its marker lines."""
    lines = document.read_text(encoding="utf-8").splitlines()
    try:
        begin = lines.index(BEGIN)
        end = lines.index(END, begin)
    except ValueError:
        raise UnmarkedError(
            f"{document} has no lines {BEGIN} and {END} to write the results between."
        ) from None
    return "\n".join([*lines[: begin + 1], text.strip("\n"), *lines[end:]]) + "\n"


def markdown(
    bench: Bench, results: Sequence[Result], skipped: Mapping[str, str], chart: str
) -> str:
    """Write all results."""
    parts = [_method(bench), f"![Figures, 95 % intervals and targets of the rows]({chart})"]
    parts += [_table(results), _latencies(results)]
    if skipped:
        parts.append(
            "\n".join(f"- `{row}` was not measured. {why}" for row, why in skipped.items())
        )
    return "\n\n".join(part for part in parts if part)


def _method(bench: Bench) -> str:
    return _METHOD.format(rounds=bench.rounds, seconds=bench.seconds, few=FEW)


def _table(results: Sequence[Result]) -> str:
    lines = [
        "| row | what | ours | rival | figure | quartiles | 95 % interval | target | reached |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        reached = {True: "yes", False: "**no**", None: ""}[result.reached]
        cells = [
            f"`{result.row}`",
            result.what,
            f"{result.ours.name}: {result.ours}",
            f"{result.rival.name}: {result.rival}",
            f"**{number(result.median)}** {result.unit.strip()}",
            _span(result.quartiles),
            _span(result.interval),
            "" if result.target is None else str(result.target),
            reached,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _latencies(results: Sequence[Result]) -> str:
    """Write what the requests of the loads took, each side once a row."""
    lines = [
        "| row | under load | p50 | p99 |",
        "| --- | --- | --- | --- |",
    ]
    heading = len(lines)
    for result in results:
        for side in (result.ours, result.rival):
            if side.latency is not None:
                p50, p99 = map(number, side.latency)
                line = f"| `{result.row}` | {side.name} | {p50} ms | {p99} ms |"
                # One of ours may stand against several rivals.
                if line not in lines:
                    lines.append(line)
    return "\n".join(lines) if len(lines) > heading else ""


def _span(span: tuple[float, float] | None) -> str:
    return "" if span is None else f"{number(span[0])}–{number(span[1])}"
