"""What rule authors need: examples, lint, pages for diagnostics, and which providers support a payload."""
