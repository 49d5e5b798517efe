"""The four rows of paper 002's tables, trained at one size and measured on people that none of them has heard.

``python -m training.facefilter train paper --row ROW`` trains what is not trained yet, below
``runs/facefilter/paper/ROW``, and writes ``runs/facefilter/results/paper/ROW.json``.
"""
