"""Whose voice to keep: a picture of a face or a sample of a voice becomes an embedding; nothing else of it stays."""
