"""After `pytest --cov`: each file of which the tests reach less than its floor, branches counted.

The floors are 100 % for the core and 90 % for everything else. What only a process of its own runs does not count: tests
of such parts run them in this one, too.

python tests/coverage_floor.py
"""

import json
import sys
from pathlib import Path

import coverage

#: From `model` up to `api`: what a payload passes through.
CORE = {"api", "authoring", "errors", "model", "payload", "plan", "resources", "rulebook", "source"}

#: Needs a package that the test extra leaves out: tests/peers.txt.
LEFT_OUT = ("adapters/litellm.py", "adapters/litellm_clients.py", "adapters/ray.py")

#: Percent of the core, and of the rest.
FLOORS = (100, 90)


def main() -> int:
    """Print each file below its floor, with the lines that no test reached; return how many there are."""
    data = coverage.Coverage()
    data.load()
    path = Path(".coverage.json")
    data.json_report(outfile=str(path))
    files = json.loads(path.read_text("utf-8"))["files"]
    path.unlink()
    low = 0
    seen = set()
    for name, facts in sorted(files.items()):
        inside = name.partition("quirkbook/")[2]
        if inside in LEFT_OUT:
            continue
        module = inside.partition("/")[0].removesuffix(".py")
        seen.add(module)
        floor, reached = FLOORS[module not in CORE], facts["summary"]["percent_covered"]
        if reached < floor:
            low += 1
            lines = ", ".join(map(str, facts["missing_lines"]))
            arcs = ", ".join(f"{start}->{end}" for start, end in facts.get("missing_branches", ()))
            print(f"{name}: {reached:.1f} % of {floor} %; lines {lines or '-'}; branches {arcs or '-'}")
    for module in sorted(CORE - seen):
        low += 1
        print(f"{module}: named here as a part of the core, but no such module was measured")
    return low


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
