"""Emulated providers: local servers that refuse what the provider refuses, and answer the rest predictably.

What a provider accepts and how it replies is data, in ``schemas/accepts/``; no code here knows a name.
"""

from __future__ import annotations

from .app import Emulator
from .faults import Fault
from .provider import available
from .server import running, serve

__all__ = ["Emulator", "Fault", "available", "running", "serve"]
