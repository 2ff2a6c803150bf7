"""A contract sheet is read exactly, and every mistake in it is named with its place."""

import contextlib
import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import PriceError
from workbench.pricing.book import PriceBook
from workbench.pricing.rows import ANY_CONTEXT, NO_CONTEXT
from workbench.pricing.sheet import parse_sheet, read_sheet

HEADER = "provider,model,meter,usd,per"


def sheet(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines])


def refusal(*lines: str, header: str = HEADER) -> str:
    with pytest.raises(PriceError) as caught:
        parse_sheet(sheet(*lines, header=header), name="prices.csv")
    return str(caught.value)


def test_three_dollars_a_million_are_three_million_pico_a_token():
    [row] = parse_sheet(sheet("a,m,input_tokens,3,1000000"), name="s")
    assert (row.meter, row.pico, row.inexact) == ("uncached_input_tokens", 3_000_000, False)
    assert row.is_undated


def test_an_hour_of_audio_is_rounded_to_half_a_pico_a_second_and_says_so():
    # 0.111 USD / 3,600 s = 30,833,333.33 pico-USD a second
    [row] = parse_sheet(sheet("a,m,audio_seconds,0.111,3600"), name="s")
    assert (row.pico, row.inexact) == (30_833_333, True)


def test_cache_write_tokens_price_five_minutes_and_unknown_lifetimes():
    rows = parse_sheet(sheet("a,m,cache_write_tokens,3.75,1000000"), name="s")
    assert {row.meter for row in rows} == {"cache_write_5m_tokens", "cache_write_unknown_tokens"}


def test_naive_dates_are_midnight_utc_and_offsets_are_converted():
    header = HEADER + ",effective_from,effective_to"
    [row] = parse_sheet(
        sheet("a,m,images,1,1,2026-03-01,2026-04-01T02:00:00+02:00", header=header), name="s"
    )
    assert row.effective_from == datetime(2026, 3, 1)  # noqa: DTZ001
    assert row.effective_to == datetime(2026, 4, 1)  # noqa: DTZ001


def test_dated_bands_begin_with_their_date():
    header = HEADER + ",effective_from,context_above"
    lines = [
        "a,m,output_tokens,15,1000000,2026-01-01,",
        "a,m,output_tokens,22,1000000,2026-01-01,9",
    ]
    low, high = parse_sheet(sheet(*lines, header=header), name="s")
    assert (low.context_upto, high.context_over, high.context_upto) == (9, 9, ANY_CONTEXT)
    assert low.effective_from == high.effective_from == datetime(2026, 1, 1)  # noqa: DTZ001


def test_thresholds_become_bands_that_meet_at_the_threshold():
    lines = [
        "a,m,output_tokens,15,1000000,",
        "a,m,output_tokens,22.5,1000000,200000",
        "a,m,output_tokens,30,1000000,500000",
    ]
    rows = parse_sheet(sheet(*lines, header=HEADER + ",context_above"), name="s")
    assert [(r.pico, r.context_over, r.context_upto) for r in rows] == [
        (15_000_000, NO_CONTEXT, 200_000),
        (22_500_000, 200_000, 500_000),
        (30_000_000, 500_000, ANY_CONTEXT),
    ]


def test_a_band_that_begins_later_leaves_the_base_price_whole_until_then():
    lines = [
        "a,m,output_tokens,15,1000000,,",
        "a,m,output_tokens,22.5,1000000,200000,2026-03-01",
    ]
    rows = parse_sheet(sheet(*lines, header=HEADER + ",context_above,effective_from"), name="s")
    march = datetime(2026, 3, 1)  # noqa: DTZ001
    assert {(r.pico, r.effective_from, r.effective_to, r.context_upto) for r in rows} == {
        (15_000_000, None, march, ANY_CONTEXT),
        (15_000_000, march, None, 200_000),
        (22_500_000, march, None, ANY_CONTEXT),
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,m,input_token,3,1000000", ["line 2", "meter", "'input_token'", "'input_tokens'"]),
        ("a,m,images,three,1", ["line 2", "usd", "'three'", "no number"]),
        ("a,m,images,nan,1", ["usd", "'nan'", "from 0 up"]),
        ("a,m,images,-1,1", ["usd", "'-1'", "from 0 up"]),
        ("a,m,images,inf,1", ["usd", "'inf'", "from 0 up"]),
        ('a,m,images,"1,5",1', ["usd", "'1,5'", "no thousands separator"]),
        ("a,m,images,1,", ["per", "''", "3600"]),
        ("a,m,images,1,100", ["per", "'100'"]),
        ("a,m,output_tokens,15000000,1", ["usd", "Check per"]),
        (",m,images,1,1", ["provider", "Fill it in"]),
        ("a,m,images,1", ["line 2", "not as many values"]),
        ("a,m,images,1,1,7", ["line 2", "not as many values"]),
    ],
)
def test_a_bad_value_is_named_with_its_line_and_column(line: str, said: list[str]):
    message = refusal(line)
    assert "prices.csv" in message
    for part in said:
        assert part in message


wild = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "1", "1e999999", "9" * 5000, "0001-01-01T00:00:00+14:00", "images", "=1"]),
)


@given(values=st.lists(wild, min_size=9, max_size=9))
def test_whatever_a_cell_holds_is_a_price_or_a_message(values: list[str]):
    out = io.StringIO()
    columns = [*HEADER.split(","), "effective_from", "context_above", "multiplier", "price_variant"]
    csv.writer(out).writerows([columns, values])
    with contextlib.suppress(PriceError):
        for row in parse_sheet(out.getvalue(), name="s"):
            assert row.pico is None or row.pico >= 0


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        (HEADER + ",curency", "a,m,images,1,1,USD", ["unknown column 'curency'", "'currency'"]),
        ("provider,model,meter,usd", "a,m,images,1", ["no column per"]),
        (HEADER + ",usd", "a,m,images,1,1,2", ["named twice"]),
        (HEADER + ",currency", "a,m,images,1,1,EUR", ["currency", "'EUR'", "dated rate"]),
        (HEADER + ",effective_from", "a,m,images,1,1,01/02/2026", ["is no date", "2026-01-31"]),
        (HEADER + ",context_above", "a,m,images,1,1,200k", ["context_above", "'200k'"]),
        (HEADER + ",price_variant", "a,m,images,1,1,batch", ["price_variant", "route=eu"]),
        (HEADER + ",effective_from,effective_to", "a,m,images,1,1,2026-02-01,2026-01-01",
         ["effective_to", "not after"]),
    ],
)  # fmt: skip
def test_a_bad_column_or_condition_is_refused(header: str, line: str, said: list[str]):
    message = refusal(line, header=header)
    for part in said:
        assert part in message


def test_an_empty_sheet_is_refused():
    assert "no price in the sheet" in refusal()


def test_two_rows_for_the_same_thing_are_refused_naming_both_lines(tmp_path: Path):
    path = tmp_path / "twice.csv"
    path.write_text(sheet("a,m,images,1,1", "a,m,images,2,1"))
    with pytest.raises(PriceError, match=r"twice\.csv.*line 2 .*line 3 .*End the first"):
        PriceBook([read_sheet(path, known_from=datetime(2026, 1, 1))])  # noqa: DTZ001


def test_a_hole_between_two_rows_is_refused_and_an_open_end_is_not(tmp_path: Path):
    path = tmp_path / "hole.csv"
    header = HEADER + ",effective_from,effective_to"
    path.write_text(
        sheet(
            "a,m,images,1,1,2026-01-01,2026-02-01",
            "a,m,images,2,1,2026-03-01,2026-04-01",
            header=header,
        )
    )
    with pytest.raises(PriceError, match="no price from 2026-02-01"):
        PriceBook([read_sheet(path, known_from=datetime(2026, 1, 1))])  # noqa: DTZ001
    path.write_text(sheet("a,m,images,1,1,2026-01-01,2026-02-01", header=header))
    PriceBook([read_sheet(path, known_from=datetime(2026, 1, 1))])  # noqa: DTZ001


def test_a_folder_or_a_binary_file_is_refused_with_a_message(tmp_path: Path):
    with pytest.raises(PriceError, match="can't be read as a price sheet"):
        read_sheet(tmp_path, known_from=datetime(2026, 1, 1))  # noqa: DTZ001
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(PriceError, match="Save it as CSV in UTF-8"):
        read_sheet(binary, known_from=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_multiplier_is_refused_in_a_contract(tmp_path: Path):
    path = tmp_path / "scaled.csv"
    path.write_text(sheet("a,m,*,,,0.9", header=HEADER + ",multiplier"))
    with pytest.raises(PriceError, match=r"line 2, column multiplier.*agreed prices"):
        read_sheet(path, known_from=datetime(2026, 1, 1))  # noqa: DTZ001
    read_sheet(path, known_from=datetime(2026, 1, 1), layer="overlay")  # noqa: DTZ001


def test_the_same_bytes_imported_again_are_another_import(tmp_path: Path):
    path = tmp_path / "s.csv"
    path.write_text(sheet("a,m,images,1,1"))
    first = read_sheet(path, known_from=datetime(2026, 1, 1))  # noqa: DTZ001
    again = read_sheet(path, known_from=datetime(2026, 1, 1))  # noqa: DTZ001
    later = read_sheet(path, known_from=datetime(2026, 2, 1))  # noqa: DTZ001
    assert first == again
    assert first.import_id != later.import_id
    assert first.sha256 == later.sha256
