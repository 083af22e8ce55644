"""A batch file -> the translated file, in blocks on all cores, resumable at each block without losing or doubling a line.

Beside the output stand a report with a line per request, the lines that were refused, and while it runs a journal.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final

from .batch import Translator
from .errors import UsageError
from .rulebook import Rulebook

BLOCK: Final = 1 << 20
"""Bytes of input that are translated, written and noted down together."""
LONGEST: Final = 64 << 20
"""Bytes of a line; what is longer is no chat payload."""
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


@dataclass
class Progress:
    """How far a batch is: what the journal keeps. Offsets are bytes of the files."""

    read: int = 0
    lines: int = 0
    fates: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("unchanged", "changed", "refused", "unread"), 0)
    )
    """How many lines met which, see `batch.Line.fate`; blank ones meet none."""
    sizes: list[int] = field(default_factory=lambda: [0, 0, 0])
    """Of the output, the report and the refused lines."""


@dataclass
class _Block:
    """A block translated: bytes to add to the files, and what became of its lines."""

    out: bytes
    report: bytes
    refused: bytes
    lines: int
    fates: list[str]


class Batch:
    """One run over one input."""

    def __init__(self, source: Path, target: Path, settings: Settings, *, workers: int | None = None) -> None:
        self._source, self._target, self._settings = source, target, settings
        self._workers = workers or os.cpu_count() or 1
        self.report = target.with_name(f"{target.name}.report.jsonl")
        self.refused = target.with_name(f"{target.name}.refused.jsonl")
        self.journal = target.with_name(f"{target.name}.journal")
        self.size = source.stat().st_size

    def run(self, *, force: bool = False, tell: Callable[[Progress], Any] = lambda progress: None) -> Progress:
        """Translate what is left to translate, and return the whole tally; ``tell`` hears of each block.

        Raises:
            UsageError: the output is there already, or the journal is another batch's.
            UnknownProviderError, RuleFileError: see `Settings.translator`.
        """
        self._settings.translator()  # faults are told here, not by a worker
        state = Progress() if force else self._resumed()
        identity = self._identity()
        with ExitStack() as stack:
            files = [
                stack.enter_context(_opened(path, size)) for path, size in zip(self._files(), state.sizes, strict=True)
            ]
            for block, end in self._translated(state.read, state.lines + 1, stack):
                for at, (file, data) in enumerate(zip(files, (block.out, block.report, block.refused), strict=True)):
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    state.sizes[at] += len(data)
                state.read = end
                state.lines += block.lines
                for fate in block.fates:
                    state.fates[fate] += 1
                self._note(state, identity)
                tell(state)
        if not state.sizes[2]:
            self.refused.unlink()
        self.journal.unlink(missing_ok=True)
        return state

    def _files(self) -> tuple[Path, Path, Path]:
        return self._target, self.report, self.refused

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for a batch to go on: the input, and what it is translated with."""
        with self._source.open("rb") as file:
            head = hashlib.sha256(file.read(_IDENTITY)).hexdigest()
        facts = {"size": self.size, "modified": self._source.stat().st_mtime_ns, "head": head}
        return {"input": facts, "settings": json.loads(json.dumps(asdict(self._settings)))}

    def _resumed(self) -> Progress:
        if self.journal.exists():
            found = json.loads(self.journal.read_text("utf-8"))
            now = self._identity()
            for key, text in (
                ("input", f"{self._source} has changed"),
                ("settings", "provider, model, rules or policy differ"),
            ):
                if found[key] != now[key]:
                    raise UsageError(f"{self.journal} is of another batch: {text}; begin anew with --force")
            return Progress(**found["progress"])
        there = next((path for path in self._files() if path.exists() and path.stat().st_size), None)
        if there is not None:
            raise UsageError(f"{there} is there already: name another output, or write it anew with --force")
        return Progress()

    def _note(self, state: Progress, identity: Mapping[str, Any]) -> None:
        """Write the journal, in one step: a reader finds the old one or the new one whole."""
        fresh = self.journal.with_name(f"{self.journal.name}.new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({**identity, "progress": asdict(state)}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.journal)

    def _translated(self, start: int, number: int, stack: ExitStack) -> Iterator[tuple[_Block, int]]:
        blocks = _blocks(stack.enter_context(self._source.open("rb")), start, number)
        if self._workers == 1 or self.size - start <= BLOCK:
            _begin(self._settings)
            for lines, first, end in blocks:
                yield _translate(lines, first), end
            return
        pool = stack.enter_context(
            ProcessPoolExecutor(self._workers, get_context("spawn"), initializer=_work, initargs=(self._settings,))
        )
        waiting: deque[tuple[Future[_Block], int]] = deque()
        for lines, first, end in blocks:
            waiting.append((pool.submit(_translate, lines, first), end))
            if len(waiting) > AHEAD * self._workers:
                done, at = waiting.popleft()
                yield done.result(), at
        for done, at in waiting:
            yield done.result(), at


def _opened(path: Path, size: int) -> IO[bytes]:
    """Open a file to go on behind ``size`` bytes; what was written beyond, and not noted down, goes."""
    file = path.open("r+b" if path.exists() else "w+b")
    file.truncate(size)
    file.seek(size)
    return file


def _blocks(file: IO[bytes], start: int, number: int) -> Iterator[tuple[Sequence[bytes | None], int, int]]:
    """Yield (lines, number of the first, offset of the end); None stands for a line that is too long."""
    file.seek(start)
    while True:
        begin = file.tell()
        lines: list[bytes | None] = []
        while file.tell() - begin < BLOCK:
            line = file.readline(LONGEST + 1)
            if not line:
                break
            if len(line) > LONGEST and not line.endswith(b"\n"):
                while (more := file.readline(BLOCK)) and not more.endswith(b"\n"):
                    pass
                lines.append(None)
            else:
                lines.append(line)
        if not lines:
            return
        yield lines, number, file.tell()
        number += len(lines)


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


def _translate(lines: Sequence[bytes | None], first: int) -> _Block:
    assert _translator is not None
    out, report, refused, fates = [], [], [], []
    for number, raw in enumerate(lines, first):
        if raw is None:
            report.append(
                b'{"line":%d,"error":"the line holds more than %d bytes, too many for a payload"}' % (number, LONGEST)
            )
            fates.append("unread")
        elif (done := _translator.line(raw, number)) is not None:
            report.append(done.report)
            fates.append(done.fate)
            if done.sent is None:
                refused.append(raw.strip())
            else:
                out.append(done.sent)
    return _Block(_joined(out), _joined(report), _joined(refused), len(lines), fates)


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"\n".join([*lines, b""])
