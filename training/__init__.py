"""Data, losses, loops, evaluation and export; imports ``models`` only, never ``realtime``."""
