"""A check of Julia's syntax that needs no Julia."""

import re

import tree_sitter_julia
from tree_sitter import Language, Parser

PARSER = Parser(Language(tree_sitter_julia.language()))
# Fields that stay as they are, which the grammar does not know.
CONSTANT_FIELD = re.compile(rb"^( +)const (?=\w+(::.*)?$)", re.MULTILINE)


def errors(text):
    """Say where a text is no Julia."""
    source = CONSTANT_FIELD.sub(rb"\1", text.encode())
    waiting, found = [PARSER.parse(source).root_node], []
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            row, column = node.start_point
            found.append(f"line {row + 1}, column {column + 1}: {node.text.decode()[:80]!r}")
        waiting += [child for child in node.children if child.has_error]
    return found
