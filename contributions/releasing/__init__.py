"""Which clips are covered, and the releases that are made of them."""
