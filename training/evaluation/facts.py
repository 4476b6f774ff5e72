"""The names of what child and parent tell each other by: known without torch."""

COMPARISON = "comparison.json"
CHAMPION = "champion"
