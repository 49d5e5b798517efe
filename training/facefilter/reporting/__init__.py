"""The report of facefilter: result files in, tables, pictures and one small file of results out.

``runs/facefilter/results/<trial>.json`` is written by ``evaluate``, ``results/paper/<row>.json`` by whoever trains the
paper's network, ``separator/log.jsonl`` by whoever trains the separator. What was committed, in
``training/facefilter/report/results.json``, stands in for whatever is not there.

Invariant: the report is a function of the condensed results alone: no clock, no order of files, nothing invented for
what was not measured.
"""
