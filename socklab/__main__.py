"""`python -m socklab`, the same as `socklab`."""

from socklab.cli import main

main()
