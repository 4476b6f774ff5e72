"""The seed head: what suggests on a fresh site until its first champion, and how it is made.

No training starts from it: its licence would follow.
"""
