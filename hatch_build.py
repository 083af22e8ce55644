"""Puts each rule file, precompiled, into the wheel (see engine/quirkbook/rulebook/builtin.py)."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Precompiled(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # there the rules are being edited
            return
        sys.path.insert(0, str(Path(self.root, "engine")))
        from quirkbook.rulebook import builtin

        self._folder = TemporaryDirectory()
        for name in builtin.all_files():
            precompiled = Path(self._folder.name, builtin.precompiled_name(name))
            precompiled.write_bytes(builtin.precompile(name))
            build_data["force_include"][str(precompiled)] = f"quirkbook/precompiled/{precompiled.name}"
        outline = Path(self._folder.name, builtin.OUTLINE)
        outline.write_bytes(builtin.precompile_outline())
        build_data["force_include"][str(outline)] = f"quirkbook/precompiled/{outline.name}"
