"""`python -m distributary`."""

from distributary.cli import main

main()
