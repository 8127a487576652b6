"""Many runs as one: which cases there are, the rows of data they run with, and when each has its turn."""
