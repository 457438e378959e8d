"""`python -m nb2pipe` is the `nb2pipe` command."""

from nb2pipe.cli import main

main()
