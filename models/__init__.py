"""Network definitions in pure torch; ``models/artifacts/`` holds what ships.

Invariant: a streaming module keeps no state between calls, and its offline forward gives the same numbers.
"""
