"""Requests and answers as clients and providers send them, no two alike: other parameters, messages, tools, texts.

    python bench/traffic.py small-tool 4000 > bodies.jsonl     a body a line; --stream: with "stream": true

A seed gives the same sequence each time. Sizes are messages x tools; other shapes are in SHAPES, a gateway's in BODIES.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

Payload = dict[str, Any]

#: Plain ASCII: json.dumps is at its fastest then, and what is held against it at its hardest.
_WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon"
WORDS = _WORDS.split()


class Traffic:
    """Makes requests, answers and streams, one after the other."""

    def __init__(self, seed: int | str = 7) -> None:
        self.rnd = random.Random(seed)

    def text(self, words: int) -> str:
        return " ".join(self.rnd.choices(WORDS, k=words))

    def id(self, prefix: str) -> str:
        return f"{prefix}{self.rnd.randrange(16**16):016x}"

    # Tools

    def field(self, depth: int = 0) -> Payload:
        """Return the schema of one parameter; with a depth, of an object or array that holds such in turn."""
        r, kind = self.rnd, self.rnd.randrange(6)
        made: Payload = {"description": self.text(5)}
        if depth:
            inner = {name: self.field(depth - 1 if at == 0 else 0) for at, name in enumerate(r.sample(WORDS, 2))}
            nested = {"type": "object", "properties": inner, "required": [next(iter(inner))]}
            return {**made, "type": "array", "items": nested} if kind == 0 else {**made, **nested}
        if kind == 0:
            return {**made, "type": "string", "enum": r.sample(WORDS, 3)}
        if kind == 1:
            return {**made, "type": "integer", "minimum": 0, "maximum": r.randrange(10, 999)}
        if kind == 2:  # an optional field as pydantic writes it
            return {**made, "anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": self.text(2)}
        if kind == 3:
            return {**made, "type": "array", "items": {"type": "string"}}
        if kind == 4:
            return {**made, "type": "object", "properties": {r.choice(WORDS): {"type": "number"}}, "required": []}
        return {**made, "type": "string"}

    def schema(self, depth: int = 0) -> Payload:
        """Return an object schema: plain, closed, with ``$defs`` as of pydantic, or with ``$schema`` as of zod."""
        r = self.rnd
        names = [f"{word}_{r.randrange(99)}" for word in r.sample(WORDS, r.randrange(2, 5))]
        fields = {name: self.field(depth) for name in names}
        made: Payload = {"type": "object", "properties": fields, "required": names[:1]}
        style = r.randrange(4)
        if style == 1:
            made["additionalProperties"] = False
        elif style == 2:
            place = {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
            made["$defs"] = {"Place": place}
            fields["place"] = {"$ref": "#/$defs/Place"}
        elif style == 3:
            made |= {"$schema": "http://json-schema.org/draft-07/schema#", "additionalProperties": False}
        return made

    def tool(self, at: int, depth: int = 0) -> Payload:
        name = f"{self.rnd.choice(WORDS)}_{at}_{self.rnd.randrange(10**6)}"
        function: Payload = {"name": name, "description": self.text(14), "parameters": self.schema(depth)}
        if self.rnd.random() < 0.2:
            function["strict"] = True
        return {"type": "function", "function": function}

    def calls(self, tools: list[Payload], count: int) -> list[Payload]:
        chosen = (self.rnd.choice(tools)["function"]["name"] for _ in range(count))
        return [
            {"id": self.id("call_"), "type": "function", "function": {"name": name, "arguments": self.arguments()}}
            for name in chosen
        ]

    def arguments(self) -> str:
        return json.dumps({self.rnd.choice(WORDS): self.rnd.random(), "query": self.text(4)})

    # Messages

    def turn(self, tools: list[Payload]) -> Iterator[Payload]:
        """Yield a call with its result and what is said of it, or a question with its answer."""
        if tools and self.rnd.random() < 0.45:
            called = self.calls(tools, 1)
            yield {"role": "assistant", "content": None, "tool_calls": called}
            yield {"role": "tool", "tool_call_id": called[0]["id"], "content": self.text(40)}
            yield {"role": "assistant", "content": self.text(20)}
        else:
            asked = self.text(20)
            yield {"role": "user", "content": [{"type": "text", "text": asked}] if self.rnd.random() < 0.3 else asked}
            yield {"role": "assistant", "content": self.text(40)}

    def agent_turn(self, tools: list[Payload]) -> Iterator[Payload]:
        """Yield a step of an agent: a thought, one to three calls at once, their results; seldom a word of the user."""
        called = self.calls(tools, self.rnd.randrange(1, 4))
        yield {"role": "assistant", "content": self.text(8), "reasoning_content": self.text(15), "tool_calls": called}
        for call in called:
            yield {"role": "tool", "tool_call_id": call["id"], "content": self.text(40)}
        if self.rnd.random() < 0.1:
            yield {"role": "assistant", "content": self.text(20)}
            yield {"role": "user", "content": self.text(12)}

    def conversation(self, count: int, tools: list[Payload], turn: Callable[..., Iterator[Payload]]) -> list[Payload]:
        role = self.rnd.choice(["system", "developer"]) if self.rnd.random() < 0.2 else "system"
        said: list[Payload] = [{"role": role, "content": self.text(30)}]
        while len(said) < count - 1:
            said += turn(tools)
        said = said[: count - 1]
        while said[-1].get("tool_calls") or said[-1]["role"] == "tool":
            said.pop()  # no call is left without its results
        while len(said) < count - 1:
            said.append({"role": "user", "content": self.text(20)})
        return [*said, {"role": "user", "content": self.text(12)}]

    # Requests

    def request(self, model: str, messages: int, tools: int, *, depth: int = 0, agent: bool = False) -> Payload:
        """Return a request of that size; of an agent its parameters are those of a coding agent, else any."""
        r = self.rnd
        offered = [self.tool(at, depth) for at in range(tools)]
        said = self.conversation(messages, offered, self.agent_turn if agent else self.turn)
        made: Payload = {"model": model, "messages": said, **(self.of_an_agent() if agent else self.parameters())}
        if tools:
            made["tools"] = offered
            if r.random() < 0.5:
                made["tool_choice"] = r.choice(["required", "auto", "auto"])
        return made

    def parameters(self) -> Payload:
        r = self.rnd
        made = {
            "temperature": round(r.uniform(0, 2), 4),
            "top_p": round(r.random(), 3),
            "max_tokens": r.randrange(1, 4000),
            "seed": r.randrange(10**6),
            "user": f"u{r.randrange(10**6)}",
            "n": r.choice([1, 2]),
            "stop": [r.choice(WORDS)],
            "presence_penalty": round(r.random(), 2),
            "stream": True,
        }
        return {key: value for key, value in made.items() if r.random() < 0.4}

    def of_an_agent(self) -> Payload:
        r = self.rnd
        made: Payload = {
            "temperature": r.choice([0, 0.2, 1]),
            "max_completion_tokens": r.randrange(1000, 32000),
            "parallel_tool_calls": r.random() < 0.5,
            "reasoning_effort": r.choice(["low", "medium", "high"]),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if r.random() < 0.3:
            wanted = {"name": f"answer_{r.randrange(10**6)}", "strict": True, "schema": self.schema()}
            made["response_format"] = {"type": "json_schema", "json_schema": wanted}
        return made

    def pictures(self, model: str, messages: int = 6, tools: int = 2, size: int = 50_000) -> Payload:
        """Return a request whose user shows two pictures, each as data of that many characters."""
        made = self.request(model, messages, tools)
        parts: list[Payload] = [{"type": "text", "text": self.text(12)}]
        for detail in ("auto", "high"):
            url = "data:image/png;base64," + self.rnd.randbytes(size // 2).hex()
            parts.append({"type": "image_url", "image_url": {"url": url, "detail": detail}})
        made["messages"][-1]["content"] = parts
        return made

    def long_texts(self, model: str) -> Payload:
        made = self.request(model, 10, 2)
        for message in made["messages"]:
            if isinstance(message["content"], str):
                message["content"] = self.text(4000)
        return made

    def deep(self, model: str, levels: int) -> Payload:
        """Return a request with one tool whose schema is that many objects deep."""
        made = self.request(model, 2, 1)
        schema: Payload = {"type": "string", "description": self.text(3)}
        for _ in range(levels):
            name = self.rnd.choice(WORDS)
            schema = {"type": "object", "properties": {name: schema}, "required": [name]}
        made["tools"][0]["function"]["parameters"] = schema
        return made

    # Answers

    def _frame(self, model: str, kind: str) -> Payload:
        created = 1_700_000_000 + self.rnd.randrange(10**7)
        return {"id": self.id("chatcmpl-"), "object": kind, "created": created, "model": model}

    def usage(self) -> Payload:
        """Return what was used, with the cached tokens under one of the three names that providers have for them."""
        asked, told, cached = (self.rnd.randrange(1, 9000) for _ in range(3))
        made: Payload = {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}
        details = {"prompt_tokens_details": {"cached_tokens": cached}}
        return made | self.rnd.choice([{"cached_tokens": cached}, {"prompt_cache_hit_tokens": cached}, details])

    def answer(self, model: str) -> Payload:
        """Return a whole answer: text, text after thoughts (in a field or in tags), or tool calls."""
        said: Payload = {"role": "assistant", "content": self.text(60)}
        kind = self.rnd.randrange(4)
        if kind == 1:
            said[self.rnd.choice(["reasoning_content", "reasoning"])] = self.text(40)
        elif kind == 2:
            said["content"] = f"<think>{self.text(40)}</think>\n\n{said['content']}"
        elif kind == 3:
            said |= {"content": None, "tool_calls": self.calls([self.tool(0)], 2)}
        end = self.rnd.choice(["tool_calls", "stop"]) if kind == 3 else "stop"
        choice = {"index": 0, "message": said, "finish_reason": end}
        return {**self._frame(model, "chat.completion"), "choices": [choice], "usage": self.usage()}

    def stream(self, model: str) -> list[Payload]:
        """Return the chunks of a stream: role, thoughts, words or tool calls, the reason of its end, usage."""
        frame = self._frame(model, "chat.completion.chunk")
        deltas: list[Payload] = [{"role": "assistant", "content": ""}, *self.thoughts()]
        calls = self.rnd.random() < 0.4
        deltas += self.called() if calls else ({"content": f" {self.text(2)}"} for _ in range(25))
        chunks = [{**frame, "choices": [{"index": 0, "delta": one, "finish_reason": None}]} for one in deltas]
        end = {"index": 0, "delta": {}, "finish_reason": self.rnd.choice(["tool_calls", "stop"]) if calls else "stop"}
        return [*chunks, {**frame, "choices": [end]}, {**frame, "choices": [], "usage": self.usage()}]

    def thoughts(self) -> list[Payload]:
        """Return deltas of thoughts: in a field, in tags, or, as often as both, none."""
        kind = self.rnd.choice(["reasoning_content", "reasoning", "tags", "", "", ""])
        texts = [f" {self.text(2)}" for _ in range(12)] if kind else []
        if kind == "tags":
            return [{"content": text} for text in ("<think>", *texts, "</think>", "\n\n")]
        return [{kind: text} for text in texts]

    def called(self) -> list[Payload]:
        """Return deltas of two tool calls: whole at once, or in pieces, whose ids some leave empty."""
        calls = [{"index": at, **call} for at, call in enumerate(self.calls([self.tool(0)], 2))]
        if self.rnd.random() < 0.3:
            return [{"tool_calls": [{key: value for key, value in one.items() if key != "index"}]} for one in calls]
        more = self.rnd.choice([{}, {"id": ""}])
        pieces = ({"index": at, **more, "function": {"arguments": self.text(1)}} for at in (0, 1) for _ in range(6))
        return [{"tool_calls": [one]} for one in (*calls, *pieces)]


Maker = Callable[[Traffic, str], Payload]

#: Shapes beside the sizes that are the table's: name -> how one request of it is made.
SHAPES: dict[str, Maker] = {
    "agent, 40 x 20": lambda one, model: one.request(model, 40, 20, agent=True),
    "schemas six deep, 10 x 5": lambda one, model: one.request(model, 10, 5, depth=5),
    "128 tools, 2 x 128": lambda one, model: one.request(model, 2, 128),
    "pictures, 6 x 2": lambda one, model: one.pictures(model),
    "long texts, 10 x 2": lambda one, model: one.long_texts(model),
    "parsed from JSON, 10 x 5": lambda one, model: json.loads(json.dumps(one.request(model, 10, 5))),
}


#: The gateway's bodies: small, small with one tool, medium (25 kB), large (1 MB; a model that takes pictures).
BODIES: dict[str, Callable[[Traffic], Payload]] = {
    "small": lambda one: one.request("moonshot-v1-8k", 2, 0),
    "small-tool": lambda one: one.request("moonshot-v1-8k", 2, 1),
    "medium": lambda one: one.request("moonshot-v1-8k", 40, 20),
    "large": lambda one: one.pictures("moonshot-v1-8k-vision-preview", 200, 20, 400_000),
}


def bodies(name: str, count: int, seed: int | str, stream: bool) -> Iterator[bytes]:
    """Yield that many bodies as lines, ``stream`` written in each."""
    made = Traffic(seed)
    for _ in range(count):
        body = {**BODIES[name](made), "stream": stream}
        yield json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.writelines(bodies(sys.argv[1], int(sys.argv[2]), 7, "--stream" in sys.argv))
