"""How an analyst's saved queries are written down, and the lock under which they change.

One file a user, `queries/<hash of the user>.json` in the home, changed under a lock on `queries/.lock`: by the dashboards, and by
whoever removes what is over or names who is erased. `record.py` says what a file holds; `store.py` alone opens files.
"""
