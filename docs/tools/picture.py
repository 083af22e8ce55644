"""Draw docs/picture.svg, README's picture: a request, the provider's refusal, the report and the repaired request.

python docs/tools/picture.py            exit 1 if the picture is out of date
python docs/tools/picture.py --write    draw it

The refusal is what `quirkbook emulate` answers, the rest what `quirkbook dry-run` prints.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from quirkbook.emulator import provider

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "picture.svg"
WIDTH = 104  # columns
REQUEST = {
    "model": "moonshot-v1-8k",
    "messages": [{"role": "user", "content": "Do I need an umbrella in Lisbon?"}],
    "temperature": 1.4,
    "tool_choice": "required",
}


def scene() -> Text:
    """Return what the terminal shows, with its colours."""
    emulated = provider.load("moonshot")
    model = emulated.model(REQUEST["model"])
    refused = emulated.refusal(REQUEST, model) if model else None
    assert refused, "the emulator takes the request of the picture"
    report, repaired = _dry_run()
    steps = [
        ("cat request.json", json.dumps(REQUEST)),
        (
            'curl https://api.moonshot.ai/v1/chat/completions -H "Authorization: Bearer $KEY" -d @request.json',
            f"\x1b[31m{json.dumps(refused.body)}\x1b[0m",
        ),
        ("quirkbook dry-run request.json -p moonshot | jq -c .", f"{report}\n\n\x1b[32m{repaired}\x1b[0m"),
    ]
    return Text("\n\n").join(
        Text.assemble(("$ ", "bold green"), (command, "bold"), "\n", Text.from_ansi(printed))
        for command, printed in steps
    )


def _dry_run() -> tuple[str, str]:
    """Return what the command prints on stderr, with colours, and on stdout, in one line."""
    with tempfile.TemporaryDirectory() as folder:
        request = Path(folder, "request.json")
        request.write_text(json.dumps(REQUEST))
        done = subprocess.run(
            [sys.executable, "-m", "quirkbook", "dry-run", str(request), "-p", "moonshot"],
            env={**os.environ, "FORCE_COLOR": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stderr.strip(), json.dumps(json.loads(done.stdout))


def drawn() -> str:
    """Return the picture as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(scene())
    svg = console.export_svg(title="quirkbook", theme=MONOKAI, unique_id="quirkbook")
    return re.sub(
        r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL
    )  # fonts from the network: the reader's own will do


def words(svg: str) -> str:
    """Return the text of a picture; the numbers of lines in rule files, which each edit moves, are left out."""
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    return re.sub(r"\.yaml:\d+", ".yaml", html.unescape(shown)).replace("\xa0", " ")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="draw it anew")
    if parser.parse_args().write:
        PICTURE.write_text(drawn(), "utf-8")
    elif not PICTURE.is_file() or words(PICTURE.read_text("utf-8")) != words(drawn()):
        sys.exit(f"{PICTURE.relative_to(ROOT)} is out of date: python docs/tools/picture.py --write")


if __name__ == "__main__":
    main()
