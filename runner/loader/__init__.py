"""Edge 1: texts become descriptions; bytes come through the Fetch that is given."""
