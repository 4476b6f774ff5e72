"""What is taken back or carried away: withdrawal, tombstones, exports, and what a restored backup owes."""
