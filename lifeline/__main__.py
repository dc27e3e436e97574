"""``python -m lifeline`` is the command ``lifeline``."""

from lifeline.command import main

main()
