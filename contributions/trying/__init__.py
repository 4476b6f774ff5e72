"""Trying CLARA on a clip that nobody keeps: the page asks, the ear listens, and both forget."""
