"""Turns what ``tomllib`` says about a text it cannot read into what was found, what is allowed and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

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
        message: what ``tomllib`` said.
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
        meant = "true" if value.lower() in ("yes", "true") else "false"
        return value, "true or false, in small letters", f"write {meant}"
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
