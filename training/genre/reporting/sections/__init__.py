"""The report's sections on the network that ships, a module each.

Invariant: each is a function of the results alone that returns Markdown, or nothing where nothing was measured.
"""
