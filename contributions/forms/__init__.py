"""What pages read from people, one file a thing."""
