"""The run: a generator of events and effects that never touches the world."""
