"""LiteLLM's config.yaml -> what the gateway serves, or every diagnostic of the file at its place.

`read_config` reads a file, `from_environment` does without one. Which keys there are is data: see `litellm_keys`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...errors import RuleFileError, UsageError
from ...model import Diagnostic, Location
from ...rulebook.rulebook import Rulebook
from ...rulebook.trust import steering
from ...source.yaml import MAX_BYTES
from . import deployments
from . import yaml as config_yaml
from .client_keys import master_key
from .include import read_pages
from .model import Config, Deployment, Limits
from .parse import Sections
from .reader import Reader, veiled
from .rule_sets import load_rules
from .setting import Setting

__all__ = ["Config", "ConfigError", "Deployment", "Limits", "Setting", "from_environment", "read_config", "settings"]


class ConfigError(RuleFileError):
    """One or more diagnostics in a config; nothing of it is served. ``diagnostics`` holds all of them, in order of place."""

    def __init__(
        self, diagnostics: Sequence[Diagnostic], settings: Sequence[Setting] = (), needs: Sequence[str] = ()
    ) -> None:
        super().__init__(diagnostics)
        self.needs = tuple(needs)
        """The variables that are not set, where that was no error."""
        self.settings = tuple(settings)
        """The keys of the file that are known."""


def read_config(
    path: str | os.PathLike[str],
    *,
    environ: Mapping[str, str] = os.environ,
    rulebook: Rulebook | None = None,
    unset: str = "error",
    strict: bool = False,
) -> Config:
    """Read a config file. Its own folders of rules are layered on the built-in ones, unless ``rulebook`` is given.

    ``unset`` is ``error`` or ``note``: what a variable is that the file asks for and the environment has not. With
    ``strict`` a key that is in no list is an error wherever it stands.

    Raises:
        ConfigError: with all diagnostics of the file, and of the rules that it names.
    """
    name = os.fspath(path)
    try:
        document = config_yaml.read(_read_bytes(name), name)
        pages, included, wrong = read_pages(document)
    except RuleFileError as error:
        raise ConfigError([_without_values(diagnostic) for diagnostic in error.diagnostics]) from None
    reader = Reader(pages, environ, unset, strict=strict)
    reader.diagnostics += map(veiled, wrong)
    if not isinstance(document.data, dict):
        reader.diagnostic("Q108", (), "a config must be a mapping", "it begins with 'model_list:'")
        raise ConfigError(reader.diagnostics)
    config = Sections(reader, rulebook).make()
    if config is not None and config.rulebook.files:
        reader.diagnostics += steering(config.rulebook)
    if config is not None and config.canary and config.canary.rulebook:
        reader.diagnostics += steering(config.canary.rulebook)
    settings = sorted(reader.settings, key=lambda setting: (setting.line, setting.column, setting.pointer))
    diagnostics = sorted(dict.fromkeys(reader.diagnostics), key=lambda diagnostic: diagnostic.location)
    if config is None or any(diagnostic.severity == "error" for diagnostic in diagnostics):
        raise ConfigError(diagnostics, settings, tuple(reader.needs))
    left_out = {
        name: why for name, why in reader.left_out.items() if all(name != one.name for one in config.deployments)
    }
    return replace(
        config,
        included=included,
        settings=tuple(settings),
        remarks=tuple(diagnostics),
        needs=tuple(reader.needs),
        left_out=left_out,
    )


def settings(path: str | None, environ: Mapping[str, str] = os.environ, *, strict: bool = False) -> Config:
    """Return the config in a file, else what the keys in the environment offer.

    Raises:
        ConfigError: with every diagnostic of the file.
        UsageError: there is no file, and no key.
    """
    return read_config(path, environ=environ, strict=strict) if path else from_environment(environ)


def _read_bytes(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read(MAX_BYTES + 1)  # one more than is read is enough to refuse it
    except OSError as error:
        raise RuleFileError(
            [Diagnostic(Location(name, 1, 1), "Q118", f"cannot read this file: {error.strerror}")]
        ) from None


def _without_values(diagnostic: Diagnostic) -> Diagnostic:
    """Return a diagnostic of the text that shows no value: with Q103 the reader quotes what it found."""
    if diagnostic.code == "Q103":
        diagnostic = replace(diagnostic, message=diagnostic.message.partition(":")[0])
        diagnostic = replace(diagnostic, hint="quote the whole text") if "tag" in diagnostic.message else diagnostic
    return veiled(diagnostic)


def from_environment(environ: Mapping[str, str] = os.environ, *, rulebook: Rulebook | None = None) -> Config:
    """Return a config without a file: ``provider/*`` for every provider whose key is in the environment.

    Raises:
        UsageError: there is no key at all.
    """
    book = rulebook or load_rules(environ, ())
    served = deployments.of_environment(book, environ)
    if not served:
        raise UsageError(
            f"no config, and no key of any provider: {deployments.variables(book)}, or write a config.yaml"
        )
    return Config(tuple(served), book, keys=master_key(environ))
