"""Statements to Julia text: names used once become part of the expression that uses them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pysciml.engines.julia.translator.elementwise import ADD, CALL, COMPARISON, SUM
from pysciml.engines.julia.translator.fusion import reads, writes
from pysciml.engines.julia.translator.ir import (
    LOAD,
    Accumulate,
    Assign,
    Block,
    Break,
    Buffer,
    Const,
    Fill,
    For,
    If,
    Index,
    Let,
    Name,
    Op,
    Run,
    Statement,
    Store,
    While,
    atoms,
    blocks,
)

__all__ = ["lines", "text_of"]

WIDE = 84  # an expression longer than this is not put into another


class _Printer:
    def __init__(self, root: Block, results: tuple[Any, ...]) -> None:
        self.inlined: dict[Name, tuple[str, int]] = {}
        self.origins: dict[Name, set[Any]] = {}  # what each name was computed from
        self.uses: Counter[Name] = Counter(r for r in results if isinstance(r, Name))
        self.carried = {name for s in _all(root) if isinstance(s, Assign) for name in s.names}
        self.pinned = {r for r in results if isinstance(r, Name)}
        for statement in _all(root):
            for argument in atoms(statement):
                if isinstance(argument, Name):
                    self.uses[argument] += 1
                elif isinstance(argument, Index):
                    self.uses.update(name for name, _ in argument.terms)

    def block(self, block: Block, indent: int) -> Iterator[str]:
        """Give the lines of a block."""
        space = "    " * indent
        last = _users(block)
        for place, statement in enumerate(block.statements):
            match statement:
                case Let(name, op, args):
                    text, level = self.expression(op, args)
                    user = last.get(name)
                    if (
                        self.uses[name] == 1
                        and name not in self.pinned
                        and user is not None
                        and len(text) <= WIDE
                        and self._may_move(statement, block.statements[place + 1 : user])
                    ):
                        self.inlined[name] = text, level
                    else:
                        yield f"{space}{name.text} = {text}"
                case Store(buffer, index, value):
                    yield f"{space}{buffer.text}[{self.place(index, 1)}] = {self.atom(value)}"
                case Accumulate(buffer, index, op, args):
                    target = f"{buffer.text}[{self.place(index, 1)}]"
                    level = 0 if op.level == CALL else op.level + 1
                    given = [self.atom(a, level) for a in args]
                    yield f"{space}{target} = {op.text.format(target, *given)}"
                case Fill(buffer, value):
                    yield f"{space}fill!({buffer.text}, {value.text})"
                case Assign(names, values):
                    left = ", ".join(name.text for name in names)
                    yield f"{space}{left} = {', '.join(map(self.atom, values))}"
                case Run(op, args, _):
                    yield space + op.text.format(*(self.argument(a, 0) for a in args))
                case Break(test):
                    yield f"{space}{self.atom(test, 2)} || break"
                case For(name, count, body, _):
                    yield f"{space}{_pragma(statement)}for {name.text} in 0:{count - 1}"
                    yield from self.block(body, indent + 1)
                    yield f"{space}end"
                case While(body):
                    yield f"{space}while true"
                    yield from self.block(body, indent + 1)
                    yield f"{space}end"
                case If(test, body, orelse):
                    yield f"{space}if {self.atom(test)}"
                    yield from self.block(body, indent + 1)
                    if orelse.statements:
                        yield f"{space}else"
                        yield from self.block(orelse, indent + 1)
                    yield f"{space}end"

    def _may_move(self, let: Let, passed: list[Statement]) -> bool:
        """Whether what a name is computed from stays as it is until the name is used."""
        sources = self._sources(let)
        if not sources:
            return True
        return not any(sources & writes(statement) for statement in passed)

    def _sources(self, let: Let) -> set[Any]:
        """Give the work arrays and carried variables behind a name; nothing else ever changes."""
        found = set()
        for source in reads(let):
            if isinstance(source, Name):
                found |= self.origins.get(source, {source} if source in self.carried else set())
            elif isinstance(source, Buffer) and source.kind == "work":
                found.add(source)
        self.origins[let.name] = found
        return found

    def expression(self, op: Op, args: tuple[Any, ...]) -> tuple[str, int]:
        """Give the text of an operation, and how tightly it binds."""
        if op == LOAD:
            return f"{args[0].text}[{self.place(args[1], 1)}]", op.level
        # a - (b - c) and a + (b + c) keep their brackets; a - b - c needs none.
        # Comparisons would chain, and what binds loosely here may bind tightly in Julia.
        if op.level == CALL:
            first = later = 0 if op.text[0] != "{" else CALL
        elif op.level <= COMPARISON:
            first = later = CALL
        else:
            first, later = op.level + (op.text[0] != "{"), op.level + 1
        levels = (later if k else first for k in range(len(args)))
        given = [self.argument(a, level) for a, level in zip(args, levels, strict=True)]
        if op == ADD and re.fullmatch(r"\(-\w+(\[[^\[\]]*\])?\)", given[1]):
            return f"{given[0]} - {given[1][2:-1]}", op.level  # a + (-b), to the last bit
        return op.text.format(*given), op.level

    def argument(self, argument: Any, level: int) -> str:
        """Give the text of an argument, in brackets where it binds less tightly than `level`."""
        if isinstance(argument, Buffer):
            return argument.text
        if isinstance(argument, int):
            return str(argument)
        if isinstance(argument, Index):
            text = self.place(argument, 0)
            return f"({text})" if level and not text.isidentifier() else text
        return self.atom(argument, level)

    def atom(self, atom: Name | Const, level: int = 0) -> str:
        """Give the text of a scalar."""
        if isinstance(atom, Const):
            return f"({atom.text})" if level > SUM and atom.text.startswith("-") else atom.text
        if atom in self.inlined:
            text, own = self.inlined[atom]
            return f"({text})" if own < level else text
        return atom.text

    def place(self, index: Index | int, first: int) -> str:
        """Give the text of an index that counts from `first`."""
        if isinstance(index, int):
            return str(index + first)
        text = ""
        for name, factor in index.terms:
            factor_text = "" if abs(factor) == 1 else f"{abs(factor)} * "
            sign = " - " if factor < 0 else " + "
            text += f"{sign}{factor_text}{self.atom(name, 9)}"
        text = text[3:] if text.startswith(" + ") else "-" + text[3:]
        constant = index.const + first
        if constant:
            text += f" {'-' if constant < 0 else '+'} {abs(constant)}"
        return text


def _all(block: Block) -> Iterator[Statement]:
    for statement in block.statements:
        yield statement
        for inner in blocks(statement):
            yield from _all(inner)


def _users(block: Block) -> dict[Name, int]:
    """Find where in a block each name is used by a statement of the block itself."""
    found: dict[Name, int] = {}
    for place, statement in enumerate(block.statements):
        if isinstance(statement, For | While):
            continue
        for argument in atoms(statement):
            if isinstance(argument, Name):
                found[argument] = place
            elif isinstance(argument, Index):
                found.update((name, place) for name, _ in argument.terms)
    return found


def _pragma(loop: For) -> str:
    """Give the annotation of an innermost loop that may be vectorised."""
    if not loop.free or any(blocks(s) or isinstance(s, Run) for s in loop.body.statements):
        return ""
    return "@simd ivdep "


def lines(root: Block, results: tuple[Any, ...], indent: int = 1) -> tuple[list[str], list[str]]:
    """Print a function's body.

    Parameters
    ----------
    root : Block
        Its statements.
    results : tuple of Atom
        What it returns.
    indent : int
        Depth of its first line.

    Returns
    -------
    lines, results : list of str
        The text of both.
    """
    printer = _Printer(root, results)
    body = list(printer.block(root, indent))
    return body, [printer.atom(r) for r in results]


def text_of(source: list[str]) -> str:
    """Join lines, without blanks at their ends.

    Parameters
    ----------
    source : list of str
        The lines.

    Returns
    -------
    str
        The text.
    """
    return re.sub(r"[ \t]+\n", "\n", "\n".join(source) + "\n")
