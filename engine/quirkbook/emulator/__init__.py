"""Emulated providers: local servers that refuse what the provider refuses and answer the rest, always the same way.

What a provider accepts and how it replies is data, in ``schemas/accepts/``; nothing here knows any provider's name.
"""

from __future__ import annotations

from .app import Emulator
from .faults import Fault
from .provider import available
from .server import running, serve

__all__ = ["Emulator", "Fault", "available", "running", "serve"]
