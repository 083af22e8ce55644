"""Config and rules that were edited come into force without a restart; a broken edit is only logged."""

from __future__ import annotations

import asyncio
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


class Watcher:
    """Watches the files of one gateway."""

    def __init__(self, gateway: Gateway, path: str | None, read_config: Callable[[str | None], Config]) -> None:
        self._gateway, self._path, self._read_config = gateway, path, read_config
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to watch; on an event loop."""
        if any(True for _ in self._places()):
            self._task = asyncio.get_running_loop().create_task(self._watch())

    def _places(self) -> Iterator[Path]:
        """Yield what to watch: the folder of the config, as editors put a new file in the old one's place, and rules."""
        yield from {file.parent for file in self._files()}
        yield from (place for place in self._gateway.service.config.rules if place.exists())

    def _files(self) -> set[Path]:
        """Return where the config is, and where that leads if it is a link."""
        return set() if self._path is None else {Path(self._path).absolute(), Path(self._path).resolve()}

    async def _watch(self) -> None:
        while True:
            places = sorted(set(self._places()))
            async for _ in awatch(*places, watch_filter=self._concerns, step=50, debounce=200):
                await self.reload()
                if sorted(set(self._places())) != places:
                    break

    def _concerns(self, change: Change, changed: str) -> bool:
        path = Path(changed)
        if path in self._files() or path.name == _SWAPPED:
            return True
        return path.suffix in (".yaml", ".yml", ".json") and any(
            path.is_relative_to(place.absolute()) for place in self._gateway.service.config.rules
        )

    async def reload(self) -> None:
        """Read everything anew; what is faulty is logged, and the last good set stays in force."""
        gateway = self._gateway
        try:
            config = await asyncio.to_thread(self._read_config, self._path)  # requests go on meanwhile
        except QuirkbookError as error:
            gateway.reload_error = str(error)
            gateway.log.write(event="reload refused", why=str(error))
        else:
            gateway.replace(config)
            gateway.log.write(
                event="reloaded", config=config.name, models=len({deployment.name for deployment in config.deployments})
            )
