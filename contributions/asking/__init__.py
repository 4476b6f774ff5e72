"""What the studio asks for next: prompts, languages, gaps, and what people say of what they are asked."""
