"""What `quirkbook batch` costs beside reading and writing the JSON alone, on lines never seen: one run, as a ratio.

python bench/batch.py
"""

from __future__ import annotations

import json
import statistics

from measure import ratio, timed
from traffic import Traffic

from quirkbook.batch.lines import Translator

ROUNDS = 9
SIZES = {(2, 1): 1000, (10, 5): 200, (40, 20): 40}


def alone(line: bytes) -> bytes:
    return json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":")).encode()


def main() -> None:
    translator = Translator("moonshot")
    for size, count in SIZES.items():
        base, ours = [], []
        for at in range(ROUNDS):
            made = Traffic(f"batch {at}")
            lines = [json.dumps(made.request("moonshot-v1-8k", *size)).encode() for _ in range(count)]
            base.append(timed(alone, lines))
            ours.append(timed(lambda line: translator.line(line, 1), lines))
        found = ratio(ours, base)
        reached = "reached" if found <= 3 else "MISSED "
        words = f"{size[0]} x {size[1]}".ljust(9)
        print(
            f"{reached} {words}{found:6.2f} x decode + encode (target at most 3 x), {1 / statistics.median(ours):,.0f} lines a second"
        )


if __name__ == "__main__":
    main()
