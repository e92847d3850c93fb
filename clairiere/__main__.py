"""`python -m clairiere` is the command `clairiere`."""

from clairiere.cli import main

if __name__ == "__main__":
    main()
