"""How well a checkpoint hears emotions in voices it never heard: figures, their doubt, and what they must beat."""
