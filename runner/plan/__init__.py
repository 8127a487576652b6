"""What a description means: every name resolved, every expression parsed, every default filled in."""
