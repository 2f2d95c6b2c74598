"""What each kind of source delivers: one module a kind, whose `EXTRACTS` holds the contract of each kind of file.

`models/sources.py` holds the record of each kind.
"""
