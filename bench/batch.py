"""What `quirkbook batch` costs beside reading and writing the JSON alone: one run, one process, as a ratio.

python bench/batch.py
"""

from __future__ import annotations

import json
import statistics
import time

from make_payloads import conversation, payload

from quirkbook.batch.lines import Translator

ROUNDS = 9
COUNT = 2000


def timed(run: object, lines: list[bytes]) -> float:
    start = time.thread_time()
    for number, line in enumerate(lines, 1):
        run(line, number)  # type: ignore[operator]
    return time.thread_time() - start


def alone(line: bytes, number: int) -> bytes:
    return json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":")).encode()


def main() -> None:
    ours = Translator("moonshot").line
    for name, given in (("small", payload("small")), ("10 messages", conversation(10)), ("medium", payload("medium"))):
        count = COUNT if name == "small" else COUNT // 10
        lines = [json.dumps({**given, "seed": at}).encode() for at in range(count)]
        if json.loads(ours(lines[0], 1).sent)["seed"] != 0:
            raise SystemExit("a line was translated wrongly")
        ratios, speed = [], []
        for _ in range(ROUNDS):
            base, took = timed(alone, lines), timed(ours, lines)
            ratios.append(took / base)
            speed.append(count / took)
        found = statistics.median(ratios)
        reached = "reached" if found <= 3 else "MISSED "
        print(
            f"{reached} {name:<12} {found:5.2f} x decode + encode (target at most 3 x), {statistics.median(speed):,.0f} lines a second"
        )


if __name__ == "__main__":
    main()
