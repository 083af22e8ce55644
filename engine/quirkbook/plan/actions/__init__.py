"""`do` -> actions: each edits a draft, and nothing else; none fails on any payload, only `reject` stops.

One table for the whole vocabulary; `schemas/rules.schema.json` lists the same names (a test compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...model import Keys
from . import (
    calls,
    failing,
    flow,
    ids,
    jsontext,
    messages,
    names,
    pairing,
    parts,
    ranges,
    streams,
    telling,
    thinking,
    turns,
    values,
)
from .base import Action, Context

Build = Callable[[Any, Keys, Context], Action]

#: YAML name -> how to build it.
ACTIONS: Mapping[str, Build] = {
    "append": values.append,
    "append_message": messages.append_message,
    "arrange_turns": turns.arrange_turns,
    "clamp": ranges.clamp,
    "copy": values.copy,
    "default": values.default,
    "drop": values.drop,
    "drop_header": flow.drop_header,
    "each": flow.each,
    "end_stream": calls.end_stream,
    "fail": failing.fail,
    "finish_calls": calls.finish_calls,
    "flatten_content": messages.flatten_content,
    "from_json_text": jsontext.from_json_text,
    "identify_calls": calls.identify_calls,
    "insert_message": messages.insert_message,
    "json_text": jsontext.json_text,
    "keep": values.keep,
    "lead_with_system": messages.lead_with_system,
    "map": values.map_,
    "merge_messages": messages.merge_messages,
    "nearest": ranges.nearest,
    "normalize_schema": flow.normalize_schema,
    "move_parts": parts.move_parts,
    "number_tool_calls": calls.number_tool_calls,
    "pair_calls": pairing.pair_calls,
    "prepend_message": messages.prepend_message,
    "put_part": parts.put_part,
    "reject": flow.reject,
    "rename": values.rename,
    "rename_tools": names.rename_tools,
    "rewrite_ids": ids.rewrite_ids,
    "set": values.set_,
    "set_header": flow.set_header,
    "split_thinking": thinking.split_thinking,
    "take_parts": parts.take_parts,
    "tell": telling.tell,
    "truncate": ranges.truncate,
    "unwrap": values.unwrap,
    "usage_once": streams.usage_once,
    "warn": flow.warn,
    "wrap": values.wrap,
}

#: Actions that belong to some stages only, and never stand inside `each`; the others go everywhere.
STAGES: Mapping[str, tuple[str, ...]] = {
    "append_message": ("request",),
    "arrange_turns": ("request",),
    "end_stream": ("answer", "response", "chunk"),
    "fail": ("answer", "chunk", "error", "response"),
    "finish_calls": ("answer", "response", "chunk"),
    "identify_calls": ("answer", "response", "chunk"),
    "insert_message": ("request",),
    "lead_with_system": ("request",),
    "merge_messages": ("request",),
    "move_parts": ("request",),
    "number_tool_calls": ("chunk",),
    "pair_calls": ("request",),
    "prepend_message": ("request",),
    "rename_tools": ("request",),
    "rewrite_ids": ("request",),
    "split_thinking": ("answer", "response", "chunk"),
    "tell": ("request",),
    "usage_once": ("chunk",),
}


def compile_actions(items: Sequence[Mapping[str, Any]], keys: Keys, context: Context) -> list[Action]:
    """Compile a `do` list; diagnostics go to the context's reporter and leave the action out."""
    context = replace(context, compile=compile_actions)
    actions = []
    for at, item in enumerate(items):
        name = next(key for key in item if key != "with")
        where = (*keys, at, name)
        stages = STAGES.get(name)
        if stages and (context.depth or context.stage not in stages):
            place = "outside 'each'" if context.depth else f"at stage {' or '.join(stages)}"
            context.report("Q120", where, f"'{name}' works on the whole and may only stand {place}", key=True)
        elif name == "reject" and context.stage != "request":
            context.report(
                "Q120", where, "'reject' may only stand at stage request: an answer has come already", key=True
            )
        else:
            inner = replace(context, touched=set())
            if name == "wrap":
                action = values.wrap(item[name], where, inner, item.get("with"))
            else:
                action = ACTIONS[name](item[name], where, inner)
            if stages == ("request",):  # it works on the conversation and names no path
                inner.touched.add("messages")
            context.touched.update(inner.touched)
            actions.append(replace(action, touches=frozenset(inner.touched)))
    return actions


__all__ = ["ACTIONS", "STAGES", "Action", "Context", "compile_actions"]
