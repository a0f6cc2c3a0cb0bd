"""Turns the text of a TOML file into its data and the file, line and column of every key.

``tomllib`` parses the data; tree-sitter finds where each key stands. A text that ``tomllib`` refuses is refused with
every syntax error that can be told apart: a line with an error of its own is left out and parsing goes on.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from simulator.errors import Fault, ScenarioError
from simulator.scenario.addresses import Path, dotted, keys_of
from simulator.scenario.toml.faults import explained, is_twice

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_ONE_LINE = re.compile(r"""\s*[\w."'-][\w.\s"'-]*=(?!.*("{3}|'{3}))""")


@dataclass(frozen=True)
class Where:
    """Where a value was written: file name, line and column from 1 (line None: not in a file).

    >>> Where("befriending.toml", 41, 3).line
    41
    """

    file: str
    line: int | None = None
    column: int = 0


@dataclass(frozen=True)
class Located:
    """The data of one file and where each of its paths was written."""

    data: dict[str, Any]
    where: dict[Path, Where]


def locate(text: str, file: str) -> Located:
    r"""The data of a TOML text with the place of every key.

    Args:
        text: TOML 1.0.
        file: the file name to put in faults.

    Raises:
        ScenarioError: with every fault of grammar and every key written twice.

    >>> located = locate("[needs.gp]\nrate = 5.2", "a.toml")
    >>> located.data, located.where[("needs", "gp", "rate")].line
    ({'needs': {'gp': {'rate': 5.2}}}, 2)
    """
    walked = _walked(text, file)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        faults = walked.twice + _grammar_faults(text, file, bool(walked.twice))
        raise ScenarioError(sorted(set(faults), key=lambda fault: fault.line or 0)) from None
    return Located(data, walked.where)


# ------------------------------------------------------------------------------------ where every key is


@dataclass
class _Walk:
    """Collects the place of every key, and the keys that are written twice."""

    file: str
    lines: list[bytes]
    where: dict[Path, Where] = field(default_factory=dict)
    stated: dict[Path, Where] = field(default_factory=dict)
    lists: dict[Path, int] = field(default_factory=dict)
    twice: list[Fault] = field(default_factory=list)

    def document(self, root: Node) -> None:
        table: Path = ()
        for node in root.children:
            if node.type == "pair":
                self.pair(node, ())
            elif node.type in ("table", "table_array_element"):
                table = self.header(node)
                for pair in _of_type(node, "pair"):
                    self.pair(pair, table)

    def header(self, node: Node) -> Path:
        keys = _keys(node.children[1])
        path = (*self.within(keys[:-1]), keys[-1])
        if node.type == "table_array_element":
            self.where.setdefault(path, self.at(node))
            self.lists[path] = self.lists.get(path, -1) + 1
            path = (*path, self.lists[path])
        self.state(path, node, fresh=())
        return path

    def within(self, keys: tuple[str, ...]) -> Path:
        """The path of a header: a list of tables stands for its latest table."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            path = (*path, self.lists[path]) if path in self.lists else path
        return path

    def pair(self, node: Node, table: Path) -> None:
        if len(node.children) < 3:
            return
        path = table + _keys(node.children[0])
        self.state(path, node, fresh=table)
        self.value(node.children[2], path)

    def value(self, node: Node, path: Path) -> None:
        if node.type == "inline_table":
            for pair in _of_type(node, "pair"):
                self.pair(pair, path)
        elif node.type == "array":
            elements = [child for child in node.children if child.is_named and child.type != "comment"]
            for position, child in enumerate(elements):
                self.where[(*path, position)] = self.at(child)
                self.value(child, (*path, position))

    def state(self, path: Path, node: Node, fresh: Path) -> None:
        for length in range(len(fresh) + 1, len(path)):
            self.where.setdefault(path[:length], self.at(node))
        if path in self.stated:
            first = self.stated[path].line
            again = self.at(node)
            hint = f"it is on line {first} too; keep one of them"
            self.twice.append(Fault(self.file, dotted(path), again.line, "the same name twice", "each name once", hint))
        else:
            self.stated[path] = self.where[path] = self.at(node)

    def at(self, node: Node) -> Where:
        row, column = node.start_point
        ahead = self.lines[row][:column] if row < len(self.lines) else b""
        return Where(self.file, row + 1, len(ahead.decode("utf-8", "replace")) + 1)


def _walked(text: str, file: str) -> _Walk:
    source = text.encode("utf-8", "replace")
    walk = _Walk(file, source.split(b"\n"))
    walk.document(Parser(Language(tree_sitter_toml.language())).parse(source).root_node)
    return walk


def _keys(node: Node) -> tuple[str, ...]:
    text = (node.text or b"").decode("utf-8", "replace")
    if '"' in text or "'" in text:
        return keys_of(text)
    return tuple(part.strip() for part in text.split("."))


def _of_type(node: Node, kind: str) -> list[Node]:
    return [child for child in node.children if child.type == kind]


# --------------------------------------------------------------------------------------- faults of grammar


def _grammar_faults(text: str, file: str, twice: bool) -> list[Fault]:
    """Every syntax error, one after another: a faulty line that stands alone is left out and the rest parsed again."""
    lines, faults = text.split("\n"), list[Fault]()
    while (refusal := _refusal("\n".join(lines))) is not None:
        message, line, column = refusal
        if not (twice and is_twice(message)):
            faults.append(Fault(file, "", line, *explained(message, lines[line - 1], column)))
        if not _stands_alone(lines[line - 1]):
            break
        lines[line - 1] = ""
    return faults


def _refusal(text: str) -> tuple[str, int, int] | None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        error_text = str(error)
    else:
        return None
    place = _PLACE.search(error_text)
    message = error_text[: place.start()] if place else error_text
    if place is None or place[1] is None:
        body = text.rstrip().split("\n")
        return message, len(body), len(body[-1]) + 1
    return message, int(place[1]), int(place[2])


def _stands_alone(line: str) -> bool:
    """Whether leaving the line out cannot break another: a key with a value that neither opens nor closes a list."""
    if not _ONE_LINE.match(line):
        return False
    value = line.split("=", 1)[1]
    return value.count("[") == value.count("]") and value.count("{") == value.count("}")
