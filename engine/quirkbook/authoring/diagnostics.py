"""A page for each code of a diagnostic: what it means, what goes wrong, and what to write instead.

`quirkbook rule Q104` prints one. A code keeps its meaning for good; one that is no longer given stays here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiagnosticPage:
    """What to know about one code."""

    title: str
    meaning: str
    wrong: str
    """A piece of a rule file that has the diagnostic."""
    right: str
    """The same piece, put right."""


#: Code -> its page. Q1xx are errors: the file is refused. Q2xx are what `check` finds in a file that loads.
#: Q3xx are diagnostics of the gateway's config.
CODES: Mapping[str, DiagnosticPage] = {
    "Q101": DiagnosticPage(
        "neither YAML nor JSON",
        "The text cannot be read at all. The place is where reading broke off, or where what is not closed begins.",
        "when: {temperature: {gt: 1}",
        "when: {temperature: {gt: 1}}",
    ),
    "Q102": DiagnosticPage(
        "a key that stands twice",
        "One mapping holds the same key a second time; most readers would silently forget the first.",
        "when: {temperature: {gt: 1}, temperature: {lt: 2}}",
        "when: {temperature: {gt: 1, lt: 2}}",
    ),
    "Q103": DiagnosticPage(
        "an anchor, alias, merge key or tag",
        "Rule files say everything in full. Most often a glob or a path lacks its quotes: YAML takes '*' "
        "for an alias and '!' for a tag, and a '[' inside {...} or [...] for a list.",
        "do:\n  - drop: [messages[*].name]",
        'do:\n  - drop: ["messages[*].name"]',
    ),
    "Q104": DiagnosticPage(
        "an unknown operator",
        "A mapping behind a field path holds operators. A field further down is part of the path: thinking.type.",
        "when: {temperature: {greater: 1}}",
        "when: {temperature: {gt: 1}}",
    ),
    "Q105": DiagnosticPage(
        "an unknown action",
        "The list of actions is closed; no Python can be named here.",
        "do:\n  - clmap: {temperature: [0, 1]}",
        "do:\n  - clamp: {temperature: [0, 1]}",
    ),
    "Q106": DiagnosticPage(
        "an unknown key",
        "The key has no meaning at this place. Nothing is ever skipped: a word that is misspelt is not obeyed.",
        "wehn: {temperature: {gt: 1}}",
        "when: {temperature: {gt: 1}}",
    ),
    "Q107": DiagnosticPage(
        "a key that is missing",
        "A rule needs an id, a reason, a source, the date it was verified, actions and examples; a "
        "disputed rule and one that states its effect need a note.",
        "effect: exact",
        "effect: exact\nnote: The new name means the same.",
    ),
    "Q108": DiagnosticPage(
        "a value of the wrong type",
        "Text, a number, true or false, a list and a mapping are different things. In YAML 'yes' and 'no' are text.",
        "when: {temperature: {exists: yes}}",
        "when: {temperature: {exists: true}}",
    ),
    "Q109": DiagnosticPage(
        "a value that is not allowed here",
        "The type is right, the value is not: a word that is not in the list, an empty list, bounds the "
        "wrong way round, a date that no calendar has, a key of 'with' that would lose what is wrapped.",
        "stage: reply",
        "stage: response",
    ),
    "Q110": DiagnosticPage(
        "not a field path",
        "A path is made of keys with dots, items as [0], [-1] or [*], any value as *, any depth as **, and "
        'odd keys as ["odd.key"]. It starts at the element in hand, or with $. at the root.',
        'when: {"messages.[*": {exists: true}}',
        'when: {"messages[*]": {exists: true}}',
    ),
    "Q111": DiagnosticPage(
        "an unknown name",
        "A key such as $thinking_on asks for a condition that the file defines under 'let'; and a name "
        "must not be defined by itself.",
        "when: {$thinking: true}",
        "when: {thinking.type: {ne: disabled}}",
    ),
    "Q112": DiagnosticPage(
        "includes that go in a circle",
        "A file includes another that, in the end, includes the first.",
        "family: kimi\ninclude: [family/kimi]",
        "family: kimi",
    ),
    "Q113": DiagnosticPage(
        "an include that leads nowhere",
        "No layer has a provider or family of that name.",
        "include: [family/kimmi]",
        "include: [family/kimi]",
    ),
    "Q114": DiagnosticPage(
        "a newer language",
        "The file is written in a version of the rule language that this Quirkbook does not know: upgrade Quirkbook.",
        "quirks: 2",
        "quirks: 1",
    ),
    "Q115": DiagnosticPage(
        "too big or too deep",
        "A file may hold 1 MiB, nested 32 levels deep.",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "[[1]]",
    ),
    "Q116": DiagnosticPage(
        "two rules with one id",
        "Reports, golden files and 'disable' name a rule by its id: it must be the only one of its provider or "
        "family in a file, and in a folder.",
        "rules:\n  - {id: temperature, ...}\n  - {id: temperature, ...}",
        "rules:\n  - {id: temperature-range, ...}\n  - {id: temperature-lock, ...}",
    ),
    "Q117": DiagnosticPage(
        "not a regular expression",
        "'matches' takes the syntax of RE2, which has no look-around and no back-references and is never slow.",
        "when: {user: {matches: '(?=a).*'}}",
        "when: {user: {matches: 'a.*'}}",
    ),
    "Q118": DiagnosticPage(
        "a file that cannot be read",
        "It is not UTF-8, the system does not let it be opened, or the folder holds no rule file at all.",
        "why: the bytes of Latin-1",
        "why: the bytes of UTF-8",
    ),
    "Q119": DiagnosticPage(
        "nothing to disable",
        "'disable' names a rule that neither this file nor an included one holds; perhaps it was renamed.",
        "disable:\n  - {rule: kimi/temperatur, because: served by ourselves}",
        "disable:\n  - {rule: kimi/locked-temperature, because: served by ourselves}",
    ),
    "Q120": DiagnosticPage(
        "an action that may not stand here",
        "Actions on the whole conversation belong to the request, those on streams to chunks, and none of "
        "them into 'each'; 'each' nests once; an answer that has come is not rejected; no rule touches "
        "credentials or headers of the connection.",
        'do:\n  - each: {in: "messages[*]", do: [{append_message: {role: user, content: Go on.}}]}',
        "do:\n  - append_message: {role: user, content: Go on.}",
    ),
    "Q121": DiagnosticPage(
        "not a finite number",
        "JSON has no infinity and no NaN; an open bound is null.",
        "when: {temperature: {between: [0, .inf]}}",
        "when: {temperature: {between: [0, null]}}",
    ),
    "Q122": DiagnosticPage(
        "a rule that would act twice",
        "The rule puts a message in and leaves its own 'when' true, so that translating a result once more "
        "would put in another. One of its other actions must make the condition false.",
        "when: {tool_choice: required}\ndo:\n  - append_message: {role: user, content: Use a tool.}",
        "when: {tool_choice: required}\n"
        "do:\n  - append_message: {role: user, content: Use a tool.}\n  - drop: [tool_choice]",
    ),
    "Q201": DiagnosticPage(
        "no example fires",
        "Each rule shows at least one payload that it changes.",
        "examples:\n  - {in: {temperature: 1}, same: true}",
        "examples:\n  - {in: {temperature: 1}, same: true}\n  - {in: {temperature: 2}, out: {temperature: 1}}",
    ),
    "Q202": DiagnosticPage(
        "no example stays quiet",
        "Each rule shows at least one payload that it leaves alone.",
        "examples:\n  - {in: {temperature: 2}, out: {temperature: 1}}",
        "examples:\n  - {in: {temperature: 2}, out: {temperature: 1}}\n  - {in: {temperature: 1}, same: true}",
    ),
    "Q203": DiagnosticPage(
        "a bound without an example",
        "For each number that a condition or clamp compares with, one example stands exactly on it: that "
        "is where rules are most often wrong.",
        "when: {n: {gt: 4}}\nexamples:\n  - {in: {n: 9}, out: {n: 4}}",
        "when: {n: {gt: 4}}\nexamples:\n  - {in: {n: 9}, out: {n: 4}}\n  - {in: {n: 4}, same: true}",
    ),
    "Q204": DiagnosticPage(
        "an example that fails",
        "The rule, alone, makes something else of the payload than the example says.",
        "do:\n  - clamp: {temperature: [0, 1]}\nexamples:\n  - {in: {temperature: 2}, out: {temperature: 0}}",
        "do:\n  - clamp: {temperature: [0, 1]}\nexamples:\n  - {in: {temperature: 2}, out: {temperature: 1}}",
    ),
    "Q205": DiagnosticPage(
        "not the same the second time",
        "Translating a result once more changes it again; often an earlier rule reads what this one writes.",
        "do:\n  - rename: {user: metadata}\n  - copy: {metadata: user}",
        "do:\n  - copy: {user: metadata}",
    ),
    "Q206": DiagnosticPage(
        "disputed, and no word why",
        "A rule whose sources differ says in its note what speaks for either side.",
        "status: disputed",
        "status: disputed\nnote: The guide says 1, the reference says 2.",
    ),
    "Q207": DiagnosticPage(
        "a list of what may stay",
        "'keep' removes whatever the provider adds to its API later. Use it only below a path that the "
        "provider is known to validate strictly.",
        "do:\n  - keep: {metadata: [user_id]}",
        "do:\n  - drop: [metadata.session_id]",
    ),
    "Q208": DiagnosticPage(
        "verified long ago",
        "Nobody has looked the fact up for a long time: read the source again and write today's date.",
        "verified: {date: 2023-01-31, by: docs}",
        "verified: {date: 2026-11-22, by: docs}",
    ),
    "Q209": DiagnosticPage(
        "two rules for one value",
        "Two rules of one plan set different values at the same path, and the condition of the later one does not look "
        "at it: only the later one counts. A rule that means to correct an earlier one asks for what that one wrote.",
        "do:\n  - set: {temperature: 1}",
        "models: [kimi-k2.5]\ndo:\n  - set: {temperature: 1}",
    ),
    "Q210": DiagnosticPage(
        "no golden file",
        "A golden file records what the whole stack of rules makes of a rule's examples; this rule has "
        "none yet. Read the new file as the provider would before it is committed.",
        "rules/acme.yaml holds 'heat', and tests/golden/acme/heat.yml is missing",
        "quirkbook test --update writes tests/golden/acme/heat.yml",
    ),
    "Q211": DiagnosticPage(
        "a golden file of no rule",
        "The rule was renamed or removed, and what it once did is still on record.",
        "tests/golden/acme/heat.yml is there, and no rule is called acme/heat",
        "quirkbook test --update removes it",
    ),
    "Q212": DiagnosticPage(
        "not what the golden file records",
        "Some rule of the stack changed, and with it what becomes of this rule's examples. If that is "
        "meant, record it anew; if not, the change broke something.",
        "tests/golden/acme/heat.yml says temperature: 1, and the result is temperature: 0.6",
        "quirkbook test --update records temperature: 0.6",
    ),
    "Q213": DiagnosticPage(
        "a rule that is never reached",
        "An earlier rule of the same plan refuses every payload, does the same already, or has dropped the key that "
        "this one asks for. The rules of a family run where its provider includes it.",
        "when: {top_k: {gt: 100}}\ndo:\n  - warn: an earlier rule drops top_k wherever it is\n",
        "when: {top_k: {gt: 100}}\ndo:\n  - warn: stands before the rule that drops top_k\n",
    ),
    "Q214": DiagnosticPage(
        "a rule that is off everywhere",
        "No provider includes the family, or each one that does disables the rule.",
        "families/lumen.yaml has a rule, and no file of a provider includes family/lumen",
        "acme.yaml says include: [family/lumen]",
    ),
    "Q215": DiagnosticPage(
        "a glob that fits nothing",
        "No example of any rule names a model that the glob fits, nor does another rule of the file spell it so. Most "
        "often it is misspelt; else an example with such a model proves it.",
        "models: [kimi-k2,6*]\nexamples:\n  - {in: {n: 1}, same: true}",
        "models: [kimi-k2.6*]\nexamples:\n  - {in: {model: kimi-k2.6, n: 1}, same: true}",
    ),
    "Q301": DiagnosticPage(
        "a variable that is not set",
        "The config asks for a variable of the environment with os.environ/NAME, and there is none of that name, or "
        "it is empty. To `quirkbook check` that is a warning: keys are seldom at hand where files are checked.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6, api_key: os.environ/MOONSHOT_KEY}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6, api_key: os.environ/MOONSHOT_API_KEY}",
    ),
    "Q302": DiagnosticPage(
        "nobody known to serve the model",
        "What stands before the '/' of a model, or custom_llm_provider, says whose rules, address and key are meant. A "
        "server of one's own that speaks OpenAI's protocol is openai/..., with its address in api_base.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: kimi-k2.6}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}",
    ),
    "Q303": DiagnosticPage(
        "an address without rules",
        "A warning. The model is written openai/..., which beside an api_base says only how to talk to the server. No "
        "provider is known at that address, so requests are sent on as they are.",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: openai/llama, api_base: http://127.0.0.1:8000/v1}",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: vllm/llama, api_base: http://127.0.0.1:8000/v1}",
    ),
    "Q304": DiagnosticPage(
        "no key for a provider",
        "A warning. The config names no key for the model, and the environment has none for its provider: the provider "
        "will refuse what is sent, unless it wants no key.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6, api_key: os.environ/MOONSHOT_API_KEY}",
    ),
    "Q305": DiagnosticPage(
        "a model that is not there",
        "Fallbacks and aliases name models by their model_name, by model_info.id, or so that a wildcard fits.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}\n"
        "litellm_settings: {fallbacks: [{kimi: [gpt]}]}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}\n"
        "  - model_name: gpt\n    litellm_params: {model: openai/gpt-5.5}\n"
        "litellm_settings: {fallbacks: [{kimi: [gpt]}]}",
    ),
    "Q306": DiagnosticPage(
        "a model that is left out",
        "A warning. LiteLLM knows the provider and there are no rules for it here, most often because it speaks another "
        "protocol. The rest of the config is served; where nothing is left of it, that is a fault.",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: xinference/llama, api_base: http://127.0.0.1:9997}",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: openai/llama, api_base: http://127.0.0.1:9997/v1}",
    ),
}
