"""What runs cost, ours beside others': `make bench` prints it, and `python -m tests.bench --help` says more."""
