"""The version of this distribution, as a constant: reading package metadata costs more than `--help` does."""

__version__ = "0.1.0"
