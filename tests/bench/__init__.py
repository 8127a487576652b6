"""What runs cost, ours beside others': `make bench` prints it, `python -m tests.bench --help` says what else there is."""
