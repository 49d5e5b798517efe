"""Whose voice to keep: a picture of a face or a sample of a voice becomes an embedding, and nothing else of it stays."""
