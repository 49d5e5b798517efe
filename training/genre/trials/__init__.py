"""Trials of the model that ships: what it does on long streams, on what is not music, on damaged audio.

Each trial is a function of a ``Subject`` (network and verdict, as they are served) and of ``Evidence`` (the recordings
it has never learned from); ``command`` runs them and writes one JSON file each.

Invariant: a trial measures. It chooses nothing, and nothing it reads was trained on, unless its own text says so.
"""
