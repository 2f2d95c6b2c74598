"""How fast HL7 v2 messages are read, and in how much memory.

The baseline takes the same text apart by plain Python, without escapes, checks or rows: lines, then fields, then components.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import hl7

from benchmarks.result import Result, in_turns
from models.sources import SOURCE_KINDS
from pipelines.extract.hl7v2.file import MESSAGES
from pipelines.extract.readers import READERS
from pipelines.extract.reading import Reading, Request

PATIENTS, MESSAGES_A_FILE = 5_000, 10_000


def run(scale: int) -> list[Result]:
    with TemporaryDirectory() as folder:
        return list(_measured(Path(folder), scale))


def _measured(folder: Path, scale: int) -> Iterator[Result]:
    path, n = folder / "feed.hl7", MESSAGES_A_FILE * scale
    path.write_text("".join(messages(n)))
    (_, plain_cpu), (_, read_cpu) = in_turns(_split(path), _read(path, folder), rounds=3)
    note = f"{path.stat().st_size / n:,.0f} bytes a message; {read_cpu / plain_cpu:.1f} times the CPU of plain splitting"
    yield Result("messages read", n / read_cpu, "a CPU second", goal="≥ 2,000", note=note)
    yield Result("reading, against plain splitting", plain_cpu / read_cpu)
    few = "".join(messages(500))
    began = time.process_time()
    for one in few.split("MSH|")[1:]:
        hl7.parse(f"MSH|{one}")
    yield Result("taken apart by the package hl7, no rows", 500 / (time.process_time() - began), "a CPU second")
    sizes = (n, 10 * n)
    peaks = [_peak(size) for size in sizes]
    yield Result(
        "ten times the messages, memory", peaks[1] / peaks[0], goal="≤ 1.2", note=f"{sizes[1]:,} messages in {peaks[1]:,.0f} MB"
    )


def messages(n: int) -> Iterator[str]:
    """A clinic's feed: bookings, no-shows, visits and results in turn."""
    for i in range(n):
        patient, provider, at = i % PATIENTS, i % 20, f"202603{1 + i % 28:02d}{8 + i % 9:02d}{i % 60:02d}00"
        pid = (
            f"PID|1||{patient}^^^CLINIC&2.16.1&ISO^MR~{100000000 + patient}^^^USSSA^SS||DOE{patient}^JANE^Q^^^^L||19700301|F"
            f"||2106-3^White^HL70005|{patient} Main St^Apt 3^Troy^NY^12180^USA^H||(518)555-0100^PRN^PH^^1^518^5550100"
            "||eng^English^HL70296|M|||||||N^Not Hispanic^HL70189"
        )
        doctor = f"{provider}^SMITH^ANN^^^DR^^^NPI"
        pv1 = f"PV1|1|O|MAIN^ROOM{i % 9}^^NORTH|R|||{doctor}{'|' * 12}V{i}^^^CLINIC{'|' * 25}{at}|{at if i % 4 == 2 else ''}"
        kind = ("SIU^S12", "SIU^S26", "ADT^A03", "ORU^R01")[i % 4]
        segments = [f"MSH|^~\\&|SCH|CLINIC|HUB|HUB|{at}-0500||{kind}|{i}|P|2.5.1"]
        if kind.startswith("SIU"):
            status = "Booked" if kind == "SIU^S12" else "Noshow"
            segments += [
                f"SCH|P{i // 2}|A{i // 2}^SCH|||||R|CHECKUP^Check-up^HL70276|30|min|^^30^{at}{'|' * 14}{status}",
                f"TQ1|1||||||{at}|{at}",
                *(pid, pv1, "RGS|1|A", f"AIS|1|A|99213^Office visit^C4|{at}", f"AIL|1|A|MAIN^ROOM{i % 9}^^NORTH|||{at}"),
                f"AIP|1|A|{doctor}|||{at}",
            ]
        elif kind.startswith("ADT"):
            segments += [f"EVN|A03|{at}", pid, pv1, "DG1|1||E11.9^Type 2 diabetes^I10|||A"]
        else:
            codes = ("4548-4", "2093-3", "13457-7", "2085-9", "2571-8")
            results = [f"OBX|{j}|NM|{code}^{code}^LN||{5 + j / 10}|mg/dL^^UCUM|||||F|||{at}" for j, code in enumerate(codes)]
            segments += [pid, pv1, f"OBR|1|O{i}|F{i}^LAB|24331-1^Lipid panel^LN|||{at}{'|' * 15}{at}||LAB|F", *results]
        yield "\r".join([*segments, ""])


def _read(path: Path, folder: Path) -> Callable[[], Reading]:
    kind, reader = SOURCE_KINDS["ehr"], READERS["hl7v2"]
    contract, contracts = reader.contract(kind, MESSAGES), reader.contracts(kind, MESSAGES)
    assert contract

    def read() -> Reading:
        with TemporaryDirectory(dir=folder) as landed, duckdb.connect() as connection:
            marks = {"source_system": "ehr", "_file_key": "k"}
            at = Path(landed)
            return reader.read(Request(connection, path, contract, at, at, marks, "America/New_York", contracts=contracts))

    return read


def _split(path: Path) -> Callable[[], int]:
    def split() -> int:
        lines = path.read_text().split("\r")
        return sum(len(field.split("^")) for line in lines for field in line.split("|"))

    return split


def tell_peak(n: int) -> None:
    """Read so many messages, and write this process's peak of memory, in MB, to stdout."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "feed.hl7"
        with path.open("w") as out:
            out.writelines(messages(n))
        _read(path, Path(folder))()
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}")


def _peak(n: int) -> float:
    code = f"from benchmarks.hl7v2 import tell_peak; tell_peak({n})"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
