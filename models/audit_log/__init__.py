"""The audit log, which the dashboards and the pipeline both write: one chain of lines, so one writer.

`record.py` says what a line is, `keys.py` what vouches for it, `chain.py` whether lines are whole, `signs.py` which of them are
signs of intrusion; `store.py` adds and reads them. `store.py` alone opens files.
"""
