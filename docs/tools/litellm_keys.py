"""Hold schemas/gateway-keys.yaml against the sources of the litellm that is installed.

    python docs/tools/litellm_keys.py                what LiteLLM reads and the table does not have, by section
    python docs/tools/litellm_keys.py --all          all that LiteLLM reads, with what becomes of it here

Exit code 1 where the table lacks a key. The sources are read, not imported: litellm takes seconds to import, and nothing of it
has to run. What the gateway does with a new key is for a person to decide: a row in the table, with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from quirkbook.gateway.config import litellm_keys

#: Names of the module litellm that are no settings: tables of models, functions that were imported, what is made when it loads.
NOT_SETTINGS = re.compile(
    r"_.*|.*[A-Z].*|.*(_models|_endpoints|_providers|_list|_class|_config|_map|_cost|_params)|.*models_.*|model_list"
    r"|(api|vertex|azure)_.*|model_list_set"
)
#: Classes whose fields are keys of ``litellm_params``.
PARAMS = ("GenericLiteLLMParams", "CredentialLiteLLMParams", "CustomPricingLiteLLMParams", "LiteLLM_Params")


def sources() -> Path:
    """Return the folder of the installed litellm.

    Raises:
        SystemExit: there is none.
    """
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        raise SystemExit("litellm is not installed")
    return Path(spec.origin).parent


def trees(root: Path, pattern: str) -> Iterator[ast.Module]:
    """Yield the parsed files below a folder."""
    for path in sorted(root.glob(pattern)):
        yield ast.parse(path.read_text("utf-8"))


def fields(root: Path, pattern: str, names: Iterable[str]) -> set[str]:
    """Return the annotated fields of classes of these names."""
    return {
        line.target.id
        for tree in trees(root, pattern)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in names
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def router_arguments(root: Path) -> set[str]:
    """Return the arguments of the functions that make a router: those that take a strategy, retries and fallbacks."""
    found: set[str] = set()
    for tree in trees(root, "router*.py"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
                found |= names if {"routing_strategy", "num_retries", "fallbacks"} <= names else set()
    return found - {"self", "cls", "model_list"}


def module_settings(root: Path) -> set[str]:
    """Return the names that the module assigns at its top level, those of settings."""
    found: set[str] = set()
    for node in ast.parse((root / "__init__.py").read_text("utf-8")).body:
        targets: list[Any] = node.targets if isinstance(node, ast.Assign) else []
        targets += [node.target] if isinstance(node, ast.AnnAssign) else []
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in found if not NOT_SETTINGS.fullmatch(name)}


def keys(root: Path) -> dict[str, set[str]]:
    """Return the keys that LiteLLM reads, by the section of its file that they stand in."""
    return {
        "litellm_params": fields(root, "types/*.py", PARAMS),
        "general_settings": fields(root, "proxy/_types.py", ["ConfigGeneralSettings"]),
        "router_settings": router_arguments(root),
        "litellm_settings": module_settings(root),
    }


def missing(root: Path) -> dict[str, list[str]]:
    """Return the keys that the table has no row for, by section."""
    return {
        name: sorted(key for key in found if litellm_keys.section(name).find(key) is None)
        for name, found in keys(root).items()
    }


def main(options: list[str]) -> int:
    """Print what is asked for; return the exit code."""
    root = sources()
    lacking = missing(root)
    for name, found in keys(root).items():
        print(f"{name}: {len(found)} keys, {len(lacking[name])} without a row")
        for key in sorted(found) if "--all" in options else lacking[name]:
            row = litellm_keys.section(name).find(key)
            print(f"  {key}: {row.state if row else 'no row'}{f': {row.why}' if row and row.why else ''}")
    return int(any(lacking.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
