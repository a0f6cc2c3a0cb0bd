"""Turns a scenario file and the files it extends into one tree of data, with the file and line of each part.

A file may begin with ``extends = "other.toml"`` (beside the file, or the name of a packaged scenario) or a list of
such, and with ``remove = ["programmes.befriending"]``. What other files say comes first, each file once however many
extend it, in the order of the list; tables merge key by key and the later file wins. Three things replace what was
there as a whole: a quantity (a number, or a table with ``value``), a list, and a table that says its ``dist``.
``remove`` takes out of what is inherited before anything is added. ``name`` is never inherited.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from simulator.errors import Fault, NotAllowed, ScenarioError, suggestion
from simulator.scenario.addresses import (
    Path,
    Shape,
    dotted,
    field_shapes,
    inside,
    is_model,
    is_quantity,
    is_table,
    keys_of,
    origin,
    shape_at,
    shown,
)
from simulator.scenario.inherited.price_years import dated
from simulator.scenario.inherited.sizes import inherited_sizes
from simulator.scenario.library import SUFFIX, packaged
from simulator.scenario.names import table_in
from simulator.scenario.rule_sets import without_fixed
from simulator.scenario.tables import Scenario
from simulator.scenario.toml import Where, locate
from simulator.scenario.toml.tree import Issue, Tree

DIRECTIVES = ("extends", "remove")
RULES: Path = ("economics", "rules")
PRICE_YEAR: Path = ("price_year",)
OWN = (("calibration",),)
"""What nobody inherits: it says how one file was made."""


# ------------------------------------------------------------------------------------------------- files


def load(path: FilePath) -> Tree:
    """The tree of a file and of all it extends.

    Args:
        path: the file.

    Raises:
        ScenarioError: for faults of grammar, a file that is not there or extends itself, or nothing to remove.
    """
    return _load(path, ())


def load_text(text: str, file: str, folder: FilePath) -> Tree:
    r"""The tree of a text, as if it were a file of that name in that folder.

    Args:
        text: the scenario in TOML.
        file: name used in faults and, without suffix, as the scenario's name.
        folder: where the files it extends are looked for.

    Raises:
        ScenarioError: as for :func:`load`.

    >>> load_text("[horizon]\nyears = 5", "a.toml", FilePath()).data
    {'name': 'a', 'horizon': {'years': 5}}
    """
    return _inherit(text, file, folder, ())


def parents(path: FilePath) -> tuple[FilePath, ...]:
    """The files that a file says it extends, in its order."""
    own = _written(_text_of(path), path.name, path.parent)
    return tuple(_parent(own.tree, extends, (path.resolve(),)) for extends in own.extends)


@dataclass(frozen=True)
class _Written:
    """What one file says, apart from what it extends; ``above``: the files it extends and those that they extend."""

    tree: Tree
    extends: tuple[str, ...]
    remove: tuple[str, ...]
    above: frozenset[FilePath] = frozenset()


def _load(path: FilePath, chain: tuple[FilePath, ...]) -> Tree:
    return _inherit(_text_of(path), path.name, path.parent, (*chain, path.resolve()))


def _text_of(path: FilePath) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fault = Fault(path.name, "", None, "text that is not UTF-8", "UTF-8", "save it as UTF-8")
        raise ScenarioError([fault]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioError([Fault(path.name, "", None, f"no readable file ({reason})", "a TOML file")]) from None


def _inherit(text: str, file: str, folder: FilePath, chain: tuple[FilePath, ...]) -> Tree:
    own = _written(text, file, folder)
    line = _in_line(own, chain, {})
    first, *others = line.values()
    tree = first.tree
    for place, later in enumerate(others, start=1):
        beside = [one for file, one in list(line.items())[:place] if file not in later.above]
        gone = {keys_of(text) for one in beside for text in one.remove}
        handed_on = replace(tree, data=_without_own(tree.data), where=_outside(tree.where, OWN))
        tree = merged(_without(handed_on, later.tree, later.remove, gone), later.tree)
    return _all_compared(tree, own, chain) if len(own.extends) > 1 else tree


def _without_own(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if (key,) not in OWN}


def _in_line(own: _Written, chain: tuple[FilePath, ...], line: dict[FilePath, _Written]) -> dict[FilePath, _Written]:
    """Files in the order in which they are laid over each other: what is extended first, each file once."""
    above = set[FilePath]()
    for extends in own.extends:
        path = _parent(own.tree, extends, chain).resolve()
        if path not in line:
            _in_line(_written(_text_of(path), path.name, path.parent), (*chain, path), line)
        above |= {path, *line[path].above}
    line[chain[-1] if chain else own.tree.folder / own.tree.file] = replace(own, above=frozenset(above))
    return line


def _all_compared(tree: Tree, own: _Written, chain: tuple[FilePath, ...]) -> Tree:
    """Programmes of a file without arms are arms of their own beside the arms of the other files."""
    alone = [_load(_parent(own.tree, extends, chain), chain).data for extends in own.extends]
    if "arms" in own.tree.data or not any("arms" in data for data in alone):
        return tree
    arms = {name: [name] for data in alone if "arms" not in data for name in table_in(data, "programmes")}
    return replace(tree, data={**tree.data, "arms": {**tree.data["arms"], **arms}})


def _written(text: str, file: str, folder: FilePath) -> _Written:
    located = locate(text, file)
    data = {"name": _name_from(file), **located.data}
    tree = Tree({key: data[key] for key in data if key not in DIRECTIVES}, located.where, file, folder)
    extends, remove = data.get("extends"), data.get("remove")
    _check_directives(tree, extends, remove)
    return _Written(tree, (extends,) if isinstance(extends, str) else tuple(extends or ()), tuple(remove or ()))


def _name_from(file: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", FilePath(file).stem.lower()).strip("_") or "scenario"


def _check_directives(own: Tree, extends: object, remove: object) -> None:
    issues = []
    if not (extends is None or isinstance(extends, str) or (_texts(extends) and extends)):
        issues.append(Issue(("extends",), shown(extends), "the name of a file in quotes, or a list of such names"))
    if not (remove is None or _texts(remove)):
        issues.append(Issue(("remove",), shown(remove), 'a list of dotted paths, ["programmes.befriending"]'))
    if remove and extends is None:
        hint = "leave the lines out instead"
        issues.append(Issue(("remove",), "remove without extends", "remove beside extends", hint))
    if issues:
        raise own.refuse(*issues)


def _texts(written: object) -> bool:
    return isinstance(written, list) and all(isinstance(item, str) for item in written)


def _parent(own: Tree, extends: str, chain: tuple[FilePath, ...]) -> FilePath:
    beside = own.folder / extends
    both = (beside, beside.with_name(beside.name + SUFFIX))
    path = next((file for file in both if file.is_file()), packaged().get(extends))
    if path is None:
        known = sorted({f.stem for f in beside.parent.glob("*.toml") if f.name != own.file} | set(packaged()))
        hint = suggestion(beside.stem, known)
        raise own.refuse(
            Issue(("extends",), f'no file "{extends}"', "a file beside this one or the name of a scenario", hint)
        )
    if path.resolve() in chain:
        round_trip = " -> ".join(p.name for p in (*chain[chain.index(path.resolve()) :], path))
        raise own.refuse(Issue(("extends",), f"files that extend each other, {round_trip}", "a chain with an end"))
    return path


# ------------------------------------------------------------------------------------------ remove, merge


def _without(base: Tree, own: Tree, remove: Sequence[str], gone: Collection[Path]) -> Tree:
    """What is inherited, without what a file takes out of it; what a file beside it took out need not be there."""
    data, issues, removed = base.data, list[Issue](), list[Path]()
    for position, text in enumerate(remove):
        try:
            path = keys_of(text)
            if path not in gone:
                _check_exists(base.data, path)
        except NotAllowed as fault:
            issues.append(Issue(("remove", position), fault.found, fault.allowed, fault.hint))
        else:
            data = _without_path(data, path) if path not in gone else data
            removed.append(path)
    if issues:
        raise own.refuse(*issues)
    return replace(base, data=data, where=_outside(base.where, removed))


def _check_exists(data: Mapping[str, Any], path: tuple[str, ...]) -> None:
    table: Any = data
    for depth, key in enumerate(path):
        if not isinstance(table, dict) or key not in table:
            known = list(table) if isinstance(table, dict) else []
            problem = f"nothing to remove at {dotted(path[: depth + 1])}"
            raise NotAllowed(problem, ", ".join(known) or "an inherited path", suggestion(key, known))
        table = table[key]


def _without_path(data: dict[str, Any], path: Path) -> dict[str, Any]:
    first, *rest = path
    if not rest or not isinstance(data.get(str(first)), dict):
        return {key: value for key, value in data.items() if key != first}
    return {**data, str(first): _without_path(data[str(first)], tuple(rest))}


def _outside(where: Mapping[Path, Where], removed: Iterable[Path]) -> dict[Path, Where]:
    roots = set(removed)
    depths = sorted({len(root) for root in roots})
    return {path: at for path, at in where.items() if not any(path[:n] in roots for n in depths)}


def merged(base: Tree, own: Tree) -> Tree:
    r"""One tree over another: tables merge, quantities, lists and tables with ``dist`` replace.

    Args:
        base: what is inherited.
        own: what is written over it.

    >>> one = load_text("[needs.gp]\nrate = 5\npriority = 1", "a.toml", FilePath())
    >>> two = load_text("[needs.gp]\nrate = { value = 6 }", "b.toml", FilePath())
    >>> merged(one, two).data
    {'name': 'b', 'needs': {'gp': {'rate': {'value': 6}, 'priority': 1}}}
    """
    replaced: list[Path] = []
    data = dated(_ruled_by(own.data, base.data), own.data)
    fixed = [("economics", key) for key in table_in(base.data, "economics") if key not in data["economics"]]
    base = replace(base, data=data, where=_outside(base.where, fixed))
    data = _merged(base.data, own.data, Scenario, (), replaced)
    sizes = inherited_sizes(base, data, own.where.__contains__)
    return Tree(data, {**_outside(base.where, replaced), **own.where}, own.file, own.folder, sizes)


def _ruled_by(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """What is inherited, without the rates and values that a newly named set of rules fixes."""
    rules = own["economics"].get("rules") if isinstance(own.get("economics"), dict) else None
    if not isinstance(base.get("economics"), dict):
        return base
    return {**base, "economics": without_fixed(base["economics"], rules)}


def _merged(
    base: dict[str, Any], own: dict[str, Any], shape: Shape, path: Path, replaced: list[Path]
) -> dict[str, Any]:
    out = dict(base)
    for key, value in own.items():
        inner = inside(shape, key)
        if key in base and _merges(base[key], value, inner):
            out[key] = _merged(base[key], value, inner, (*path, key), replaced)
        else:
            replaced.append((*path, key))
            out[key] = value
    return out


def _merges(base: object, own: object, shape: Shape) -> bool:
    both = isinstance(base, dict) and isinstance(own, dict)
    return both and not is_quantity(shape) and "dist" not in own  # type: ignore[operator]


# --------------------------------------------------------------------------------------------- one value


def parse_set(text: str) -> tuple[str, Any]:
    """The dotted path and the value of ``path=value``, the value read by TOML's grammar.

    Args:
        text: for example ``needs.gp.rate=5.5``.

    Raises:
        NotAllowed: no ``=``, or a value that TOML does not know.

    >>> parse_set("needs.gp.rate={value=5, se=0.2}")
    ('needs.gp.rate', {'value': 5, 'se': 0.2})
    """
    path, equals, value = text.partition("=")
    if not equals:
        raise NotAllowed(f'"{text}"', "path=value", "for example needs.gp.rate=5.5")
    try:
        return path.strip(), tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        quoted = f"""text needs quotes twice, '{path}="{value.strip()}"'"""
        hint = quoted if re.match(r"\s*[A-Za-z]", value) else ""
        raise NotAllowed(f'"{value}"', "a TOML value", hint) from None


def with_value(tree: Tree, path_text: str, value: object, by: str) -> Tree:
    r"""The tree with one value replaced.

    Args:
        tree: the tree.
        path_text: dotted path of a key that the scenario has or may have.
        value: number, text, list or table.
        by: what to name as the file in faults, for example ``--set``.

    Raises:
        NotAllowed: the scenario can have no such path.

    >>> tree = load_text("[needs.gp]\nrate = 5", "a.toml", FilePath())
    >>> with_value(tree, "needs.gp.rate", 6, "--set").data["needs"]
    {'gp': {'rate': 6}}
    """
    data, path = put(tree.data, path_text, value)
    whole = next((path[:n] for n in range(1, len(path)) if is_quantity(shape_at(path[:n]))), path)
    return replace(tree, data=data, where={**_outside(tree.where, [whole]), whole: Where(by)})


def put(data: dict[str, Any], path_text: str, value: object) -> tuple[dict[str, Any], Path]:
    """Some data with one value replaced, and the path of what was.

    Args:
        data: a resolved tree.
        path_text: dotted path of a key that the scenario has or may have.
        value: number, text, list or table.

    Raises:
        NotAllowed: the scenario can have no such path.

    >>> put({"needs": {"gp": {"rate": 5}}}, "needs.gp.rate", 6)
    ({'needs': {'gp': {'rate': 6}}}, ('needs', 'gp', 'rate'))
    """
    keys = keys_of(path_text)
    if keys == RULES:
        data = _ruled_by({"economics": {"rules": value}}, data)
    if keys == PRICE_YEAR:
        data = dated(data, {"price_year": value})
    return _put(data, keys, value, Scenario, ())


def _put(here: Any, keys: Sequence[str], value: object, shape: Shape, path: Path) -> tuple[Any, Path]:
    key = _known_key(here, keys, value, shape)
    step, inner = (*path, key), inside(shape, key)
    if len(keys) == 1:
        return _with_item(here, key, value), step
    below = _container(here[key] if isinstance(key, int) else here.get(key), inner)
    new, full = _put(below, keys[1:], value, inner, step)
    return _with_item(here, key, new), full


def _container(value: Any, shape: Shape) -> Any:
    """What a further key can be put into: a table that was left out is empty, a number alone is a table with value."""
    if value is None:
        return [] if origin(shape) is tuple else {}
    return {"value": value} if is_quantity(shape) and not isinstance(value, dict) else value


def _with_item(here: Any, key: str | int, value: object) -> Any:
    if isinstance(here, list):
        return [value if position == key else item for position, item in enumerate(here)]
    return {**here, key: value}


def _known_key(here: Any, keys: Sequence[str], value: object, shape: Shape) -> str | int:
    key = keys[0]
    if isinstance(here, list):
        if key.isdigit() and int(key) < len(here):
            return int(key)
        raise NotAllowed(f'position "{key}"', f"a position from 0 to {len(here) - 1}")
    known = list(field_shapes(shape)) if is_model(shape) else list(here) if isinstance(here, dict) else []
    if key in known or _may_be_new(keys, value, shape):
        return key
    raise NotAllowed(f'the unknown name "{key}"', ", ".join(known) or "no key here", suggestion(key, known))


def _may_be_new(keys: Sequence[str], value: object, shape: Shape) -> bool:
    """A name may be added to a table of names, but a table of its own only as a whole."""
    if origin(shape) is not dict or len(keys) > 1:
        return False
    table: Any = inside(shape, keys[0])
    return isinstance(value, dict) or not is_table(table) or bool(table.AS_LIST and isinstance(value, list))
