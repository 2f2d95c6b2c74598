"""Speed and memory, as ratios to a baseline of the same run on the same machine.

Each module has `run(scale) -> list[Result]`; `python -m benchmarks [NAME …] [--scale N]` runs them. Ratios hold on any
machine; seconds are printed beside them.
"""
