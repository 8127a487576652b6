"""What people write where the specification has another spelling: one function per repair, whose docstring explains it.

Each finds the first place of a text that is written so, and gives the spelling of the specification as a Slip. It never
guesses between two readings: what could mean two things is left to the rules.
"""
