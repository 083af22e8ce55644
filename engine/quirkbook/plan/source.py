"""A compiled plan as text: the look that finds the rules to try, and the conditions of each rule."""

from __future__ import annotations

from .compile import Plan

_HEAD = """\
# The plan of {provider}, {model}: {rules} in order.
# `look` adds the numbers of the rules to try to `found`; of each of these `holds` is asked.
# INF: infinity; MISSING: no value; NUMBERS: {{int, float}}; SIZED: {{str, list, dict}}
# same(a, b): equal as JSON; containers(value): it and all below it
"""


def source_of(plan: Plan) -> str:
    """Return the Python that a plan is compiled to, each part under what it belongs to."""
    count = len(plan.rules)
    head = _HEAD.format(
        provider=plan.provider,
        model=f"model {plan.model}" if plan.model else "any model",
        rules=f"{count} rule{'' if count == 1 else 's'}",
    )
    names = "".join(f"# {number:>3} {rule.name}\n" for number, rule in enumerate(plan.rules))
    parts = [
        f"# {number} {rule.name}  {rule.rule.location.file}:{rule.rule.location.line}\n{rule.source}"
        for number, rule in enumerate(plan.rules)
    ]
    return "\n\n".join([head + names, plan.look.source, *parts])
