"""Which model an id names, however a host spells it: family, line, version, variants. The facts stand in `rules/`."""
