"""Pages of Q2xx, what `check` finds in a file that loads."""

from __future__ import annotations

from collections.abc import Mapping

from .page import DiagnosticPage

FINDINGS: Mapping[str, DiagnosticPage] = {
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
        "models that do not exist",
        "No example of any rule names a model that the glob fits, nor does another rule of the file spell it so; or no id "
        "can fit the range. Most often it is misspelt; else an example with such a model proves it.",
        "models: [kimi-k2,6*]\nexamples:\n  - {in: {n: 1}, same: true}",
        "models: [kimi-k2.6*]\nexamples:\n  - {in: {model: kimi-k2.6, n: 1}, same: true}",
    ),
    "Q216": DiagnosticPage(
        "a family without naming",
        "A range of models (line, from, with ...) is read by how the family names its models, and this family's file does "
        "not say it, or there is no such family.",
        'models: {family: kimmi, from: "2.6"}',
        'models: {family: kimi, from: "2.6"}',
    ),
    "Q217": DiagnosticPage(
        "a word that the family does not list",
        "A range asks for a line or a variant that the family's 'naming' does not list, so that no id ever has it.",
        "naming: {names: [claude], lines: [opus]}\nmodels: {line: sonet}",
        "naming: {names: [claude], lines: [opus, sonnet]}\nmodels: {line: sonnet}",
    ),
    "Q218": DiagnosticPage(
        "two families, one name",
        "Two families list the same word among their names: an id with that word can be of one of them only.",
        "families/kimi.yaml and families/moonshot.yaml both say names: [moonshot]",
        "families/kimi.yaml alone says names: [kimi, moonshot]",
    ),
    "Q219": DiagnosticPage(
        "a name that means nothing",
        "'same' or 'names' says that a name means another model, and the id of that model names none that is known.",
        "naming: {names: [claude], same: {claude-preview: cloud-5}}",
        "naming: {names: [claude], same: {claude-preview: claude-5}}",
    ),
    "Q220": DiagnosticPage(
        "a rule disabled by its old name",
        "The rule was renamed or moved to a family. The old name still counts in 'disable', for a version or so.",
        "disable:\n  - {rule: acme/old-name, because: Not on our contract.}",
        "disable:\n  - {rule: acme/new-name, because: Not on our contract.}",
    ),
    "Q221": DiagnosticPage(
        "a layer that says where a built-in provider's requests go",
        "The folder changes the address, the key's variable, the header of the key, aliases or endpoints of a provider that "
        "Quirkbook ships. Requests, and your key with them, go where it says: a folder of rules is trusted like code.",
        "provider: moonshot\nbase_url: https://elsewhere.example/v1",
        "provider: acme\nbase_url: https://elsewhere.example/v1",
    ),
    "Q222": DiagnosticPage(
        "an example with an unknown model",
        "A rule of a family asks for a range of models, and an example names a model that no family explains. Such an "
        "example is quiet for that reason alone, and proves nothing about the range.",
        "naming: {names: [claude], lines: [opus]}\nmodels: {line: opus}\nexamples:\n  - {in: {model: cluade-opus-5, n: 1}, same: true}",
        "naming: {names: [claude], lines: [opus]}\nmodels: {line: opus}\nexamples:\n  - {in: {model: claude-haiku-5, n: 1}, same: true}",
    ),
    "Q223": DiagnosticPage(
        "a condition that is not needed",
        "'each' with a 'when' of its own finds its elements by itself, and 'drop' changes only what is there. A 'when' of "
        "the rule that asks the same again is one more text to read and to keep in step.",
        "when: {stop: {exists: true}}\ndo:\n  - drop: [stop]",
        "do:\n  - drop: [stop]",
    ),
}
