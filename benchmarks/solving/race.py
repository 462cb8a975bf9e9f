"""Entries of a race, run interleaved: what is compared sees the same machine at the same time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Run = Callable[[], Any]


@dataclass
class Entry:
    """One contestant of a workload.

    Parameters
    ----------
    name : str
        Its name in the table and the JSON line.
    prepare : callable
        Imports, builds and compiles; returns what is timed. An ImportError skips the entry.
    scale : float
        By what the time is multiplied, where a contestant does only a part of the work.
    note : str
        What a reader of the table has to know.
    slow : bool
        Whether one run takes so long that it has to be asked for.
    """

    name: str
    prepare: Callable[[], Run]
    scale: float = 1.0
    note: str = ""
    slow: bool = False


@dataclass
class Workload:
    """Entries that do the same work.

    Parameters
    ----------
    name, title : str
        Its name in the JSON line, and what it is.
    entries : list of Entry
        The contestants.
    error : callable
        Error of what an entry returned.
    unit : str
        What the error is measured in.
    """

    name: str
    title: str
    entries: list[Entry]
    error: Callable[[Any], float]
    unit: str = "error"


@dataclass
class Lane:
    """An entry in the race, with its times in seconds."""

    entry: Entry
    run: Run
    first: float
    error: float
    times: list[float] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        """Shortest time, of the whole work."""
        return 1e3 * min(self.times) * self.entry.scale


def race(workload: Workload, entries: Iterable[Entry], repeats: int, budget: float) -> list[Lane]:
    """Time the entries, warm and interleaved, and print a table; the minimum counts.

    An entry that has used its budget in seconds takes part in no further round.
    """
    print(f"\n{workload.name}: {workload.title}", flush=True)
    lanes = []
    for entry in entries:
        print(f"  preparing {entry.name}", file=sys.stderr, flush=True)
        try:
            start = time.perf_counter()
            run = entry.prepare()
            answer = run()
            first = time.perf_counter() - start
        except ImportError as missing:
            print(f"  {entry.name:26s} skipped: {missing}")
            continue
        except Exception as failure:  # a peer that fails is a finding, not the end of the race
            text = str(failure).strip() or repr(failure)
            print(f"  {entry.name:26s} failed: {type(failure).__name__}: {text.splitlines()[0]}")
            continue
        lanes.append(Lane(entry, run, first, float(workload.error(answer))))
    for _ in range(repeats):
        for lane in lanes:
            if not lane.times or sum(lane.times) < budget:
                start = time.perf_counter()
                lane.run()
                lane.times.append(time.perf_counter() - start)
    _table(workload, lanes)
    return lanes


def _table(workload: Workload, lanes: list[Lane]) -> None:
    if not lanes:
        return
    best = min(lane.milliseconds for lane in lanes)
    print(f"  {'':26s} {'ms':>10s} {'x best':>7s} {workload.unit:>10s} {'first s':>8s}")
    for lane in lanes:
        ms = lane.milliseconds
        print(
            f"  {lane.entry.name:26s} {ms:10.3f} {ms / best:7.1f} {lane.error:10.1e} "
            f"{lane.first:8.2f}  {lane.entry.note}".rstrip()
        )
