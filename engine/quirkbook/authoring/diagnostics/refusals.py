"""Pages of Q1xx, the errors: the file is refused."""

from __future__ import annotations

from collections.abc import Mapping

from .page import DiagnosticPage

REFUSALS: Mapping[str, DiagnosticPage] = {
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
}
