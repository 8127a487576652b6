"""What happened, told: each reporter folds the stream of entries into one form, on a stream it is given."""
