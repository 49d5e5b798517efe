"""The networks of papers 000 and 004, trained and measured under three protocols.

``python -m training.genre train NETWORK --protocol segments | tracks | filtered`` trains what is not trained yet and
writes a result for each seed or fold below ``runs/genre/results``, and under ``tracks`` and ``filtered`` the mean
posteriors of the clips beside it.
"""
