"""Loops over the same range become one loop, and what nobody reads is dropped.

Two loops may run as one where the second reads from what the first writes only the element that
the same iteration has written; then it need not be loaded at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from pysciml.engines.julia.translator.ir import (
    LOAD,
    Accumulate,
    Assign,
    Block,
    Break,
    Buffer,
    Fill,
    For,
    If,
    Index,
    Let,
    Name,
    Run,
    Statement,
    Store,
    While,
    atoms,
    blocks,
)

__all__ = ["append", "buffers", "prune", "reads", "writes"]

FAR = 40  # how many statements back a partner is looked for
VECTOR = {"xla_tanh({})"}  # functions that loops compute in vector instructions


def append(block: Block, statement: Statement) -> None:
    """Add a statement to a block; a loop joins an earlier one where it may.

    Parameters
    ----------
    block : Block
        Where it goes.
    statement : Statement
        A complete statement.
    """
    if isinstance(statement, For) and statement.free:
        passed: list[Statement] = []
        for place in range(len(block.statements) - 1, max(-1, len(block.statements) - FAR), -1):
            earlier = block.statements[place]
            if isinstance(earlier, If | While | Break) or (
                isinstance(earlier, For) and not earlier.free
            ):
                break
            if (
                isinstance(earlier, For)
                and earlier.count == statement.count
                and _may_join(earlier, statement)
                and _may_wait(earlier, passed)
            ):
                del block.statements[place]
                _join(earlier, statement)
                append(block, earlier)
                return
            passed.append(earlier)
    block.statements.append(statement)


def _walk(statement: Statement) -> Iterator[Statement]:
    yield statement
    for block in blocks(statement):
        for inner in block.statements:
            yield from _walk(inner)


def reads(statement: Statement) -> set[Any]:
    """Give the buffers and names that a statement and all within it read.

    Parameters
    ----------
    statement : Statement
        Any.

    Returns
    -------
    set of Buffer and Atom
        What it reads.
    """
    found: set[Any] = set()
    for inner in _walk(statement):
        for argument in atoms(inner):
            if isinstance(argument, Index):
                found.update(name for name, _ in argument.terms)
            else:
                found.add(argument)
    return found


def writes(statement: Statement) -> set[Any]:
    """Give the buffers and carried variables that a statement and all within it change.

    Parameters
    ----------
    statement : Statement
        Any.

    Returns
    -------
    set of Buffer and Name
        What it changes.
    """
    found: set[Any] = set()
    for inner in _walk(statement):
        if isinstance(inner, Store | Accumulate | Fill):
            found.add(inner.buffer)
        elif isinstance(inner, Run):
            found.add(inner.writes)
        elif isinstance(inner, Assign):
            found.update(inner.names)
    return found


def buffers(root: Block) -> set[Buffer]:
    """Give all buffers of a function.

    Parameters
    ----------
    root : Block
        Its body.

    Returns
    -------
    set of Buffer
        What it reads or writes.
    """
    found = set().union(*(reads(s) | writes(s) for s in root.statements))
    return {buffer for buffer in found if isinstance(buffer, Buffer)}


def _may_wait(earlier: Statement, passed: list[Statement]) -> bool:
    """Whether `earlier` may run after the statements in `passed`."""
    read, written = reads(earlier), writes(earlier)
    return not any(written & reads(other) or (read | written) & writes(other) for other in passed)


def _is_nest(loop: For) -> bool:
    return any(blocks(statement) for statement in loop.body.statements)


def _is_vector_code(loop: For) -> bool:
    """Whether a loop computes functions that are many times faster as vector instructions."""
    operations = (s.op for s in loop.body.statements if isinstance(s, Let))
    return not _is_nest(loop) and not VECTOR.isdisjoint(op.text for op in operations)


def _may_join(first: For, second: For) -> bool:
    for one, other in ((first, second), (second, first)):
        if _is_vector_code(one) and _is_nest(other):  # a loop around loops is not vectorised
            return False
    written, later = writes(first), writes(second)
    if (written | reads(first)) & later:
        return False
    shared = written & reads(second)
    if not shared:
        return True
    if not all(isinstance(found, Buffer) for found in shared):
        return False
    stored: dict[Buffer, tuple[Any, Any]] = {}
    for inner, ranges in _ranges(first, {}):
        if isinstance(inner, Store) and inner.buffer in shared:
            place = (inner.index, ranges)
            if stored.setdefault(inner.buffer, place) != place:
                return False
        elif isinstance(inner, Accumulate | Fill | Run) and writes(inner) & shared:
            return False
    for inner, ranges in _ranges(second, {}):
        for buffer in shared.intersection(a for a in atoms(inner) if isinstance(a, Buffer)):
            if not (isinstance(inner, Let) and inner.op == LOAD):
                return False
            index = inner.args[1]
            if not isinstance(index, Index) or not index.coefficient(first.name):
                return False
            where, known = stored[buffer]
            if index != where or any(ranges.get(n) != known.get(n) for n, _ in index.terms):
                return False
    return True


def _ranges(
    statement: Statement, outer: dict[Name, int]
) -> Iterator[tuple[Statement, dict[Name, int]]]:
    """Go through all statements, each with the ranges of the loops around it."""
    yield statement, outer
    if isinstance(statement, For):
        outer = {**outer, statement.name: statement.count}
    for block in blocks(statement):
        for inner in block.statements:
            yield from _ranges(inner, outer)


def _join(first: For, second: For) -> None:
    _move(second.body, first.body, {})


def _move(source: Block, target: Block, renamed: dict[Name, Any]) -> None:
    """Append the statements of one block to another, with names already known there."""
    stored = {(s.buffer, s.index): s.value for s in target.statements if isinstance(s, Store)}

    def new(argument: Any) -> Any:
        if isinstance(argument, Index):
            total: Any = argument.const
            for name, factor in argument.terms:
                total = Index(0, ((renamed.get(name, name), factor),)) + total
            return total
        return renamed.get(argument, argument) if isinstance(argument, Name) else argument

    for statement in source.statements:
        match statement:
            case Let(name, op, args):
                args = tuple(map(new, args))
                if op == LOAD and args in stored:
                    renamed[name] = stored[args]
                    continue
                known = target.memo.get((op, args))
                if known is None:
                    known = target.memo[op, args] = dataclasses.replace(name, block=target)
                    target.statements.append(Let(known, op, args))
                renamed[name] = known
            case For(name, count, body, free):
                inner = Block(target)
                _move(body, inner, dict(renamed))
                append(target, For(name, count, inner, free))
            case If(test, body, orelse):
                pair = Block(target, True), Block(target, True)
                _move(body, pair[0], dict(renamed))
                _move(orelse, pair[1], dict(renamed))
                target.statements.append(If(new(test), *pair))
            case While(body):
                inner = Block(target, True)
                _move(body, inner, dict(renamed))
                target.statements.append(While(inner))
            case Store(buffer, index, value):
                target.statements.append(Store(buffer, new(index), new(value)))
            case Accumulate(buffer, index, op, args):
                moved = tuple(map(new, args))
                target.statements.append(Accumulate(buffer, new(index), op, moved))
            case Assign(names, values):
                target.statements.append(Assign(names, tuple(map(new, values))))
            case Run(op, args, writes):
                target.statements.append(Run(op, tuple(map(new, args)), writes))
            case Break(test):
                target.statements.append(Break(new(test)))
            case _:
                target.statements.append(statement)


def prune(root: Block, results: set[Name]) -> None:
    """Drop stores to work arrays that nothing loads, names that nothing uses, and empty loops.

    Parameters
    ----------
    root : Block
        The body of a function.
    results : set of Name
        What it returns.
    """
    while True:
        names, buffers = set(results), set()
        for statement in (inner for top in root.statements for inner in _walk(top)):
            for argument in atoms(statement):
                if isinstance(argument, Name):
                    names.add(argument)
                elif isinstance(argument, Index):
                    names.update(name for name, _ in argument.terms)
                elif isinstance(argument, Buffer):
                    buffers.add(argument)

        def live(s: Statement, names: set[Name] = names, buffers: set[Buffer] = buffers) -> bool:
            if isinstance(s, Let):
                return s.name in names
            if isinstance(s, Assign):
                return not names.isdisjoint(s.names)
            if isinstance(s, Store | Accumulate | Fill):
                return s.buffer.kind != "work" or s.buffer in buffers
            return not isinstance(s, For) or bool(s.body.statements)

        if not _filter(root, live):
            return


def _filter(block: Block, live: Any) -> bool:
    kept = [s for s in block.statements if live(s)]
    changed = len(kept) != len(block.statements)
    block.statements = kept
    for statement in kept:
        for inner in blocks(statement):
            changed |= _filter(inner, live)
    return changed
