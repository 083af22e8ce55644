"""Config and rules that were edited come into force without a restart; a broken edit is only reported."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from watchfiles import Change, awatch

from ..errors import QuirkbookError
from .config.model import Config

if TYPE_CHECKING:
    from .app import Gateway


#: The link that Kubernetes swaps when a ConfigMap changes; the files beside it lead through it and do not change.
_SWAPPED: Final = "..data"
LONGEST: Final = 60.0
"""Seconds that reading everything anew may take."""
LOOK: Final = 2000
"""Milliseconds after which the files are looked at, though the system has reported nothing."""
_SUFFIXES: Final = (".yaml", ".yml", ".json")

Stamps = dict[Path, tuple[int, int, int]]


class Watcher:
    """Watches the files of one gateway."""

    def __init__(
        self,
        gateway: Gateway,
        path: str | None,
        read_config: Callable[[str | None], Config],
        before: Stamps | None = None,
    ) -> None:
        """Make ready; ``before`` are the stamps of files from before they were read: an edit since then is one to see."""
        self._gateway, self._path, self._read_config = gateway, path, read_config
        self._task: asyncio.Task[None] | None = None
        self._reloads: set[asyncio.Task[None]] = set()
        self._seen: Stamps = self._stamps() | (before or {})

    def begin(self) -> None:
        """Begin to watch; on an event loop."""
        if any(True for _ in self._places()):
            self._task = asyncio.get_running_loop().create_task(self._watch())

    def reload_soon(self) -> None:
        """Read everything anew, whether it has changed or not."""
        task = asyncio.get_running_loop().create_task(self.reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    def _places(self) -> Iterator[Path]:
        """Yield what to watch: the folder of the config, as editors put a new file in the old one's place, and rules."""
        yield from {file.parent for file in self._files()}
        yield from (place for place in self._folders() if place.exists())

    def _folders(self) -> tuple[Path, ...]:
        """Return all folders of rules that are read."""
        config = self._gateway.service.config
        return (*config.rules, *(config.canary.rules if config.canary else ()))

    def _files(self) -> set[Path]:
        """Return where the config is, and where that leads if it is a link."""
        included = (files_of(str(path)) for path in self._gateway.service.config.included)
        return files_of(self._path).union(*included)

    def _stamps(self) -> Stamps:
        """Return by which a change of each file is known."""
        files = set(self._files())
        for place in self._folders():
            files.update((file for file in place.rglob("*") if file.suffix in _SUFFIXES) if place.is_dir() else [place])
        return dict(stamps(files))

    async def _watch(self) -> None:
        while True:
            places = sorted(set(self._places()))
            watching = awatch(
                *places, watch_filter=self._concerns, step=50, debounce=200, rust_timeout=LOOK, yield_on_timeout=True
            )
            async for changes in watching:
                if changes or self._stamps() != self._seen:
                    await self.reload()
                if sorted(set(self._places())) != places:
                    break

    def _concerns(self, change: Change, changed: str) -> bool:
        path = Path(changed)
        if path in self._files() or path.name == _SWAPPED:
            return True
        return path.suffix in _SUFFIXES and any(path.is_relative_to(place.absolute()) for place in self._folders())

    async def reload(self) -> None:
        """Read everything anew; what is faulty is logged, and the last good set stays in force."""
        gateway = self._gateway
        before = self._stamps()
        try:
            config = await asyncio.wait_for(self._read(), LONGEST)
        except TimeoutError:
            self._refuse(f"the config and its rules could not be read within {LONGEST:g} seconds")
        except Exception as error:  # noqa: BLE001 - whatever is in the files, the gateway serves on
            self._refuse(str(error) if isinstance(error, QuirkbookError) else f"{type(error).__name__}: {error}")
        else:
            gateway.replace(config)
            gateway.log.write(
                event="reloaded", config=config.name, models=len({deployment.name for deployment in config.deployments})
            )
        self._seen = self._stamps() | before

    def _refuse(self, why: str) -> None:
        self._gateway.reload_error = why
        self._gateway.log.write(event="reload refused", why=why)

    def _read(self) -> asyncio.Future[Config]:
        """Return what a thread reads: requests go on meanwhile, and one that never ends keeps nobody from ending."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Config] = loop.create_future()

        def tell(config: Config | None, error: Exception | None) -> None:
            if found.done():
                return
            if config is not None:
                found.set_result(config)
            elif error is not None:
                found.set_exception(error)

        def read() -> None:
            config = failure = None
            try:
                config = self._read_config(self._path)
            except Exception as error:  # noqa: BLE001 - it is raised where the future is waited for
                failure = error
            loop.call_soon_threadsafe(tell, config, failure)

        threading.Thread(target=read, name="reload", daemon=True).start()
        return found


def files_of(path: str | None) -> set[Path]:
    """Return where a config is, and where that leads if it is a link."""
    return set() if path is None else {Path(path).absolute(), Path(path).resolve()}


def stamps(files: set[Path]) -> Iterator[tuple[Path, tuple[int, int, int]]]:
    """Yield by which a change of each file is known."""
    for file in files:
        try:
            facts = file.stat()
        except OSError:
            continue
        yield file, (facts.st_mtime_ns, facts.st_size, facts.st_ino)
