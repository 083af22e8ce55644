"""A stage of Ray Data that translates lines of requests, as `quirkbook batch` does on one machine. Extra ``ray``.

ray.data.read_text("requests.jsonl").map_batches(Translate, fn_constructor_kwargs={"provider": "moonshot"}, concurrency=4)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..batch.lines import Translator
from ..rulebook.rulebook import Rulebook


class Translate:
    """A class for ``map_batches``: an actor makes it once and reads its rules once.

    Takes batches with a column ``text``, a request a row, as `ray.data.read_text` gives them. Gives the columns ``text``
    (the request for the provider; empty where it is refused), ``report`` (JSON as `batch.lines.Line.report` has it; ``line`` is
    the row of the batch) and ``fate`` (``unchanged``, ``changed``, ``refused``, ``unread``). Blank rows are left out.
    """

    def __init__(
        self,
        provider: str | None = None,
        model: str | None = None,
        *,
        rules: Sequence[str] = (),
        policy: Mapping[str, str] | None = None,
    ) -> None:
        """Make it; the arguments are those of the command.

        Raises:
            UnknownProviderError, UsageError, RuleFileError: see `Translator` and `Rulebook.load`.
        """
        book = Rulebook.load(*rules) if rules else None
        self._translator = Translator(provider, model, rulebook=book, policy=policy)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Translate a batch."""
        results = [self._translator.line(str(text).encode(), at) for at, text in enumerate(batch["text"], 1)]
        lines = [line for line in results if line is not None]
        return {
            "text": [(line.sent or b"").decode() for line in lines],
            "report": [line.report.decode() for line in lines],
            "fate": [line.fate for line in lines],
        }
