"""How fast X12 files are read, against splitting their bytes at every delimiter in Python, and how memory grows.

The baseline does what no reader can do without: every segment of the file as a list of its elements. Reading also finds the
loops, checks the rows against their contracts and writes them to Parquet. Memory is that of a process of its own.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import duckdb

from benchmarks.result import Result, in_turns
from models.sources import SOURCE_KINDS
from pipelines.extract.reading import Request
from pipelines.extract.x12.reader import TRANSACTIONS, read_x12

_ISA = "ISA*00*          *00*          *ZZ*SUBMITTER      *ZZ*RECEIVER       *260105*1200*^*00501*{:09}*0*P*:~\n"
_CLAIMS_A_TRANSACTION = 5_000
"""As many as the guide allows."""
_CLAIMS = 20_000


def run(scale: int) -> list[Result]:
    """Claims a CPU second of 837P and 835, the ratio to the baseline, and peak memory with ten times the claims."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        results = []
        for kind, write in (("837P", write_claims), ("835", write_payments)):
            path = folder / f"{kind}.txt"
            write(path, _CLAIMS * scale)
            (_, bare), (_, read) = in_turns(partial(_split, path), partial(read_file, path, folder), rounds=3)
            note = f"{_CLAIMS * scale / read:,.0f} claims a CPU second, {path.stat().st_size / _CLAIMS / scale:,.0f} bytes each"
            results.append(Result(f"{kind}: bare split to reading", bare / read, note=note))
            results.append(Result(f"{kind}: claims read", _CLAIMS * scale / read, "a CPU second", goal="≥ 20,000"))
        peaks = []
        for n_claims in (_CLAIMS * scale, 10 * _CLAIMS * scale):
            write_claims(folder / "837P.txt", n_claims)
            peaks.append(_peak(folder / "837P.txt"))
        note = f"{peaks[0]:,.0f} MB for {_CLAIMS * scale:,} claims, {peaks[1]:,.0f} MB for {10 * _CLAIMS * scale:,}"
        results.append(Result("837P: memory with ten times the claims", peaks[1] / peaks[0], goal="≤ 1.1", note=note))
        return results


def read_file(path: Path, folder: Path) -> None:
    """Read a file as landing does."""
    contracts = SOURCE_KINDS["billing"].extracts
    with TemporaryDirectory(dir=folder) as out, duckdb.connect() as connection:
        result, scratch = Path(out) / "folder", Path(out) / "scratch"
        result.mkdir()
        scratch.mkdir()
        marks = {"source_system": "billing", "_file_key": "0"}
        read_x12(
            Request(connection, path, contracts[TRANSACTIONS], result, scratch, marks, "America/Chicago", contracts=contracts)
        )


def _split(path: Path) -> None:
    with path.open("rb") as content:
        waiting = ""
        while block := content.read(2**18).decode():
            *segments, waiting = (waiting + block).replace("\n", "").split("~")
            for segment in segments:
                segment.split("*")


def _peak(path: Path) -> float:
    """Megabytes that reading a file takes at most, of a process that does nothing else."""
    code = (
        "import resource, sys; from pathlib import Path; from benchmarks.x12 import read_file; path = Path(sys.argv[1]); "
        "read_file(path, path.parent); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    return float(subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True, text=True).stdout)


def write_claims(path: Path, n_claims: int) -> None:
    """An 837P of claims with two lines each."""
    with path.open("w") as out:
        out.write(_ISA.format(1) + "GS*HC*SUBMITTER*RECEIVER*20260105*1200*1*X*005010X222A1~\n")
        for first in range(0, n_claims, _CLAIMS_A_TRANSACTION):
            segments = [
                f"ST*837*{first:09}*005010X222A1",
                f"BHT*0019*00*{first}*20260105*1200*CH",
                "NM1*41*2*BILLING SERVICE*****46*TGJ23",
                "PER*IC*JERRY*TE*3055550100",
                "NM1*40*2*PAYER*****46*66783",
                "HL*1**20*1",
                "NM1*85*2*CLINIC*****XX*1999996666",
                "N3*234 SEAWAY ST",
                "N4*MIAMI*FL*33111",
            ]
            for i in range(first, min(first + _CLAIMS_A_TRANSACTION, n_claims)):
                on = f"202512{i % 28 + 1:02}"
                segments += [
                    f"HL*{i + 2}*1*22*0",
                    "SBR*P*18*2222-SJ******CI",
                    f"NM1*IL*1*FAMILY{i % 977}*GIVEN{i % 313}****MI*M{i % 7919:07}",
                    f"N3*{i % 900} OCEAN BLVD",
                    "N4*MIAMI*FL*33111",
                    f"DMG*D8*19{i % 90 + 10}0501*F",
                    "NM1*PR*2*PAYER*****PI*66783",
                    f"CLM*A{i:09}*{100 + i % 50}***11:B:1*Y*A*Y*Y",
                    "HI*ABK:E119*ABF:I10",
                    "NM1*82*1*KILDARE*BEN****XX*1999996666",
                    "LX*1",
                    f"SV1*HC:99213:25*{60 + i % 50}*UN*1***1:2",
                    f"DTP*472*D8*{on}",
                    f"REF*6R*{i}",
                    "LX*2",
                    "SV1*HC:83036*40*UN*1***1",
                    f"DTP*472*D8*{on}",
                ]
            _end(out, segments, f"{first:09}")
        out.write(f"GE*{-(-n_claims // _CLAIMS_A_TRANSACTION)}*1~\nIEA*1*000000001~\n")


def write_payments(path: Path, n_claims: int) -> None:
    """An 835 that pays claims of two lines: the first in part, the second to the deductible."""
    with path.open("w") as out:
        out.write(_ISA.format(1) + "GS*HP*PAYER*CLINIC*20260115*1200*1*X*005010X221A1~\n")
        for first in range(0, n_claims, _CLAIMS_A_TRANSACTION):
            n_now = min(_CLAIMS_A_TRANSACTION, n_claims - first)
            segments = [
                f"ST*835*{first:09}",
                f"BPR*I*{n_now * 45}*C*ACH*CCP*01*1*DA*1*1512345678**01*1*DA*1*20260114",
                f"TRN*1*T{first}*1512345678",
                "DTM*405*20260114",
                "N1*PR*PAYER",
                "N1*PE*CLINIC*XX*1999996666",
                "LX*1",
            ]
            for i in range(first, first + n_now):
                on = f"202512{i % 28 + 1:02}"
                segments += [
                    f"CLP*A{i:09}*1*100*45*40*12*ICN{i:011}*11*1",
                    f"NM1*QC*1*FAMILY{i % 977}*GIVEN{i % 313}****MI*M{i % 7919:07}",
                    f"DTM*232*{on}",
                    "SVC*HC:99213*60*45**1",
                    f"DTM*472*{on}",
                    "CAS*CO*45*15",
                    "AMT*B6*45",
                    "SVC*HC:83036*40*0**1",
                    f"DTM*472*{on}",
                    "CAS*PR*1*40",
                    f"REF*6R*{i}",
                ]
            _end(out, segments, f"{first:09}")
        out.write(f"GE*{-(-n_claims // _CLAIMS_A_TRANSACTION)}*1~\nIEA*1*000000001~\n")


def _end(out: TextIO, segments: list[str], control_number: str) -> None:
    out.write("~\n".join([*segments, f"SE*{len(segments) + 1}*{control_number}"]) + "~\n")
