"""Fixtures of pytest that several files use."""

pytest_plugins = ["pytester"]
