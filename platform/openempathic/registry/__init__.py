"""The champion and how a worker gets it."""
