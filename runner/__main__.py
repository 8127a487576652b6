"""`python -m runner` is `arazzo`."""

from runner.cli import main

if __name__ == "__main__":
    main()
