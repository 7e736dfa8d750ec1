"""Four kinds of hands for one kind of work."""
