"""Identity and access: people, their tokens, and who is calling."""
