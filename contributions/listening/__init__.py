"""What listeners hear: suggestions, ratings and what follows from them."""
