"""Many rows on many machines: what is to be run, who is at it, and what came of each row, in one database."""
