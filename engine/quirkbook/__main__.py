"""`python -m quirkbook` is `quirkbook`."""

from .cli import main

main()
