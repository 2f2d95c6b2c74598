"""What is kept for how long, and what is disposed of when that time is over (`[retention]` in practice.toml).

`rows.py` finds rows that have landed, `files.py` what is kept as files; `dispose.py` does it, with a record in the audit log.
"""
