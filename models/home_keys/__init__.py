"""The keys of a home: what lies in it is encrypted by data keys, and these lie in it wrapped by a master key that does not.

    <home>/keys/home.key                    made first: a home that has it is encrypted
    <home>/keys/<place>.key                 the data key of a folder: `published/<id>`, `landing/<practice>`, `queries`, …

`wrapping.py` says what keys are, `texts.py` how a small file is encrypted, `statements.py` what DuckDB is told; `store.py` finds
the master key, keeps the data keys, and alone opens files. The dashboards and the pipeline both read through here.
"""
