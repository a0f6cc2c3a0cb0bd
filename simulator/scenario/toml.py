"""Turns the text of a TOML file into its data and the file, line and column of every key.

``tomllib`` parses the data; tree-sitter finds where each key stands. A text that ``tomllib`` refuses is refused with
every syntax error that can be told apart: a line with an error of its own is left out and parsing goes on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from simulator.errors import Fault, ScenarioError
from simulator.scenario.addresses import Path, dotted, keys_of

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


# ------------------------------------------------------------------------------- what a fault of grammar means

Words: TypeAlias = tuple[str, str, str]

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate inline")


def is_twice(message: str) -> bool:
    """Whether ``tomllib`` means that a name is given twice.

    >>> is_twice("Cannot overwrite a value")
    True
    """
    return message.startswith(_TWICE)


def explained(message: str, line: str, column: int) -> Words:
    """What a fault of grammar means, in words.

    Args:
        message: of ``tomllib``.
        line: the line it stopped at.
        column: the column it stopped at, from 1.

    Returns:
        Found, allowed and hint.

    >>> explained("Invalid value", "uptake = 65%", 10)
    ('65%', 'a plain number', 'write 0.65 for 65 %')
    """
    if is_twice(message):
        return f'"{line.strip()}" for a name that already has a value', "each name once", "keep one of them"
    rest = line[column - 1 :].strip()
    for start, words in _MESSAGES:
        if message.startswith(start):
            return words(line, rest)
    return f"something TOML does not allow ({message})", "TOML 1.0", ""


def _value(line: str, rest: str) -> Words:
    value = line.split("=", 1)[1].split(" #")[0].strip() if "=" in line else rest
    if value.startswith(("[", "{")):
        value = re.split(r"[,\]}]", rest)[0].strip()
    return _number(value) or _word(value) or (value, "a value TOML knows", "text goes in quotes")


def _number(value: str) -> Words | None:
    """A number as people write it, but not as TOML reads it."""
    if percent := _PERCENT.fullmatch(value):
        return value, "a plain number", f"write {float(percent[1]) / 100:g} for {percent[1]} %"
    if "£" in value:
        return value, "a plain number", "leave the pound sign out; money is in pounds"
    if _THOUSANDS.match(value):
        return value, "a number without commas", f"write {value.replace(',', '')} or {value.replace(',', '_')}"
    if re.fullmatch(r"[+-]?\.\d+", value):
        return value, "a digit before the point", f"write {value.replace('.', '0.')}"
    if re.fullmatch(r"[+-]?\d+\.", value):
        return value, "a digit after the point", f"write {value}0"
    if re.fullmatch(r"0\d+", value):
        return value, "a number without leading zeros", f"write {value.lstrip('0') or '0'}"
    return None


def _word(value: str) -> Words | None:
    if value == "":
        return "a key without a value", "key = value", "write the value, or leave the line out"
    if value.lower() in ("yes", "no", "true", "false"):
        boolean = "true" if value.lower() in ("yes", "true") else "false"
        return value, "true or false, in small letters", f"write {boolean}"
    if value.lower() in ("none", "null", "na", "n/a"):
        return value, "a value", "TOML has no empty value: leave the line out"
    if re.match(r"[A-Za-z]", value):
        return value, "text in quotes", f'write "{value}"'
    return None


def _inline(line: str, rest: str) -> Words:
    if rest.startswith("}"):
        return "a comma before }", "commas only between the keys of { }", "leave the last comma out"
    if "{" in line and not rest:
        hint = "put it on one line, or under a [header] of its own"
        return "a line break inside { }", "a { } table on one line", hint
    return _key(line, rest)


def _key(line: str, rest: str) -> Words:
    name = (line if re.match(r"[\w -]+=", line.strip()) else rest).split("=")[0].strip()
    if "=" in rest and name.isascii():
        return f'"{name}" as a name', "letters, digits, _ and -", "join the words with _"
    if "=" in rest:
        return f'"{name}" as a name', "letters from a to z, digits, _ and -", f'put it in quotes, "{name}"'
    return f'"{line.strip()}"', "key = value, or a [header]", "start a remark with #"


def _header(line: str, rest: str) -> Words:
    closing = "]]" if line.strip().startswith("[[") else "]"
    return f'"{line.strip()}"', f"a header that ends in {closing}", 'names with spaces go in quotes: ["two words"]'


def _two_things(line: str, rest: str) -> Words:
    if line.strip().startswith("["):
        return f'"{line.strip()}"', "a header on a line of its own", ""
    words = _value(line, rest)
    if words[1] != "a value TOML knows":
        return words
    return f'"{line.strip()}"', "one key = value on a line", "put the rest on a line of its own"


def _quotes(line: str, rest: str) -> Words:
    return "text without a closing quote", "text in quotes on one line", 'longer text goes between """ and """'


def _backslash(line: str, rest: str) -> Words:
    return "a \\ in text in double quotes", "\\\\ for \\", "or put the text in single quotes"


def _list(line: str, rest: str) -> Words:
    return f'"{rest}" in a list' if rest else "a list without an end", "[first, second]", "a comma or a ] is missing"


def _closing(line: str, rest: str) -> Words:
    if not rest:
        return _inline(line, rest)
    return f'"{rest}" in a table', "{ key = value, key = value }", "a comma or a } is missing"


_MESSAGES: tuple[tuple[str, Callable[[str, str], Words]], ...] = (
    ("Invalid initial character for a key part", _inline),
    ("Unclosed inline table", _closing),
    ("Unclosed array", _list),
    ("Expected ']", _header),
    ("Invalid value", _value),
    ("Expected newline or end of document", _two_things),
    ("Expected '=' after a key", _key),
    ("Unterminated string", _quotes),
    ("Expected \"'", _quotes),
    ("Illegal character", _quotes),
    ("Unescaped", _backslash),
    ("Invalid hex", _backslash),
    ("Escaped", _backslash),
    ("Invalid statement", _key),
)
