"""Tectum's service: audio frames in, plugin results and audio out, in real time.

Invariant: nothing here imports ``models`` or ``training``; networks arrive as exported artifacts.
"""

__version__ = "0.1.0"
