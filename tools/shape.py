"""The shape of the code: sizes, comments, types, hidden imports and circles. `--check` fails outside the limits."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LINES_PER_FILE, LINES_PER_FUNCTION = 400, 60
ASIDE = ("tests/", "bench/", "tools/", "client/tests/")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Shape:
    files: dict[str, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    comment_lines: int = 0
    documented: int = 0
    typed: int = 0
    hidden_imports: list[str] = field(default_factory=list)
    edges: set[tuple[str, str]] = field(default_factory=set)

    @property
    def circles(self) -> list[tuple[str, str]]:
        """Pairs of packages that import each other."""
        return sorted((a, b) for a, b in self.edges if a < b and (b, a) in self.edges)


def sources(*, tests: bool = False) -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        if "/migrations/" in name or name == "manage.py" or not Path(name).exists():
            continue
        if name.startswith("tests/") if tests else not name.startswith(ASIDE):
            yield Path(name)


def measure(paths: Iterator[Path]) -> Shape:
    shape = Shape()
    listed = list(paths)
    packages = {path.parts[0] for path in listed}
    for path in listed:
        text = path.read_text()
        tree = ast.parse(text)
        if not text.strip():
            continue
        shape.files[str(path)] = len(text.splitlines())
        shape.comment_lines += sum(line.lstrip().startswith("#") for line in text.splitlines())
        _functions(shape, path, tree)
        _imports(shape, path, tree, packages)
    return shape


def _functions(shape: Shape, path: Path, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            shape.functions[f"{path}:{node.lineno} {node.name}"] = (node.end_lineno or 0) - node.lineno + 1
            shape.documented += ast.get_docstring(node) is not None
            shape.typed += node.returns is not None
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom | ast.Import) and _first_party(inner):
                    shape.hidden_imports.append(f"{path}:{inner.lineno}")


def _imports(shape: Shape, path: Path, tree: ast.Module, packages: set[str]) -> None:
    for node in tree.body:
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        shape.edges |= {
            (path.parts[0], n.split(".")[0]) for n in names if n.split(".")[0] in packages - {path.parts[0]}
        }


def _first_party(node: ast.ImportFrom | ast.Import) -> bool:
    if isinstance(node, ast.ImportFrom):
        return bool(node.level) or Path((node.module or "").split(".")[0]).is_dir()
    return any(Path(alias.name.split(".")[0]).is_dir() for alias in node.names)


def spread(sizes: list[int]) -> str:
    ordered = sorted(sizes)
    return f"{statistics.median(ordered):.0f} / {ordered[int(len(ordered) * 0.9)]} / {ordered[-1]}"


def table(shape: Shape, tests: Shape) -> str:
    functions, lines = len(shape.functions), sum(shape.files.values())
    rows = [
        ("files", len(shape.files)),
        ("lines", lines),
        ("lines per file, median / p90 / max", spread(list(shape.files.values()))),
        ("functions", functions),
        ("lines per function, median / p90 / max", spread(list(shape.functions.values()))),
        ("comment lines", f"{shape.comment_lines / lines:.1%}"),
        ("functions with a docstring", f"{shape.documented / functions:.0%}"),
        ("functions with a return type", f"{shape.typed / functions:.0%}"),
        ("imports of our own inside functions", len(shape.hidden_imports)),
        ("pairs of packages that import each other", len(shape.circles)),
        ("test lines per source line", f"{sum(tests.files.values()) / lines:.2f}"),
    ]
    return "\n".join(["| Measure | Ours |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def faults(shape: Shape) -> list[str]:
    found = [f"{path}: {n} lines" for path, n in shape.files.items() if n > LINES_PER_FILE]
    found += [f"{where}: {n} lines" for where, n in shape.functions.items() if n > LINES_PER_FUNCTION]
    return found + [f"circle: {a} and {b}" for a, b in shape.circles]


def main() -> None:
    shape = measure(sources())
    print(table(shape, measure(sources(tests=True))))
    found = faults(shape)
    if "--check" in sys.argv and found:
        sys.exit("\n".join(found))
    if "--verbose" in sys.argv:
        print("\n".join(shape.hidden_imports))


if __name__ == "__main__":
    main()
