"""What machines find in a clip: examinations, the table of rules, duplicates, verdicts and the backlog."""
