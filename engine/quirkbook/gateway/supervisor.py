"""The process above the workers: starts them, replaces those that end, passes signals on, and ends with them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing import connection, get_context
from typing import Any, Final

from . import figures
from .config.model import Options
from .observe import Log

BEAT: Final = 1.0
"""Seconds between two signs of life of a worker."""
PAUSES: Final = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a worker is replaced; the more workers ended within `YOUNG` seconds, the longer."""
YOUNG: Final = 10.0

#: What goes through the pipe to a worker, each way: a sign of life, a request for figures, and (before them) figures.
LIFE: Final = b"."
ASK: Final = b"?"
FIGURES: Final = b"="
PATIENCE: Final = 2.0
"""Seconds that workers have to give their figures; of one that does not, the last that it gave count."""

Work = Callable[[Options, list[socket.socket], connection.Connection], None]


class Worker:
    """One worker, as the supervisor sees it."""

    def __init__(self, work: Work, options: Options, sockets: list[socket.socket]) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(options, sockets, theirs))
        self.process.start()
        theirs.close()
        self.started = self.heard = time.monotonic()
        self.figures = figures.NONE
        """The last that it gave."""
        self.asks = self.owes = False
        """Whether it asked for the figures of all, and whether it has yet to give its own."""
        self._sending = threading.Lock()

    def listen(self) -> None:
        """Take what it has sent."""
        with contextlib.suppress(OSError, EOFError):
            while self.pipe.poll():
                message = self.pipe.recv_bytes()
                self.heard = time.monotonic()
                if message == ASK:
                    self.asks = True
                elif message.startswith(FIGURES):
                    self.figures, self.owes = figures.unpacked(message.removeprefix(FIGURES)), False

    def tell(self, message: bytes) -> None:
        """Send a message, by a thread of its own: a worker that hangs takes nothing, and must not stop this process."""
        threading.Thread(target=self._send, args=(message,), daemon=True).start()

    def _send(self, message: bytes) -> None:
        with self._sending, contextlib.suppress(OSError):
            self.pipe.send_bytes(message)

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, number)


class Supervisor:
    """Keeps a number of workers running until it is asked to stop."""

    def __init__(self, work: Work, options: Options, sockets: list[socket.socket], log: Log) -> None:
        self._work, self._options, self._sockets, self._log = work, options, sockets, log
        self._workers: list[Worker] = []
        self._stopping = False
        self._early = 0
        """How many workers in a row ended young."""
        self._due: list[float] = []
        """When missing workers are to be started."""
        self._ended = figures.NONE
        """What workers that are gone had counted when they last gave their figures."""
        self._asked: float | None = None
        """When the workers were asked for their figures, while they are waited for."""

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; SIGHUP makes every worker read config and rules anew."""
        reading, writing = socket.socketpair()
        for end in (reading, writing):
            end.setblocking(False)
        previous = signal.set_wakeup_fd(writing.fileno())
        handlers: dict[int, Any] = {signal.SIGTERM: self._stop, signal.SIGINT: self._stop, signal.SIGHUP: self._reload}
        kept = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            self._workers = [Worker(self._work, self._options, self._sockets) for _ in range(self._options.workers)]
            while not self._stopping:
                self._wait(reading)
                self._look()
                self._gather()
            self._end()
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in kept.items():
                signal.signal(number, handler)
            reading.close()
            writing.close()

    def _stop(self, *_: Any) -> None:
        self._stopping = True

    def _reload(self, *_: Any) -> None:
        for worker in self._workers:
            worker.signal(signal.SIGHUP)

    def _wait(self, woken: socket.socket) -> None:
        ends = (end for worker in self._workers for end in (worker.process.sentinel, worker.pipe))
        connection.wait([woken, *ends], BEAT)
        with contextlib.suppress(BlockingIOError):
            woken.recv(1000)

    def _look(self) -> None:
        now = time.monotonic()
        for worker in list(self._workers):
            worker.listen()
            silent = time.monotonic() - worker.heard
            if self._options.health_timeout and silent > self._options.health_timeout and worker.process.is_alive():
                self._say(worker, "killed", f"it gave no sign of life for {silent:.0f} seconds (--health-timeout)")
                worker.process.kill()
                worker.process.join()
            if not worker.process.is_alive():
                self._say(worker, "ended", f"exit code {worker.process.exitcode}; another takes its place")
                self._forget(worker)
                self._early = self._early + 1 if now - worker.started < YOUNG else 0
                self._due.append(now + PAUSES[min(self._early, len(PAUSES) - 1)])
        for due in [due for due in self._due if due <= now]:
            self._due.remove(due)
            self._workers.append(Worker(self._work, self._options, self._sockets))

    def _gather(self) -> None:
        """Ask all workers for their figures when one wants those of all, and answer once all have given theirs."""
        asking = [worker for worker in self._workers if worker.asks]
        if self._asked is None and asking:
            self._asked = time.monotonic()
            for worker in self._workers:
                worker.owes = True
                worker.tell(ASK)
        waited = 0.0 if self._asked is None else time.monotonic() - self._asked
        if asking and (waited > PATIENCE or not any(worker.owes for worker in self._workers)):
            self._asked = None
            sums = figures.added([self._ended, *(worker.figures for worker in self._workers)])
            page = FIGURES + figures.page(sums)
            for worker in asking:
                worker.asks = False
                worker.tell(page)

    def _forget(self, worker: Worker) -> None:
        self._ended = figures.added([self._ended, figures.lasting(worker.figures)])
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join()

    def _say(self, worker: Worker, event: str, why: str) -> None:
        self._log.write(event=f"worker {event}", pid=worker.process.pid, why=why)

    def _end(self) -> None:
        """Let the workers finish what is under way; they know for how long."""
        for held in self._sockets:
            held.close()
        for worker in self._workers:
            worker.signal(signal.SIGTERM)
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
