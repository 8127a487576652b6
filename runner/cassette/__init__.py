"""Exchanges that really happened, kept as files (the cassette), and played back without a network."""
