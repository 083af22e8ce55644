"""Make tests/data/model_ids.jsonl: real model ids, each with the family, line and version that its maker's naming gives it.

    python tests/identity/second_reading.py              read all ids of the table again and rewrite it
    python tests/identity/second_reading.py --add FILE   the same, with the ids of FILE (one a line) added

This is a second reading: it stands apart from the product, imports nothing of it and shares no data with it, so that the
two can disagree. Names and readings below were written by hand, family by family, from how each maker names its models.

Where the ids come from (2026-11-30): the types ChatModel of openai 3.57.0 and ModelParam of anthropic 2.14.0; the model
map of LiteLLM 1.110.2; ids in public bug reports and in other projects' tests; the newest ids of provider catalogues.
Left out: lists and globs (`glm-4.6,glm-5`, `gemini-3*`), addresses, placeholders (`x`), keys of LiteLLM's map that name a
price and not a model (`low/1024-x-1024/gpt-image-1`, `fireworks-ai-up-to-4b`). Of its entries for speech, images, video,
embeddings, ranking and search only those are in whose model has the name of no family: they must stay without one.

How it was checked: all distinct last parts of the ids (about 2,450) were read by eye, grouped by what was read into them.
Three tables correct the patterns, each entry with its reason: DATED, WHOLE, OVERRIDES.

What the fields mean:
- family: null for an id of none of the families in NAMES.
- version: the maker's version, without trailing zeros ("2", not "2.0"; compare as numbers); "latest" for a name that moves
  and has no version; null where the name gives none. Sizes, dates, quantisations and a host's revisions are not versions.
- line: a product that counts its versions apart; null where the family has one series, or the name gives no line.

Which choices are judgement:
- A name counts, a maker does not: `morph-dsv41flash` (DeepSeek), `mai-ds-r1` (DeepSeek), `hermes-3-8b-tee` (Llama),
  `l3-8b-lunaris` (Llama), `kimi-for-coding`'s version, `daybreak-blue-latest` and `computer-use-preview` (OpenAI) say too
  little. Products with a name of their own have no family either: LearnLM, Lyria, Leanstral, StepAudio.
- `hy3` is Hunyuan 3, Tencent's own short name for it; `codegemma` and `diffusiongemma` are Gemma, as CodeLlama is Llama.
- A derivative is of its base, with the base's version and never its own (`phind-code-llama-34b-v2`: null);
  `llama-3.1-nemotron-safety-guard` is not Llama Guard. The leftmost name is the base (`llama-3.1-nemotron`,
  `mistral-nemotron`, `deepseek-llama3.3-70b`), unless it is a maker's name directly before the model's
  (`mistral.voxtral`, `gemini-gemma-2`).
- DeepSeek R1 is a line without a version, its distillations too. DeepSeek Coder 1.5 has its version behind the size.
- GPT Audio has line gpt and its own version (`gpt-audio-1.5`). A Codex model is of the GPT or the o# that it is made of:
  `codex-mini` is o4-mini.
- `claude-v2:1` is Claude 2.1, not a revision of 2; `claude-mythos-preview` is the preview of Mythos 5.
- `grok-4.20` is 4.2: it came between 4.1 and 4.3. `kimi-k30` has no version: a test elsewhere uses it as "not K3".
- Mistral dates what it also counts (DATED). A line that Mistral never counted has no version (codestral-2508, pixtral).
- Nova, Phi, Granite, Step, Doubao, Hunyuan, Nemotron and MiMo have no lines: one count for all sizes. Command has a and r,
  which are generations without a number. Muse has spark, wonder and glimmer.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).resolve().parents[1] / "data" / "model_ids.jsonl"


class Identity(NamedTuple):
    """What an id says about its model."""

    family: str | None
    line: str | None = None
    version: str | None = None


def _word(pattern: str) -> str:
    """Return a pattern for a word that stands by itself: a letter neither before nor behind it."""
    return rf"(?<![a-z])(?:{pattern})(?![a-z])"


#: Family -> its names, in the last part of an id in lower case.
NAMES = {
    "claude": _word("claude"),
    "openai": rf"{_word('chatgpt|gpt(?!-?(?:oss|neox?|j)(?![a-z]))|codex')}|^(?:ft:|openai-)?o\d(?=-|$)",
    "gpt-oss": _word("gpt-oss"),
    "gemini": _word("gemini"),
    "gemma": rf"{_word('gemma')}|(?<![a-z])(?:code|diffusion)gemma",
    "kimi": _word("kimik?|moonshot"),
    "deepseek": _word("deepseek"),
    "qwen": _word("qwen|qwq|qvq"),
    "glm": _word("(?:chat)?glm"),
    "minimax": _word("minimax|abab"),
    "grok": _word("grok"),
    "mistral": _word("mistral|mixtral|ministral|magistral|devstral|codestral|pixtral|voxtral"),
    "llama": _word("llama|codellama|llamaguard"),
    "nemotron": _word("nemotron"),
    "mimo": _word("mimo"),
    "nova": _word("nova"),
    "command": _word("command"),
    "phi": _word("phi"),
    "granite": _word("granite"),
    "step": _word("step"),
    "doubao": _word("doubao|seed"),
    "hunyuan": r"(?<![a-z])(?:hunyuan(?:ocr)?(?![a-z])|hy(?=\d))",
    "muse": _word("muse"),
}

#: Not behind a version's number: a further digit, or what makes it a size (7b, 0p6b, 8x7b, 32k, 4bit).
_END = r"(?!\d|[.p]\d|[bkmtx])"
#: A version of one number or two: 5, 4.1, 4-1, 4_1, 4p1. Where the second is a size or a date, the first stands alone.
NUMBER = rf"(?P<version>\d[.p_-]\d{{1,2}}{_END}|\d{_END})"
LATEST = r".*(?P<version>latest)"
_CLAUDE = "(?P<line>opus|sonnet|haiku|fable|mythos)"
_GEMINI = "(?P<line>flash-lite|flash|pro|omni|argon|hydrogen)"
_STRAL = "(?P<line>mixtral|ministral|magistral|devstral|codestral|pixtral|voxtral)"
_MISTRAL = "mistral-(?P<line>large|medium|small|tiny|nemo|saba)"


class Reading(NamedTuple):
    """A pattern that begins at the family's name; its groups give line and version, where these are not given here."""

    pattern: str
    line: str | None = None
    version: str | None = None


#: Family -> its readings. The first that matches counts; without a match the family is all that the name says.
READINGS = {
    "claude": (
        Reading(r"claude-v(?P<version>2:1|[12])"),
        Reading(r"claude-(?P<line>instant)-v(?P<version>\d)"),
        Reading("claude-mythos-preview", "mythos", "5"),
        Reading(rf"claude-{_CLAUDE}-{NUMBER}"),
        Reading(rf"claude-{_CLAUDE}{LATEST}"),
        Reading(rf"claude-{NUMBER}-{_CLAUDE}"),
    ),
    "openai": (
        Reading("codex-mini", "o#", "4"),
        Reading(r"(?:ft:|openai-)?o(?P<version>\d)", "o#"),
        Reading(r"gpt-(?P<version>35|41)(?!\d)", "gpt"),
        Reading(rf"(?P<line>gpt|chatgpt)(?:-(?:audio|daybreak-\w+))?-{NUMBER}"),
        Reading(rf"(?P<line>gpt|chatgpt){LATEST}"),
        Reading("(?P<line>gpt|chatgpt)"),
    ),
    "gpt-oss": (),
    "gemini": (
        Reading(rf"gemini-{NUMBER}-{_GEMINI}"),
        Reading(rf"gemini-(?P<line>robotics-er|omni)-{NUMBER}"),
        Reading(rf"gemini-{_GEMINI}{LATEST}"),
        Reading(rf"gemini-{_GEMINI}"),
        Reading(rf"gemini-{NUMBER}"),
    ),
    "gemma": (Reading(rf"gemma-?{NUMBER}"),),
    "kimi": (Reading(r"(?P<line>moonshot)-v(?P<version>\d)"), Reading(rf"kimi-?k{NUMBER}"), Reading(LATEST)),
    "deepseek": (
        Reading(r"deepseek[-.](?P<line>r1)"),
        Reading(rf"deepseek-(?P<line>coder|prover|ocr|math)-v?{NUMBER}"),
        Reading(r"deepseek-(?P<line>coder)-\d+b-\w+-v(?P<version>1p5)"),
        Reading("deepseek-(?P<line>coder|prover|ocr|math)"),
        Reading(rf"deepseek[-._]v{NUMBER}"),
        Reading(LATEST),
    ),
    "qwen": (
        Reading("(?P<line>qwq|qvq)"),
        Reading(r"qwen(?P<version>35|25)(?!\d)"),
        Reading(rf"qwen-?v?{NUMBER}"),
        Reading(LATEST),
    ),
    "glm": (Reading(r"glm(?P<version>53)(?!\d)"), Reading(rf"glm-?{NUMBER}"), Reading(LATEST)),
    "minimax": (Reading(rf"minimax-m{NUMBER}"), Reading(LATEST)),
    "grok": (
        Reading(r"grok-(?P<line>code)-fast-(?P<version>1)"),
        Reading(rf"grok-(?P<line>build)-{NUMBER}"),
        Reading(rf"grok-(?P<line>build){LATEST}"),
        Reading("grok-(?P<line>build|code)"),
        Reading(r"grok-4[.-]20(?!\d)", version="4.2"),
        Reading(rf"grok-?{NUMBER}"),
        Reading(LATEST),
    ),
    "mistral": (
        Reading(rf"{_STRAL}-{NUMBER}"),
        Reading(rf"{_STRAL}-[\dx]+b-.*v(?P<version>0[.:]\d)"),
        Reading(rf"{_STRAL}{LATEST}"),
        Reading(_STRAL),
        Reading(rf"{_MISTRAL}-?{NUMBER}"),
        Reading(rf"{_MISTRAL}{LATEST}"),
        Reading(_MISTRAL),
        Reading(r"mistral-7b.*v(?P<version>0[.:p]\d)"),
        Reading(LATEST),
    ),
    "llama": (
        Reading(rf"llama-(?P<line>guard|prompt-guard)-{NUMBER}"),
        Reading("llama(?P<line>guard)"),
        Reading("(?P<line>codellama)"),
        Reading(rf"llama-?v?{NUMBER}"),
    ),
    "nemotron": (
        Reading(rf"nemotron(?:-(?:nano|super|lightning|content-safety))?[-_]v?{NUMBER}"),
        Reading(r"nemotron-nano-\d+b-v(?P<version>\d)"),
    ),
    "mimo": (Reading(rf"mimo-v{NUMBER}"),),
    "nova": (Reading(rf"nova-(?:(?:lite|micro|pro|premier)-)?v?{NUMBER}"),),
    "command": (
        Reading(r"command-(?:light-)?text-v(?P<version>14)"),
        Reading(r"command-(?P<line>r|a)(?=7b|(?![a-z]))"),
        Reading(LATEST),
    ),
    "phi": (Reading(rf"phi-{NUMBER}"),),
    "granite": (Reading(rf"granite-(?:guardian-|vision-)?{NUMBER}"), Reading(r"granite-13b-\w+-v(?P<version>2)")),
    "step": (Reading(rf"step-{NUMBER}"),),
    "doubao": (Reading(rf"(?:doubao-)?seed-{NUMBER}"),),
    "hunyuan": (Reading(rf"hy{NUMBER}"), Reading(LATEST)),
    "muse": (
        Reading(rf"muse-(?P<line>spark|wonder|glimmer)-{NUMBER}"),
        Reading("muse-(?P<line>spark|wonder|glimmer)"),
        Reading(rf"muse-{NUMBER}"),
    ),
}

#: Mistral's line and month -> the version by which Mistral's list of models calls that snapshot.
DATED = {
    "large": {"2402": "1", "2407": "2", "2411": "2.1", "2512": "3"},
    "medium": {"2505": "3", "2508": "3.1", "2604": "3.5"},
    "small": {"2402": "1", "2501": "3", "2503": "3.1", "2506": "3.2", "2603": "4"},
    "magistral": {"2506": "1", "2507": "1.1", "2509": "1.2"},
    "devstral": {"2505": "1", "2512": "2"},
    "ministral": {"2512": "3"},
}

#: Last part of an id, a pattern -> what it is, wherever it is served, and why the readings above do not say so.
WHOLE = {
    r"chat-latest": (Identity("openai", "gpt", "latest"), "OpenAI's name for gpt-chat-latest, without a name in it"),
    r"(?:phind-)?code-llama-.*": (Identity("llama", "codellama"), "Code Llama, spelt apart; v1 and v2 are Phind's"),
    r"deepseek-llama3\.3-70b": (Identity("deepseek"), "a distillation of DeepSeek; without r1 in its name"),
    r"mistral-nemotron": (Identity("mistral"), "Mistral's model, made with NVIDIA; `mistral` is not an owner here"),
    r"mistral-7b-instruct-v3": (Identity("mistral", None, "0.3"), "the third release of 7B is called 0.3"),
}

#: A whole id -> what it is, and why its last part does not say so.
OVERRIDES = {
    "novita/deepseek/deepseek-r1/community": (Identity("deepseek", "r1"), "the name is one part earlier"),
    "novita/deepseek/deepseek-v3/community": (Identity("deepseek", None, "3"), "the name is one part earlier"),
}


def name_in(text: str) -> tuple[str, int] | None:
    """Return the family that the text names and where the name begins; the leftmost that is not an owner's."""
    names = sorted(
        (match.start(), match.end(), family) for family, name in NAMES.items() for match in re.finditer(name, text)
    )
    for (start, end, family), following in zip_longest(names, names[1:]):
        if following is None or not re.fullmatch("[-._]", text[end : following[0]]):
            return family, start
    return None


def version_of(written: str) -> str:
    """Return a version with dots and without trailing zeros; two digits that stand for a version have lost their dot."""
    numbers = ".".join(written) if written in {"25", "35", "41", "53"} else re.sub("[p_:-]", ".", written)
    return re.sub(r"(?:\.0)+$", "", numbers)


def read(model: str) -> Identity:
    """Return what the id says about its model."""
    if model in OVERRIDES:
        return OVERRIDES[model][0]
    text = model.lower().rpartition("/")[2]
    for whole, (identity, _reason) in WHOLE.items():
        if re.fullmatch(whole, text):
            return identity
    name = name_in(text)
    if name is None:
        return Identity(None)
    family, start = name
    line = version = None
    for reading in READINGS[family]:
        if match := re.match(reading.pattern, text[start:]):
            groups = match.groupdict()
            line = reading.line or groups.get("line")
            version = reading.version or groups.get("version")
            break
    if line in DATED and version in {None, "latest"}:
        dates = re.findall(r"(?<!\d)2\d[01]\d(?!\d)", text)
        version = DATED[line].get(dates[0]) if dates else version
    return Identity(family, line, version_of(version) if version else None)


def rendered(models: Iterable[str]) -> str:
    """Return the table of these ids, sorted: JSON Lines."""
    rows = ({"id": model, **read(model)._asdict()} for model in sorted(set(models)))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def ids(table: str) -> list[str]:
    """Return the ids of a table."""
    return [json.loads(row)["id"] for row in table.splitlines()]


def main(args: Sequence[str]) -> None:
    """Rewrite the table."""
    parser = argparse.ArgumentParser(prog="second_reading.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--add", metavar="FILE", type=Path, help="add these ids, one a line")
    file = parser.parse_args(args).add
    models = ids(TABLE.read_text("utf-8")) if TABLE.exists() else []
    models += file.read_text("utf-8").split() if file else []
    TABLE.write_text(rendered(models), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
