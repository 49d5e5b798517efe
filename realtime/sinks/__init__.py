"""Where processed audio goes: files."""
