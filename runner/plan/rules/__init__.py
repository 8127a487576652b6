"""What can be wrong with a workflow: one function per rule, whose docstring explains it.

Each turns a place and the names involved into a Diagnostic. The rule's name is the function's, with dashes.
"""
