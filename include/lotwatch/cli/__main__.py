"""`python -m lotwatch.cli`."""

from lotwatch.cli import main

main()
