"""What a module defines, and what each definition refers to, without comments and formatting."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

REFERENCE = re.compile(r"([A-Za-z_]\w*(?:\.\w+)+):([A-Za-z_]\w*)")
# Calls at the top of a module that only add an entry to a registry: who uses it, names it.
_REGISTERS = "register_"
_UNSEEN = frozenset({"ctx", "type_comment", "type_ignores", "kind", "type_params"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef

# (module, name): something that is used; an empty name is the whole module.
Use = tuple[str, str]


@dataclass
class Source:
    """One module: its definitions by name, and what stands between them (under the name "").

    parts: name → digest of its normalised text. uses: name → what it refers to; an empty module is
    this one.
    """

    parts: dict[str, str] = field(default_factory=dict)
    uses: dict[str, list[Use]] = field(default_factory=dict)


def read_source(text: str, module: str) -> Source:
    """Take a module apart. Comments, docstrings, formatting and imports as such do not count.

    module: its dotted name; `from .x import y` is understood.
    """
    tree = ast.parse(text)
    nodes: dict[str, list[ast.AST]] = {"": []}
    imports: dict[str, Use] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports |= _imported(node, module)
        elif isinstance(node, _Function | ast.ClassDef):
            nodes.setdefault(node.name, []).append(node)
        elif names := _assigned(node):
            for name in names:
                nodes.setdefault(name, []).append(node)
        elif _is_docstring(node) or _registers(node):
            continue
        else:
            for inner in ast.walk(node):  # as in `if TYPE_CHECKING:`
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    imports |= _imported(inner, module)
            nodes[""].append(node)
    source = Source()
    for name, parts in nodes.items():
        digest = hashlib.sha256()
        uses: dict[Use, None] = {}
        for part in parts:
            digest.update("".join(_text(part)).encode())  # without what it only says
            uses |= dict.fromkeys(_uses(part, module, imports, nodes))
        source.parts[name] = digest.hexdigest()[:24]
        source.uses[name] = [use for use in uses if use != ("", name)]
    return source


def _imported(node: ast.Import | ast.ImportFrom, module: str) -> dict[str, Use]:
    """Local name → what it stands for. A module is (module, "")."""
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.split(".")[0]: (alias.name, "") for alias in node.names}
    base = node.module or ""
    if node.level:
        base = ".".join([*module.split(".")[: -node.level], *([base] if base else [])])
    return {alias.asname or alias.name: (base, alias.name) for alias in node.names}


def _assigned(node: ast.stmt) -> list[str]:
    """The plain names that a statement assigns to."""
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets: list[ast.expr] = [node.target]
    elif isinstance(node, ast.Assign):
        targets = node.targets
    else:
        return []
    return [
        each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
    ]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_log(node: ast.AST) -> bool:
    """`log.info(…)` as a statement."""
    call = node.value if isinstance(node, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
    )


def _registers(node: ast.AST) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id.startswith(_REGISTERS)
    )


def _text(node: Any) -> Iterator[str]:
    """A node as text, the same in every version of Python and however the source is laid out.

    The words of an error and of the log do not count.
    """
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        yield "Raise("
        yield from _text(node.exc.func)
        yield ")"
    elif isinstance(node, ast.AST):
        yield type(node).__name__
        for name in node._fields:
            value = getattr(node, name, None)
            if name in _UNSEEN or value is None or value == []:
                continue
            if isinstance(value, list):
                value = [each for each in value if not (_is_docstring(each) or _is_log(each))]
            yield f"({name}="
            yield from _text(value)
            yield ")"
    elif isinstance(node, list):
        for each in node:
            yield from _text(each)
            yield ","
    else:
        yield repr(node)


def _uses(
    node: ast.AST, module: str, imports: dict[str, Use], defined: dict[str, Any]
) -> Iterator[Use]:
    """What a definition refers to: names of its module, imported names, "module:attribute"."""
    known = imports
    inside = [each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)]
    for statement in inside:
        own = _imported(statement, module)
        yield from own.values()  # also where nothing is taken from it: it may register something
        known = known | own
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute):
            yield from _of_attribute(each, known)
        elif isinstance(each, ast.Name):
            if each.id in known:
                yield known[each.id]
            elif each.id in defined:
                yield "", each.id
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            for found in REFERENCE.fullmatch(each.value), _annotation(each.value, known):
                if isinstance(found, re.Match):
                    yield found[1], found[2]
                elif found:
                    yield found


def _of_attribute(node: ast.Attribute, known: dict[str, Use]) -> Iterator[Use]:
    """`module.name`, for an imported module."""
    names = [node.attr]
    inner: ast.expr = node.value
    while isinstance(inner, ast.Attribute):
        names.insert(0, inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name) and inner.id in known:
        base, attribute = known[inner.id]
        path = [base, *([attribute] if attribute else [])]
        yield ".".join([*path, *names[:-1]]), names[-1]


def _annotation(text: str, known: dict[str, Use]) -> Use | None:
    """A name in quotes, as in an annotation or a cast."""
    return known.get(text)
