"""Blocks: a large batch is solved in parts of equal size, here or on a cluster.

What an engine needs beyond the result itself is bounded by the size of a block, and the noise of
a trajectory does not depend on the block that it is in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pysciml.engines.base import Engine, Solution, SolveTask, Status
from pysciml.engines.choose import choose
from pysciml.errors import EngineError, InputError, Interrupted
from pysciml.forcing import Series

__all__ = ["run"]


def run(task: SolveTask, engine: Engine, *, client: Any = None, progress: bool = False) -> Solution:
    """Solve a task, in blocks where it is large.

    Parameters
    ----------
    task : SolveTask
        What to solve.
    engine : Engine
        What solves it.
    client : dask.distributed.Client, optional
        Where to solve the blocks; this process unless given.
    progress : bool
        Whether to show a bar where there are several blocks.

    Returns
    -------
    Solution
        Of the whole batch.

    Raises
    ------
    InputError
        If `client` is not a client.
    EngineError
        If the cluster could not solve a block.
    Interrupted
        After Ctrl-C, where the engine gives what it has then; with that of the whole batch.
    """
    count = -(-task.batch // engine.block(task))
    if count == 1 and client is None:
        return engine.solve(task)
    blocks = list(_cut(task, -(-task.batch // count)))
    if client is None:
        solutions: Iterable[Solution] = _in_turn(task, blocks, engine)
    else:
        solutions = _on_cluster(client, blocks, engine.name)
    if progress:
        from rich.progress import track

        solutions = track(solutions, description=task.model.name, total=len(blocks))
    return _join(task, solutions)


def _in_turn(task: SolveTask, blocks: list[SolveTask], engine: Engine) -> Iterator[Solution]:
    solved = []
    for block in blocks:
        try:
            solved.append(engine.solve(block))
        except Interrupted as error:
            if not isinstance(error.partial, Solution):
                raise
            rest = [_unsolved(left) for left in blocks[len(solved) + 1 :]]
            parts = [
                Solution(part.state, part.status, part.stopped)
                for part in (*solved, error.partial, *rest)
            ]
            raise Interrupted(str(error), _join(task, parts)) from error
        yield solved[-1]


def _unsolved(task: SolveTask) -> Solution:
    shape = {n: (len(task.times), *v.shape, task.batch) for n, v in task.model.state.items()}
    return Solution(
        {name: np.full(size, np.nan, task.dtype) for name, size in shape.items()},
        np.full(task.batch, Status.INTERRUPTED, np.int32),
        np.full(task.batch, task.times[0]),
    )


def _cut(task: SolveTask, size: int) -> Iterator[SolveTask]:
    """Cut a batch into blocks of one size; the last one repeats its last trajectory."""
    for start in range(0, task.batch, size):
        lanes = np.minimum(np.arange(start, start + size), task.batch - 1)
        yield dataclasses.replace(
            task,
            state=_part(task.state, task.model.state, lanes),
            params=_part(task.params, task.model.params, lanes),
            inputs=_part(task.inputs, task.model.inputs, lanes),
            increments=None if task.increments is None else task.increments[lanes],
            batch=size,
            first=task.first + start,
        )


def _part(values: Any, variables: Any, lanes: np.ndarray) -> dict[str, Any]:
    made = {}
    for name, value in values.items():
        dims = len(variables[name].shape)
        if isinstance(value, Series):
            swept = value.values.ndim > dims + 1
            chosen = value.values[..., lanes] if swept else value.values
            made[name] = dataclasses.replace(value, values=chosen)
        else:
            made[name] = value[..., lanes] if value.ndim > dims else value
    return made


def _join(task: SolveTask, solutions: Iterable[Solution]) -> Solution:
    """Write the solutions of blocks side by side."""
    parts = list(solutions)
    state = {}
    for name in task.model.state:
        pieces = [part.state[name] for part in parts]
        whole = np.empty((*pieces[0].shape[:-1], task.batch), pieces[0].dtype)
        start = 0
        for piece in pieces:
            stop = min(start + piece.shape[-1], task.batch)
            whole[..., start:stop] = piece[..., : stop - start]
            start = stop
        state[name] = whole

    def along(pieces: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(pieces, axis=-1)[..., : task.batch]

    return Solution(
        state=state,
        status=along([part.status for part in parts]),
        stopped=along([part.stopped for part in parts]),
        events={name: along(_even([p.events[name] for p in parts])) for name in parts[0].events},
        counts={n: along([p.counts[n] for p in parts]) for n in parts[0].counts},
    )


def _even(pieces: list[np.ndarray]) -> list[np.ndarray]:
    """Give all pieces as many rows as the longest has; NaN in the new ones."""
    most = max(len(piece) for piece in pieces)
    return [
        np.pad(piece, ((0, most - len(piece)), (0, 0)), constant_values=np.nan) for piece in pieces
    ]


def _on_cluster(client: Any, blocks: list[SolveTask], engine: str) -> Iterator[Solution]:
    if not (hasattr(client, "map") and hasattr(client, "gather")):
        raise InputError(
            f"client must be a dask.distributed.Client; got {type(client).__name__}. Make one with "
            "dask.distributed.Client()."
        )
    futures = client.map(_solve_block, blocks, engine=engine, pure=False)
    for future in futures:
        try:
            yield future.result()
        except Exception as error:
            client.cancel(futures)
            raise EngineError(
                f"The cluster could not solve a block of {blocks[0].model.name!r}: "
                f"{type(error).__name__}: {error}. Look at the logs of its workers; without "
                "client= the solve runs in this process."
            ) from error


def _solve_block(block: SolveTask, engine: str) -> Solution:
    return choose(engine).engine.solve(block)
