"""The way to a deployment in the shadow: its requests go as they came, and what rules would have done is only told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import PayloadError, PolicyError, RefusedError
from ...rulebook.rulebook import Rulebook
from ..http import body
from ..router import Target
from .prepared import Prepared, Unchanged, Would
from .target import Pools, Route


class ShadowRoute(Route):
    """The way to one deployment, on which neither requests nor answers are changed by rules.

    What the config itself sets still holds: the model, the key, fields for requests that lack them.
    """

    def __init__(self, target: Target, book: Rulebook, pools: Pools) -> None:
        super().__init__(target, book, pools)
        self.rules_on_answers = ""
        self._answer_words = self._chunk_words = ()

    @property
    def wants_thoughts(self) -> bool:
        """False: what a client has lost stays lost."""
        return False

    def translate(self, fields: Mapping[str, Any], policy: Mapping[str, str], depth: int) -> Prepared:
        """Return the request as it came, with what rules would have done to it.

        Raises:
            HTTPError: a field is not JSON.
        """
        payload, fields, told = self._payload(fields, depth)
        unchanged = body.encode(payload, payload, fields)
        try:
            would = Would(self._translated(payload, fields, told, policy).rules[len(told) :])
        except RefusedError as error:
            would = Would(tuple(change.rule for change in error.refusals), str(error))
        except PolicyError as error:
            would = Would(tuple(change.rule for change in error.changes), str(error))
        except PayloadError as error:
            would = Would((), str(error))
        would = Would(tuple(dict.fromkeys(would.rules)), would.refusal)
        return Unchanged(payload, unchanged, told, would)
