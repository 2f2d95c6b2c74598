"""Segments of X12 interchanges come out as they were written, whatever the delimiters, and whatever lies between them."""

import io
import string
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.extract.x12.segments import Segments, is_x12, read_segments

MARKS = "".join(chr(code) for code in range(1, 127) if not chr(code).isalnum() and chr(code) not in " \t\r\n")
LETTERS = string.ascii_uppercase + string.digits + " "


@dataclass
class Interchange:
    marks: str
    terminator: str
    breaks: str
    values: list[list[str]]

    @property
    def segments(self) -> list[list[str]]:
        """As they are read: blanks around an element are no part of it."""
        return [[element.strip(" ") for element in segment] for segment in self._padded]

    @property
    def _padded(self) -> list[list[str]]:
        repetition, component = self.marks[1], self.marks[2]
        head = ["00", " " * 10, "00", " " * 10, "ZZ", "A" * 15, "ZZ", "B" * 15, "260101", "1200"]
        return [["ISA", *head, repetition, "00501", "000000001", "0", "P", component], *self.values, ["IEA", "1", "000000001"]]

    def written(self) -> bytes:
        ended = [self.marks[0].join(segment) + self.terminator + self.breaks for segment in self._padded]
        return "".join(ended).encode()


@st.composite
def interchanges(draw: st.DrawFn) -> Interchange:
    marks = draw(st.lists(st.sampled_from(MARKS), min_size=4, max_size=4, unique=True))
    terminator, breaks = draw(st.sampled_from([(marks[3], ""), (marks[3], "\n"), (marks[3], "\r\n"), ("\n", ""), ("\r", "\n")]))
    allowed = st.text(st.sampled_from(sorted((set(MARKS) | set(LETTERS) | {"é"}) - {marks[0], marks[3]})), max_size=12)
    names = st.text(st.sampled_from(string.ascii_uppercase), min_size=2, max_size=3).filter(
        lambda name: name not in ("ISA", "IEA")
    )
    segments = draw(st.lists(st.tuples(names, st.lists(allowed, max_size=5)), max_size=6))
    return Interchange("".join(marks), terminator, breaks, [[name, *values] for name, values in segments])


class Slow(io.BytesIO):
    """A file that gives a few bytes at a time, so that every place is a border between two reads."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 7, 7))


def read(content: bytes) -> list[Segments]:
    found = list(read_segments(io.BytesIO(content)))
    assert _all(found) == _all(list(read_segments(Slow(content))))
    return found


def _all(pieces: list[Segments]) -> list[list[str]]:
    return [segment for piece in pieces for segment in piece.segments]


@settings(max_examples=40, deadline=None)
@given(st.lists(interchanges(), min_size=1, max_size=3), st.sampled_from([b"", b"\xef\xbb\xbf", b"\r\n\r\n "]))
def test_what_was_written_with_any_delimiters_is_read(written: list[Interchange], before: bytes):
    found = read(before + b"".join(one.written() for one in written))
    assert _all(found) == [segment for one in written for segment in one.segments]
    assert [piece.fault for piece in found if piece.fault] == []
    starts = [piece.first for piece in found if piece.segments[0][0] == "ISA"]
    assert starts == [1 + sum(len(one.segments) for one in written[:i]) for i in range(len(written))]
    assert not any(piece.is_cut_off for piece in found)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400), interchanges())
def test_no_bytes_make_it_fail_and_what_follows_them_is_read(noise: bytes, sound: Interchange):
    read(noise)
    read(sound.written()[: len(noise)] + noise)
    if b"ISA" not in noise:
        assert _all(read(noise + sound.written()))[:1] == [sound.segments[0]]
        assert not is_x12(noise)
    assert is_x12(sound.written())


@given(interchanges(), st.data())
@settings(max_examples=25)
def test_a_file_that_ends_within_a_segment_says_so(written: Interchange, data: st.DataObject):
    whole = written.written()
    cut = data.draw(st.integers(107, len(whole) - len(written.terminator + written.breaks)))
    found = read(whole[:cut])
    ends_whole = whole[:cut].rstrip(b"\r\n ").endswith(written.terminator.strip("\r\n").encode() or b"\x00")
    is_trailer = _all(found)[-1][0] == "IEA"
    if not ends_whole and not is_trailer and written.terminator not in "\r\n":
        assert found[-1].is_cut_off


def test_bytes_between_two_interchanges_are_named_once_and_both_are_read():
    sound = Interchange("*^:~", "~", "\n", [["GS", "HP"]]).written()
    found = read(sound + b"-- end of file 1 --\n" + sound)
    assert [segment[0] for segment in _all(found)] == ["ISA", "GS", "IEA", "ISA", "GS", "IEA"]
    assert [(piece.first, piece.fault) for piece in found if piece.fault] == [
        (4, "is no X12: it belongs to no interchange, which begins with ISA")
    ]


def test_an_interchange_without_its_trailer_ends_where_the_next_begins():
    whole = Interchange("*^:~", "~", "\n", [["GS", "HP"]]).written()
    without = whole.partition(b"IEA")[0]
    assert [segment[0] for segment in _all(read(without + whole + without))] == ["ISA", "GS", "ISA", "GS", "IEA", "ISA", "GS"]


def test_lines_broken_after_80_bytes_are_joined():
    sound = Interchange("*^:~", "~", "", [["NM1", "QC", "1", "JONES" * 20, "SAM"]])
    content = sound.written()
    lines = b"\r\n".join(content[i : i + 80] for i in range(0, len(content), 80))
    assert _all(read(lines)) == sound.segments


def test_blanks_before_a_segment_belong_to_nothing():
    content = Interchange("*^:~", "~", "\n  ", [["OI", "", "", "Y"], ["NM1", "IL"]]).written()
    assert [segment[0] for segment in _all(read(content))] == ["ISA", "OI", "NM1", "IEA"]


def test_an_isa_of_wrong_widths_is_read_and_named():
    content = b"ISA*00**01*SECRET*ZZ*SENDER*ZZ*RECEIVER*030101*1253*U*00501*000000905*1*T*:~GS*HC~IEA*1*000000905~"
    found = read(content)
    assert [segment[0] for segment in _all(found)] == ["ISA", "GS", "IEA"]
    assert found[0].fault == "ISA has not its 106 characters: the widths of its elements are wrong"
    assert found[0].delimiters and found[0].delimiters.component == ":" and found[0].delimiters.repetition is None


def test_what_never_ends_is_let_go_and_the_next_interchange_is_read():
    sound = Interchange("*^:~", "~", "\n", [["GS", "HP"]]).written()
    endless = sound.partition(b"GS")[0] + b"X" * (3 * 2**20)
    found = list(read_segments(io.BytesIO(endless + sound)))
    assert [segment[0] for segment in _all(found)] == ["ISA", "ISA", "GS", "IEA"]
    assert [piece.fault for piece in found if piece.fault] == ["is no X12: a segment is longer than 1 MB"]
