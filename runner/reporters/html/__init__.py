"""A run as one page that needs nothing else: what happened, when, by which way, and why it did not pass."""
