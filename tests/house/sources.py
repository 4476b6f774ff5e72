"""Our own source files as the house's tests read them: which there are, and what each imports and calls."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = {"openempathic": ROOT / "platform", "contributions": ROOT, "training": ROOT}


def modules() -> Iterator[str]:
    """The dotted name of every module of ours."""
    for room, root in SOURCE_ROOTS.items():
        for path in sorted((root / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(module: str) -> ast.Module:
    """The module's syntax tree."""
    path = SOURCE_ROOTS[module.split(".")[0]].joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(), filename=str(path))


def imports(module: str) -> set[str]:
    """Every dotted name that the module imports, at its head or inside a function."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def importers(library: str) -> set[str]:
    """The modules of ours that import the library or anything in it."""
    inside = f"{library}."
    return {m for m in modules() if any(name == library or name.startswith(inside) for name in imports(m))}


def callers(*methods: str) -> set[str]:
    """The modules of ours that call a method of one of these names on anything."""
    return {module for module in modules() if methods_called(module) & set(methods)}


def methods_called(module: str) -> set[str]:
    """The names of all methods that the module calls."""
    calls = (node.func for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
    return {function.attr for function in calls if isinstance(function, ast.Attribute)}
