"""The acts of the command `clara`, one module each; each is imported when it is asked for, and none needs Django."""
