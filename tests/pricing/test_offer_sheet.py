"""Sheets of offered capacity: kept, listed, refused with what is wrong, and never free."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from workbench.cli import workbench as command
from workbench.errors import PriceError
from workbench.pricing.offer_sheet import offer_sheet
from workbench.workspace import Workspace, offer_sheets

KNOWN = datetime(2026, 11, 1, tzinfo=UTC)
HEADER = "offer,provider,model,usd_per_unit_hour"
RESERVED = "Bedrock reserved tier input, 1 month"


def read(text):
    return offer_sheet(text, name="s.csv", known_from=KNOWN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEADER}\nA,P,m,\n", "line 2, column usd_per_unit_hour: is empty"),
        (f"{HEADER}\nA,P,m,0\n", "'0' is not a number above 0"),
        (f"{HEADER}\nA,P,m,nan\n", "'nan' is not a number above 0"),
        (f"{HEADER}\nA,P,m,-1\n", "'-1' is not a number"),
        (f"{HEADER}\nA,P,m,1e99\n", "up to 1,000,000"),
        (f"{HEADER},minimum_units\nA,P,m,1,1.5\n", "'1.5' is not a whole number from 0"),
        (f'{HEADER}\nA,P,m,"1,5"\n', "thousands separator"),
        (f"{HEADER}\nA,P,m,1,2\n", "not as many values"),
        (f"{HEADER}\nA,P,m,1\na,P,M,2\n", "stands twice"),
        (f"{HEADER}\n", "no offer in the sheet"),
        ("offer,usd_per_unit_hour\nA,1\n", "no column provider, model"),
        (f"{HEADER},colour\nA,P,m,1,red\n", "unknown column 'colour'"),
    ],
)
def test_a_bad_sheet_is_refused_with_its_line_column_and_value(text, said):
    with pytest.raises(PriceError, match=said.replace("(", r"\(")):
        read(text)


def run(folder, *arguments):
    found = CliRunner().invoke(command, [*arguments, "--workspace", str(folder)])
    return found.exit_code, f"{found.output}{found.exception or ''}"


def terms(folder):
    code, output = run(folder, "prices", "offers", "--json")
    assert code == 0, output
    return {one["offer"]: one for one in json.loads(output)}


def test_an_offer_is_open_until_a_sheet_prices_it(tmp_path):
    folder = tmp_path / "ws"
    Workspace.init(folder)
    name = f"{RESERVED}, claude-sonnet-4-5"
    assert terms(folder)[name]["usd_per_unit_hour"] is None
    assert terms(folder)[name]["terms"] == "no published price: enter yours"
    sheet = tmp_path / "mine.csv"
    sheet.write_text(f'{HEADER}\n"{RESERVED}",AWS,claude-sonnet-4-5,0.09\n')
    code, output = run(folder, "prices", "import", str(sheet))
    assert code == 0
    assert "1 offers of capacity kept" in output
    # 60,000 tokens an hour at 3 dollars a million are 0.18: half is the break-even
    assert terms(folder)[name]["breakeven_utilization"] == pytest.approx(0.5)
    assert terms(folder)[name]["terms"] == "confirmed"
    assert "Nothing new" in run(folder, "prices", "import", str(sheet))[1]
    sheet.write_text(f'{HEADER}\n"{RESERVED}",AWS,claude-sonnet-4-5,0.18\n')
    run(folder, "prices", "import", str(sheet))
    assert terms(folder)[name]["breakeven_utilization"] == pytest.approx(1.0)
    assert len(list((folder / "store" / "prices" / "offers").glob("*.json"))) == 2


def test_the_template_lists_what_is_open_and_imports_once_it_is_filled(tmp_path):
    folder = tmp_path / "ws"
    Workspace.init(folder)
    code, text = run(folder, "prices", "offers", "--template")
    assert code == 0
    assert RESERVED in text
    assert "gpt-5," not in text
    sheet = tmp_path / "empty.csv"
    sheet.write_text(text)
    code, output = run(folder, "prices", "import", str(sheet))
    assert code == 1
    assert "is empty" in output


def test_a_damaged_sheet_in_the_store_says_what_to_do(tmp_path):
    workspace = Workspace.init(tmp_path / "ws")
    workspace.layout.offers.mkdir(parents=True)
    (workspace.layout.offers / "x.json").write_text("{}")
    with pytest.raises(PriceError, match="Import the sheet again"):
        offer_sheets.own_rows(workspace.layout)
