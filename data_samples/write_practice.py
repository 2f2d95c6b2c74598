"""Writes the committed sample practice again: `python -m data_samples.write_practice [FOLDER]`; the same code, the same bytes."""

import shutil
import sys
from pathlib import Path

from data_samples.simulator.simulate import Simulation, simulate

PRACTICE = Path(__file__).parent / "practice"
SAMPLE = Simulation(n_patients=1_400, n_months=36, seed=20261031, rare_share=0.25, is_gzip=True, practice_id="sample")


def write_practice(folder: Path) -> dict[str, int]:
    """Replace `folder` by the sample practice; returns the number of rows by file kind."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return simulate(SAMPLE, folder)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PRACTICE
    n_rows = write_practice(folder)
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stdout.write(f"{sum(n_rows.values()):,} rows, {n_bytes / 1e6:.1f} MB in {folder}\n")
