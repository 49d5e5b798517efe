"""The report of the genre networks: result files in, tables, pictures and one small file of results out.

``runs/genre/results/<network>/<protocol>/<run>.json`` is written by whoever trains; ``shipped/<trial>.json`` by
whoever measures the network that ships. What was committed, in ``training/genre/report/results.json``, stands in for
whatever is not there, so the report can be rebuilt without hours of training.

Invariant: the report is a function of the condensed results alone: no clock, no order of files, nothing invented
for what was not measured.
"""
