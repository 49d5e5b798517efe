"""Training of the genre tagger: ``python -m training.genre train | evaluate | folds | export``."""
