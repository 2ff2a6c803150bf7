"""Every bar of the unit economics page opens rows that sum to it."""

import importlib.util
from pathlib import Path

import pytest

from widgets.opened import NO_PRICE, column_that_adds, exactly, sql_command
from widgets.unit_economics import page

_spec = importlib.util.spec_from_file_location(
    "fake_snapshot", Path(__file__).with_name("fake_snapshot.py")
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
FakeSnapshot = _module.FakeSnapshot


def amount(cell: str) -> float:
    return float(cell.strip("()").replace(",", "")) * (-1 if cell.startswith("(") else 1)


def summed(table, column: int) -> tuple[float, float]:
    """Return what the rows of a column add up to as shown, and what its last row says."""
    cells = [row[column] for row in table["rows"]]
    return round(sum(amount(c) for c in cells[:-1] if c != NO_PRICE), 6), amount(cells[-1])


def drawn(made, prefix: str) -> dict[str, float]:
    """Return the height of every bar by its key, as the figure has it."""
    found = {}
    for card in made.charts.cards:
        for trace in card.get("figure", {}).get("data", ()):
            along = trace["x"] if trace.get("orientation") == "h" else trace["y"]
            for key, value in zip(trace.get("customdata", ()), along, strict=False):
                if key.startswith(prefix):
                    found.setdefault(key, value)
    return found


@pytest.mark.parametrize(
    "asked", [{}, {"feature": "all"}, {"feature": "images"}, {"feature": "all", "period": "Last 30 days"}]
)  # fmt: skip
def test_every_bar_that_is_offered_opens_and_sums_as_shown(asked):
    made = page(FakeSnapshot())
    assert made.apply(asked) == []
    rows = made.all_rows()
    assert set(rows) == set(made._offered)
    assert {key.split("/")[0] for key in rows} == {"cost", "day", "class", "mover"}
    for key, table in rows.items():
        columns = (1, 2) if key.startswith(("mover", "cost")) else (-1,)
        for column in columns:
            total, last = summed(table, column)
            assert total == pytest.approx(last, abs=1e-9), key
        assert "to a pico-USD" in table["foot"] or "float rounding" in table["foot"], key


def test_rows_sum_to_the_bar_that_is_drawn():
    made = page(FakeSnapshot())
    rows, bars = made.all_rows(), drawn(made, "class/")
    assert bars["class/large/output_tokens"] == pytest.approx(31 * 0.59)
    for key, value in bars.items():
        assert summed(rows[key], -1)[1] == pytest.approx(value, abs=0.00501)
    for key, value in drawn(made, "cost/").items():
        assert summed(rows[key], 2)[1] == pytest.approx(value, abs=0.00501)
    for key, value in drawn(made, "mover/").items():
        assert summed(rows[key], 2)[1] == pytest.approx(value, abs=0.00501)


def test_a_class_of_one_feature_opens_its_days_worked_by_hand():
    table = page(FakeSnapshot()).all_rows()["class/small/uncached_input_tokens"]
    assert len(table["rows"]) == 31 + 1
    assert table["rows"][0] == (
        "1 Oct 2026",
        "300",
        "166.67",
        "0.050",
    )  # 0.05 / 300 a million times
    assert table["rows"][-1] == ("Sum of rows", "9,300", "166.67", "1.550")
    assert "model = 'small'" in table["foot"]
    assert "BETWEEN '2026-10-01' AND '2026-10-31'" in table["foot"]


def test_a_cost_opens_its_parts_worked_by_hand():
    # October: 31 USD of usage, 93 cases to people at 6 + 1, 310 resolved
    rows = {r[0]: r[1:] for r in page(FakeSnapshot()).all_rows()["cost/fully_loaded_usd"]["rows"]}
    assert rows["AI usage, retries and failures included"] == ("31.00", "0.10")
    assert rows["People on escalated and reopened cases"] == ("558.00", "1.80")
    assert rows["Handing over"] == ("93.00", "0.30")
    assert rows["Sum of parts"] == ("682.00", "2.20")


def test_a_mover_opens_both_months_side_by_side():
    made = page(FakeSnapshot())
    made.inputs["feature"].value = "all"
    table = made.all_rows()["mover/support-chat"]
    assert table["columns"] == ("Model", "Sep 2026, USD", "Oct 2026, USD")
    assert ("large", "27.00", "27.90") in table["rows"]
    assert table["rows"][-1] == ("Sum of rows", "30.00", "31.00")


def test_a_day_says_what_the_point_is():
    made = page(FakeSnapshot())
    table = made.all_rows()["day/2026-10-04"]
    assert table["rows"][-1] == ("Sum of rows", "", "1.000")
    assert "Divided by 8 resolved tickets it is the point, 0.125 USD each" in table["foot"]


def test_what_has_no_price_is_listed_and_never_zero():
    made = page(FakeSnapshot())
    snapshot = made._given
    unpriced = {n: list(v) for n, v in snapshot.daily().items()}
    for at, model in enumerate(unpriced["model"]):
        if model == "small":
            unpriced["contract_cost_usd"][at] = None
    snapshot.daily = lambda **_: unpriced
    made.inputs["feature"].value = "all"
    rows = {row[0]: row[-1] for row in made.all_rows()["day/2026-10-04"]["rows"]}
    assert rows["support-chat · small"] == NO_PRICE
    assert rows["Sum of rows"] == "4.90"


def test_under_a_what_if_only_what_stays_measured_opens():
    made = page(FakeSnapshot())
    made.inputs["volume"].value = 2
    kinds = {key.split("/")[0] for key in made._offered}
    assert kinds == {"day", "mover"}
    assert any("rows open at the measured inputs" in card["foot"] for card in made.charts.cards)


def test_reported_cost_has_no_classes_to_open():
    made = page(FakeSnapshot())
    made.inputs["basis"].value = "reported"
    assert not any(key.startswith(("class/", "mover/")) for key in made._offered)


@pytest.mark.parametrize(
    "key", ["", "class/", "class/no-such/output_tokens", "day/2026-13-99", "cost/x", "mover/nobody", "x/y", 7]
)  # fmt: skip
def test_a_key_that_is_not_drawn_opens_nothing(key):
    made = page(FakeSnapshot())
    made._on_message(None, {"kind": "open", "key": key}, [])
    assert made.charts.opened == {}
    assert not made.charts.head["stale"]


def test_a_bar_opens_from_the_address_and_closes_with_its_figure():
    made = page(FakeSnapshot())
    made.apply({"open": "class/large/output_tokens"})
    assert made.charts.opened["title"] == "Rows behind output of large: 18.29 USD"
    assert "open=class" in made.charts.query
    made.inputs["volume"].value = 2
    assert made.charts.opened == {}


def test_hostile_names_stay_inside_the_quotes():
    command = sql_command((), {"feature": "a'; rm -rf $HOME \"`"}, ("2026-10-01", "2026-10-31"))
    import shlex

    words = shlex.split(command)
    assert words[:2] == ["workbench", "sql"]
    assert len(words) == 3
    assert "feature = 'a''; rm -rf $HOME \"`'" in words[2]
    assert "$HOME" not in command.replace(shlex.quote(words[2]), "")
    assert "tenant IS NULL" in sql_command((), {"tenant": ""}, ("2026-10-01", "2026-10-01"))


def test_a_listed_command_finds_the_rows_it_names(tmp_path):
    import shlex
    from datetime import UTC, datetime

    from workbench.workspace import Workspace

    workspace = Workspace.init(tmp_path / "w", name="w")
    log = tmp_path / "usage.csv"
    log.write_text(
        "request_id,started_at,provider,model,feature,uncached_input_tokens\n"
        "r1,2026-10-01T00:00:00Z,openai,gpt-5.4,it's,10\n"
        "r2,2026-10-31T23:59:59Z,openai,gpt-5.4,it's,10\n"
        "r3,2026-11-01T00:00:00Z,openai,gpt-5.4,it's,10\n"
        "r4,2026-10-05T00:00:00Z,openai,gpt-5.4,other,10\n"
    )
    workspace.ingest([log], now=datetime(2026, 11, 2, tzinfo=UTC), fmt="workbench")
    command = sql_command(
        ("uncached_input_tokens",), {"feature": "it's", "environment": None}, ("2026-10-01", "2026-10-31")
    )  # fmt: skip
    found = workspace.sql(shlex.split(command)[2]).to_pylist()
    assert sorted(row["request_id"] for row in found) == ["r1", "r2"]


def test_columns_add_at_any_size():
    cells, rest, total = column_that_adds([0.00014] * 30, 0.0042)
    assert len(cells) == 24
    assert sum(map(float, cells)) + float(rest) == pytest.approx(float(total))
    assert column_that_adds([None, 2.0], 2.0)[0] == [NO_PRICE, "2.00"]
    assert exactly(3, 1e-9) == "3 rows sum to the bar but for 1e-09 USD of float rounding"
