"""The report's sections, a module each.

Invariant: each is a function of one trial's result alone that returns Markdown.
"""
