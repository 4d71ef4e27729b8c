"""What was measured, and how it is told."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Self

from rich.table import Table


class Stopwatch:
    """`with Stopwatch() as watch: ...`; then `watch.seconds`."""

    seconds = 0.0

    def __enter__(self) -> Self:
        self._started = perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = perf_counter() - self._started


def median_seconds(times: int, call: Callable[[], object]) -> float:
    """How long a call takes, in the median of so many."""
    seconds = []
    for _ in range(times):
        with Stopwatch() as watch:
            call()
        seconds.append(watch.seconds)
    return median(seconds)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the machine needs at least for the same rows, measured in the same run."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Figure:
    """`rows` of `unit` took `seconds`: an absolute figure, of this machine. Its ratio to the yardstick travels."""

    measure: str
    case: str
    rows: int
    unit: str
    seconds: float
    yardstick: Yardstick | None = None

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    @property
    def ratio(self) -> float | None:
        """How many times the yardstick it takes; None without one."""
        return self.seconds / self.yardstick.seconds if self.yardstick else None


def as_table(figures: Sequence[Figure]) -> Table:
    """The figures for people."""
    table = Table(box=None, pad_edge=False)
    table.add_column("measured")
    for title in ("ratio", "time here", "yardstick's"):
        table.add_column(title, justify="right", no_wrap=True, style="bold" if title == "ratio" else None)
    table.add_column("yardstick")
    table.add_column("rate here", justify="right")
    for number, figure in enumerate(figures):
        if number and figures[number - 1].measure != figure.measure:
            table.add_row()
        table.add_row(
            f"[bold]{figure.measure}[/] {figure.case}",
            "" if figure.ratio is None else f"{figure.ratio:,.2f}",
            _duration(figure.seconds),
            _duration(figure.yardstick.seconds) if figure.yardstick else "",
            figure.yardstick.what if figure.yardstick else "",
            f"{figure.rate:,.0f} {figure.unit}/s",
        )
    return table


def write_json(path: Path, run: Mapping[str, Any], figures: Sequence[Figure]) -> None:
    """The figures for programs, with the circumstances of the run. Times are in seconds."""
    told = [asdict(figure) | {"ratio": figure.ratio, "rate": figure.rate} for figure in figures]
    path.write_text(json.dumps({"run": dict(run), "figures": told}, indent=1) + "\n", encoding="utf-8")


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"
