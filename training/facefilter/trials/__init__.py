"""Trials of the facefilter that ships: whom it matches, whom it keeps, what it harms, on people it has never met.

Each trial is a function of a ``Subject`` (the three artifacts, as they are served) and of ``Evidence`` (held-out people
and noises); ``command`` runs them and writes one JSON file each.

Invariant: a trial measures. It chooses nothing, and nobody it hears or sees was trained on.
"""
