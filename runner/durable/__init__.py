"""What a run has done and been answered, kept so that it survives the end of its process."""
