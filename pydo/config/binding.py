"""`durable_objects.bindings`, and the names that all bindings share.

Texts: cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`,
`validateDurableObjectBinding` and `validateBindingsHaveUniqueNames`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.keys import BINDINGS
from pydo.config.report import as_array, as_strings, as_table, show
from pydo.config.schema import DurableObjectBinding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydo.config.document import KeyPath
    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["PlacedBinding", "bound_names", "check_names", "read_bindings"]


@dataclass(frozen=True, slots=True)
class PlacedBinding:
    """A binding and the path of its table."""

    path: KeyPath
    binding: DurableObjectBinding


def read_bindings(
    report: Report, environment: Environment, worker: str
) -> tuple[PlacedBinding, ...]:
    """Read the bindings of Durable Objects; those that cannot be used are reported and left out.

    A `script_name` that is the Worker's own name says nothing and is dropped.
    """
    found = environment.find("durable_objects")
    if found is None:
        return ()
    table = report.table(found.path, found.value)
    report.unexpected(found.path, table, ("bindings",))
    path = (*found.path, "bindings")
    array = as_array(table.get("bindings", []))
    if array is None:
        got = show(table["bindings"])
        report.error(f'The field "{spell(path)}" should be an array but got {got}.', path)
        return ()
    if "bindings" not in table and as_table(found.value) is not None:
        message = f'The field "{spell(found.path)}" is missing the required "bindings" property.'
        example = report.example("bindings", [{"name": "…", "class_name": "…"}])
        report.error(message, found.path, f"add {example}")
    read = (_binding(report, (*path, index), each, worker) for index, each in enumerate(array))
    return tuple(each for each in read if each is not None)


def check_names(report: Report, environment: Environment, extra_vars: Mapping[str, str]) -> None:
    """Refuse two bindings of one name; bindings of every kind and `vars` share one set of names.

    `extra_vars` come from the command line, where they may replace `vars` of the file.
    """
    uses: defaultdict[str, list[tuple[str, KeyPath]]] = defaultdict(list)
    for name, label, path in (
        *bound_names(environment),
        *_var_names(environment, extra_vars),
        *_secret_names(environment),
    ):
        uses[name].append((label, path))
    for name, places in uses.items():
        _check_name(report, name, places)


def _binding(report: Report, path: KeyPath, value: object, worker: str) -> PlacedBinding | None:
    table = as_table(value)
    if table is None:
        report.error(f'Expected "{spell(path)}" to be an object but got {show(value)}.', path)
        return None
    problems = list(_problems(report, table))
    for problem, key, hint in problems:
        report.error(f'"{spell(path)}": {show(value)}: {problem}', (*path, key), hint)
    report.unexpected(path, table, ("name", "class_name", "script_name", "environment"))
    if problems:
        return None
    script = None if table.get("script_name") == worker else table.get("script_name")
    binding = DurableObjectBinding(
        name=str(table["name"]),
        class_name=str(table["class_name"]),
        script_name=None if script is None else str(script),
    )
    return PlacedBinding(path, binding)


def _problems(report: Report, table: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a binding: the problem, the key it is about, what to do."""
    for key, what in (
        ("name", "under which the Worker finds it in env"),
        ("class_name", "the Durable Object class that it binds"),
    ):
        if not isinstance(table.get(key), str) or not table[key]:
            hint = f"add {report.example(key, '…')}, {what}"
            yield f'binding should have a string "{key}" field.', key, hint
    for key in ("script_name", "environment"):
        if not isinstance(table.get(key, ""), str):
            problem = f'the field "{key}", when present, should be a string.'
            yield problem, key, "put it between quotes"
    if "environment" in table and "script_name" not in table:
        yield (
            'binding should have a "script_name" field if "environment" is present.',
            "environment",
            "add script_name, the Worker that holds the class, or remove environment",
        )


def bound_names(environment: Environment) -> Iterator[tuple[str, str, KeyPath]]:
    """Yield name, kind and path of each binding, of whatever kind."""
    for key, kind in BINDINGS.items():
        found = environment.find(key)
        if found is None:
            continue
        path, value = found.path, found.value
        for part in kind.within:
            path, value = (*path, part), (as_table(value) or {}).get(part)
        tables = as_array(value)
        places = enumerate(tables) if tables is not None else ((None, value),)
        for index, each in places:
            name = (as_table(each) or {}).get(kind.named_by)
            if isinstance(name, str) and name:
                place = path if index is None else (*path, index)
                yield name, kind.label, (*place, kind.named_by)


def _var_names(
    environment: Environment, extra_vars: Mapping[str, str]
) -> Iterator[tuple[str, str, KeyPath]]:
    found = environment.find("vars")
    table = {} if found is None else as_table(found.value) or {}
    for name in dict.fromkeys((*table, *extra_vars)):
        path = (*found.path, name) if found is not None and name in table else ()
        yield name, "Environment Variable", path


def _secret_names(environment: Environment) -> Iterator[tuple[str, str, KeyPath]]:
    found = environment.find("secrets")
    table = {} if found is None else as_table(found.value) or {}
    for index, name in enumerate(as_strings(table.get("required")) or ()):
        assert found is not None, "it has the names"
        yield name, "Secret", (*found.path, "required", index)


def _check_name(report: Report, name: str, places: list[tuple[str, KeyPath]]) -> None:
    if len(places) == 1:
        return
    # The one that comes later in the file is the one to look at; () is the command line.
    in_file = sorted((path for _, path in places if path), key=lambda path: _line(report, path))
    first = (
        f"bound on line {_line(report, in_file[0])[0]}" if len(in_file) > 1 else "given by --var"
    )
    hint = (
        f"{name} is {first} already.\n"
        "Bindings must have unique names, so that they can all be referenced in the worker.\n"
        "Please change your bindings to have unique names."
    )
    labels = [label for label, _ in places]
    kinds = list(dict.fromkeys(labels))
    if len(kinds) > 1:
        report.error(f"{name} assigned to {_listed(kinds)} bindings.", in_file[-1], hint)
    for kind in kinds:
        if labels.count(kind) > 1:
            report.error(f"{name} assigned to multiple {kind} bindings.", in_file[-1], hint)


def _line(report: Report, path: KeyPath) -> tuple[int, int]:
    span = report.document.span(path)
    return span.line, span.column


def _listed(words: list[str]) -> str:
    if len(words) == 2:  # noqa: PLR2004 - English has no comma between two
        return " and ".join(words)
    return f"{', '.join(words[:-1])}, and {words[-1]}"
