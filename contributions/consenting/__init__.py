"""Who gives a voice and what they allow: consent as events and their fold, guests, receipts, what is kept how long."""
