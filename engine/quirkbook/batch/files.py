"""A batch file -> the translated file, in blocks on all cores, resumable at each block without losing or doubling a line.

Beside the output stand a report with a line per request, the lines that were refused, and while it runs a journal.
Who writes an output holds a lock on it, so that two batches never share a journal.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from io import FileIO
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final

from .. import __version__
from ..errors import UsageError
from ..resources import folder
from ..rulebook import builtin
from ..rulebook.rulebook import Rulebook
from . import lines as batch_lines
from .lines import Block, Translator

BLOCK: Final = 1 << 20
"""Bytes of input that are translated, written and noted down together."""
AHEAD: Final = 2
"""Blocks per worker that are read before they are asked for."""
_IDENTITY: Final = 1 << 16


@dataclass(frozen=True)
class Settings:
    """What a batch is translated with; picklable, for the workers."""

    provider: str | None = None
    model: str | None = None
    rules: tuple[str, ...] = ()
    """Folders of own rules."""
    policy: Mapping[str, str] | None = None

    def translator(self) -> Translator:
        """Make the translator.

        Raises:
            UnknownProviderError, UsageError, RuleFileError: see `Translator` and `Rulebook.load`.
        """
        book = Rulebook.load(*self.rules) if self.rules else None
        return Translator(self.provider, self.model, rulebook=book, policy=self.policy)

    def rules_hash(self) -> str:
        """Return a hash of what all rules say: the built-in ones of this version, and those of own folders."""
        texts = [(folder("rules") / name).read_bytes() for name in (*builtin.all_files(), builtin.WORDS)]
        for path in self.rules or filter(None, os.environ.get("QUIRKBOOK_RULES", "").split(os.pathsep)):
            from ..rulebook.load import load_folder  # only now, as PyYAML costs a tenth of the start

            paths = dict.fromkeys(file.location.file for file in load_folder(path, path))
            texts += [Path(path).read_bytes() for path in paths]
        return hashlib.sha256(repr([__version__, *texts]).encode()).hexdigest()


@dataclass
class Progress:
    """How far a batch is: what the journal keeps. Offsets are bytes of the files."""

    read: int = 0
    lines: int = 0
    fates: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("unchanged", "changed", "refused", "unread"), 0)
    )
    """How many lines met which, see `lines.Line.fate`; blank ones meet none."""
    sizes: list[int] = field(default_factory=lambda: [0, 0, 0])
    """Of the output, the report and the refused lines."""


class Batch:
    """One run over one input."""

    def __init__(self, source: Path, target: Path, settings: Settings, *, workers: int | None = None) -> None:
        self._source, self._target, self._settings = source, target, settings
        self._workers = workers or os.cpu_count() or 1
        self.report = target.with_name(f"{target.name}.report.jsonl")
        self.refused = target.with_name(f"{target.name}.refused.jsonl")
        self.journal = target.with_name(f"{target.name}.journal")
        self._fresh = target.with_name(f"{target.name}.journal.new")
        self.size = source.stat().st_size

    def run(self, *, force: bool = False, on_progress: Callable[[Progress], Any] = lambda progress: None) -> Progress:
        """Translate what is left to translate, and return the whole tally; ``on_progress`` is called after each block.

        Raises:
            UsageError: the output is there already, is the input or is being written by another batch; or the journal is
                another batch's, or none, or says more than the outputs hold.
            UnknownProviderError, RuleFileError: see `Settings.translator`.
            OSError: with the name of the file. What the journal says is safe; the same call goes on from there.
        """
        self._spare_input()
        self._settings.translator()  # diagnostics are raised here, not by a worker
        identity = self._identity()
        if not force and not self._target.exists():
            self._resume_point(identity)  # here too, as a refusal makes no file
        with ExitStack() as stack:
            target = stack.enter_context(_opened(self._target))
            _lock(target, self._target)
            state = Progress() if force else self._resume_point(identity)
            self._write_journal(state, identity)  # before the first byte: from here on the same command goes on
            files = [target, *(stack.enter_context(_opened(path)) for path in (self.report, self.refused))]
            for file, size in zip(files, state.sizes, strict=True):
                _go_to(file, size)
            for block, end in self._translated(state.read, state.lines + 1, stack):
                for at, data in enumerate((block.out, block.report, block.refused)):
                    _write(files[at], data)
                    state.sizes[at] += len(data)
                state.read = end
                state.lines += block.lines
                for fate in block.fates:
                    state.fates[fate] += 1
                self._write_journal(state, identity)
                on_progress(state)
            if not state.sizes[2]:
                self.refused.unlink(missing_ok=True)
            self.journal.unlink(missing_ok=True)
        return state

    def _files(self) -> tuple[Path, Path, Path]:
        return self._target, self.report, self.refused

    def _spare_input(self) -> None:
        """Refuse an input that would be written over, or that cannot be read from a place in the middle."""
        if not self._source.is_file():
            raise UsageError(f"{self._source} is not a file that a batch can go on in: save it as a regular file first")
        names = ("output", "report", "file of refused lines", "journal", "next journal")
        for path, name in zip((*self._files(), self.journal, self._fresh), names, strict=True):
            if path.exists() and path.samefile(self._source):
                raise UsageError(f"{path} is both the input and the {name} of this batch: name another output")

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for a batch to go on: the input, and what it is translated with."""
        with self._source.open("rb") as file:
            head = hashlib.sha256(file.read(_IDENTITY)).hexdigest()
        facts = {"size": self.size, "modified": self._source.stat().st_mtime_ns, "head": head}
        settings = {**asdict(self._settings), "rules_hash": self._settings.rules_hash()}
        return {"input": facts, "settings": json.loads(json.dumps(settings))}

    def _resume_point(self, identity: Mapping[str, Any]) -> Progress:
        if self.journal.exists():
            journal, state = self._read_journal()
            for key, text in (
                ("input", f"{self._source} has changed"),
                ("settings", "provider, model, rules or policy differ"),
            ):
                if journal[key] != identity[key]:
                    raise UsageError(f"{self.journal} is of another batch: {text}; begin anew with --force")
            for path, size in zip(self._files(), state.sizes, strict=True):
                if (path.stat().st_size if path.exists() else 0) < size:
                    raise UsageError(f"{path} is shorter than its journal {self.journal} says: begin anew with --force")
            return state
        existing = next((path for path in self._files() if path.exists() and path.stat().st_size), None)
        if existing is not None:
            raise UsageError(f"{existing} is there already: name another output, or write it anew with --force")
        return Progress()

    def _read_journal(self) -> tuple[Mapping[str, Any], Progress]:
        """Read the journal: the identity and how far it is."""
        try:
            journal = json.loads(self.journal.read_bytes())
            state = Progress(**journal["progress"])
            numbers = [state.read, state.lines, *state.sizes, *state.fates.values()]
            is_complete = len(state.sizes) == 3 and state.fates.keys() == Progress().fates.keys()
            if is_complete and all(type(number) is int and number >= 0 for number in numbers):
                return {key: journal[key] for key in ("input", "settings")}, state
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            pass  # JSON of another shape
        raise UsageError(f"{self.journal} is not a journal of a batch: begin anew with --force")

    def _write_journal(self, state: Progress, identity: Mapping[str, Any]) -> None:
        """Write the journal, in one step: a reader finds the old one or the new one whole."""
        with self._fresh.open("wb", buffering=0) as file:
            _write(file, json.dumps({**identity, "progress": asdict(state)}).encode())
        self._fresh.replace(self.journal)

    def _translated(self, start: int, number: int, stack: ExitStack) -> Iterator[tuple[Block, int]]:
        blocks = _blocks(stack.enter_context(self._source.open("rb")), start, number)
        if self._workers == 1 or self.size - start <= BLOCK:
            _begin(self._settings)
            for lines, first_number, end in blocks:
                yield _translate(lines, first_number), end
            return
        pool = stack.enter_context(
            ProcessPoolExecutor(self._workers, get_context("spawn"), initializer=_work, initargs=(self._settings,))
        )
        waiting: deque[tuple[Future[Block], int]] = deque()
        for lines, first_number, end in blocks:
            waiting.append((pool.submit(_translate, lines, first_number), end))
            if len(waiting) > AHEAD * self._workers:
                future, block_end = waiting.popleft()
                yield future.result(), block_end
        for future, block_end in waiting:
            yield future.result(), block_end


def _opened(path: Path) -> FileIO:
    """Open a file as it is, or make it: until it is locked, it may be somebody else's."""
    return open(path, "r+b", buffering=0, opener=lambda name, flags: os.open(name, flags | os.O_CREAT, 0o666))


def _lock(file: FileIO, path: Path) -> None:
    """Hold a file until it is closed. The lock is the system's, so a kill leaves none behind."""
    if sys.platform == "win32":
        return  # there are only locks on bytes there, which would keep readers out
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"another batch is writing {path}: wait for it, or name another output") from None
    except OSError:
        pass  # some network file systems have no locks; a batch runs there all the same


@contextmanager
def _naming(file: IO[Any] | FileIO) -> Iterator[None]:
    """Let an OSError say the file: one of writing or reading knows none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or file.name
        raise


def _go_to(file: FileIO, size: int) -> None:
    """Go on behind ``size`` bytes; what was written beyond, and not noted down, goes."""
    with _naming(file):
        if os.fstat(file.fileno()).st_size > size:
            file.truncate(size)
        file.seek(size)


def _write(file: FileIO, data: bytes) -> None:
    remaining = memoryview(data)
    with _naming(file):
        while remaining:  # on a disk that is nearly full a part is written
            remaining = remaining[file.write(remaining) :]
        os.fsync(file.fileno())


def _blocks(file: IO[bytes], start: int, number: int) -> Iterator[tuple[Sequence[bytes | None], int, int]]:
    """Yield (lines, number of the first, offset of the end); None stands for a line that is too long."""
    with _naming(file):
        file.seek(start)
        while lines := _read_block(file):
            yield lines, number, file.tell()
            number += len(lines)


def _read_block(file: IO[bytes]) -> list[bytes | None]:
    begin = file.tell()
    lines: list[bytes | None] = []
    while file.tell() - begin < BLOCK and (line := file.readline(batch_lines.LONGEST + 1)):
        if len(line) > batch_lines.LONGEST and not line.endswith(b"\n"):
            while (piece := file.readline(BLOCK)) and not piece.endswith(b"\n"):
                pass
            lines.append(None)
        else:
            lines.append(line)
    return lines


_translator: Translator | None = None
"""Of this process, where it is a worker."""


def _work(settings: Settings) -> None:
    """Begin as a worker: one that ends with its parent, even if that is killed; else it would wait for work for ever."""
    Thread(target=_end_with_parent, daemon=True).start()
    _begin(settings)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _begin(settings: Settings) -> None:
    global _translator
    _translator = settings.translator()


def _translate(lines: Sequence[bytes | None], first_number: int) -> Block:
    assert _translator is not None
    return _translator.block(lines, first_number)
