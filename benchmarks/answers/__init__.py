"""Bad answers and bad calls, and what six libraries do with each: the tables of docs/structured.md and docs/tools.md.

`measure.py` is the command. This package plays on 127.0.0.1 only, and what it says of a library is computed from what
was seen.
"""
