"""completion() and acompletion(): arguments as OpenAI's SDK and LiteLLM have them in, a response or a stream out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from . import transport
from .errors import DispatchError
from .incoming import Incoming, completed, failed, next_pause, unsent
from .outgoing import Call, prepare
from .parameters import Messages, Options
from .responses import ChatCompletion, ChatCompletionChunk, Report

if TYPE_CHECKING:
    from .async_client import AsyncStream

#: How to wait between two tries.
sleep: Callable[[float], None] = time.sleep
