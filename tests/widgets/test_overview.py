from tests.widgets.fake_snapshot import FakeSnapshot
from widgets.overview import draw, load
from widgets.overview_answers import answered, bridge_of, outlook_of
from workbench.figures import overview_answers as figures


class Published:
    def __init__(self, **documents):
        self.documents = documents

    def document(self, name):
        return self.documents.get(name)


READINESS = {
    "as_of": "2026-10-31",
    "stages": [{"stage": stage} for stage in range(6)],
    "features": [
        {"feature": "chat", "reached_stage": 5},
        {"feature": "triage", "reached_stage": 2},
        {"feature": "search", "reached_stage": None},
        {"feature": "draft", "reached_stage": None},
    ],
}
ENVELOPE = {
    "registers": {
        "AI spend": {
            "report": {
                "months": ["2026-11", "2026-12"],
                "total": {"p10": 1_793.0, "p50": 2_046.0, "p90": 2_378.0},
                "risk": {"p_breach": 0.477},
            }
        }
    }
}


def tiles_of(**documents):
    published = Published(**documents)
    return answered(published, outlook_of(published))


def test_no_document_no_tile():
    assert tiles_of() == ()
    assert tiles_of(envelope={"refused": "no rows"}, readiness={"checks": [], "features": []}) == ()
    assert bridge_of(Published(variance={"months": {"2026-10": {}}})) is None


def test_readiness_counts_the_features_that_passed_every_stage():
    (tile,) = tiles_of(readiness=READINESS)
    assert (tile.value, tile.unit, tile.tone) == ("1/4", "features", "neutral")
    assert tile.delta == "▼ 1 under way, 2 not begun"
    assert tile.why.page == "readiness"


def test_no_ready_feature_is_bad_and_all_of_them_good():
    features = READINESS["features"]
    (none,) = tiles_of(readiness={**READINESS, "features": features[1:]})
    (all_of_them,) = tiles_of(readiness={**READINESS, "features": features[:1]})
    assert (none.value, none.tone) == ("0/3", "bad")
    assert (all_of_them.value, all_of_them.tone) == ("1/1", "good")


def test_outlook_says_median_band_and_chance_of_a_breach():
    (tile,) = tiles_of(envelope=ENVELOPE)
    assert (tile.label, tile.value, tile.unit) == ("Outlook to Dec 2026, P50", "2.05", "$k")
    assert tile.delta == "● 48 % chance over budget"
    assert tile.foot == "P10–P90 1.79–2.38"
    assert tile.why.page == "envelope"


def test_largest_provider_and_when_leaving_was_rehearsed():
    spend = [
        {"provider": "a", "usd": 30.0},
        {"provider": "b", "usd": 10.0},
        {"provider": "c", "usd": None},
    ]
    document = {"spend": spend, "window_days": 30, "drills": []}
    (tile,) = tiles_of(provider_exit=document)
    assert (tile.value, tile.unit, tile.tone) == ("75", "%", "bad")
    drilled = {"started_at": "2026-09-12T08:00:00+00:00", "is_evidence": True}
    rehearsed = {"started_at": "2026-10-12T08:00:00+00:00", "is_evidence": False}
    (tile,) = tiles_of(provider_exit={**document, "drills": [drilled, rehearsed]})
    assert tile.delta == "● a, exit drill 12 Sep 2026"


def test_answer_names_outlook_budget_chance_and_driver():
    outlook = figures.Outlook(
        name="AI spend", months=["2026-11", "2026-12"], breach_share=0.58, budget_usd=(1_000.0, 900.0),
        total_usd={"p10": 1_793.0, "p50": 2_046.0, "p90": 2_378.0}, likely_breach="2026-12", widest="users",
    )  # fmt: skip
    assert figures.answer(outlook) == (
        "AI spend lands at $2.05k by Dec 2026, $146 over budget; the chance of a breach is 58 %, "
        "likely from Dec 2026; the widest driver is “users”."
    )


def test_bridge_title_says_the_two_largest_legs_and_it_adds_up():
    legs = [("Volume", 61.13), ("Mix", -25.22), ("New", 0.0), ("Price", -11.58)]
    chart = figures.bridge(legs, start=("2026-09", 100.0), end=("2026-10", 124.33))
    assert chart.title == "Volume added $61.13 and mix saved $25.22"
    assert [row[0] for row in chart.rows] == ["2026-09", "Volume", "Mix", "Price", "2026-10"]


class Alone(FakeSnapshot):
    """No other question was published."""

    def document(self, name):
        return None


def test_page_stands_without_any_other_answer():
    view = draw(load(Alone(), {}), {})
    assert [tile.label for tile in view.tiles] == [
        "Spend, October to date", "Month end at this pace", "Cost per resolved ticket",
        "Without a full price", "Requests, month to date", "Data as of",
    ]  # fmt: skip
    assert view.answer.startswith("October cost $")
    assert [card.subtitle.split(",")[0] for card in view.cards][:2] == [
        "Cumulative contract cost", "Contract cost by feature",
    ]  # fmt: skip
    assert "one resolved ticket costs" in view.answer


class WithEnvelope(Alone):
    def document(self, name):
        return ENVELOPE if name == "envelope" else None


def test_what_was_published_leads_and_issue_tiles_stay():
    view = draw(load(WithEnvelope(), {}), {})
    labels = [tile.label for tile in view.tiles]
    assert labels[1] == "Outlook to Dec 2026, P50"
    assert {"Spend, October to date", "Cost per resolved ticket", "Without a full price"} <= set(
        labels
    )
    assert view.answer.startswith("AI spend lands at $2.05k by Dec 2026")
    assert "October cost" in view.scope


class WithSandbox(Alone):
    """Half of each day's requests are made in a sandbox."""

    def environments(self):
        return ["production", "sandbox"]

    def daily(self, *, feature=None, environment=None):
        columns = super().daily(feature=feature)
        share = 1.0 if environment is None else 0.5
        columns["contract_cost_usd"] = [usd * share for usd in columns["contract_cost_usd"]]
        return columns


def test_spend_is_that_of_all_environments_as_in_the_bridge_beside_it():
    view = draw(load(WithSandbox(), {}), {})
    spend = view.tiles[0]
    assert (spend.value, spend.unit) == ("155.00", "$")  # 31 days of 1 and 4 USD
    assert spend.why.filter == {"feature": "all", "environment": "all"}
    assert "all environments" in view.cards[0].subtitle
    assert view.scope.startswith("All features and environments")


def test_months_of_an_outlook_say_what_is_fixed_in_them():
    registers = ENVELOPE["registers"]["AI spend"]
    spread = registers["report"]["total"]
    report = {**registers["report"], "fixed_usd": [200.0, 200.0], "by_month": [spread, spread]}
    published = {"registers": {"AI spend": {**registers, "report": report}}}
    outlook = outlook_of(Published(envelope=published))
    assert outlook is not None
    assert outlook.fixed_usd == 200.0
    assert "usage and $200 fixed" in figures.outlook_fan(outlook).subtitle


def test_the_unpriced_tile_names_the_month_it_counts():
    """The head of the page counts all days, the tile one month: the two may differ."""
    (tile,) = (t for t in draw(load(Alone(), {}), {}).tiles if t.label == "Without a full price")
    assert "October request" in tile.delta


def test_people_never_seem_to_make_a_unit_cheaper():
    dearer = figures.unit_costs(["2026-10"], [("ticket", [6.62], [6.87])])
    assert dearer.title == (
        "One ticket costs $6.62 over all that AI and people resolve, $6.87 over what AI resolves"
    )
    usual = figures.unit_costs(["2026-10"], [("ticket", [6.62], [1.2])])
    assert usual.title == "One ticket costs $6.62 when people are counted, $1.20 when they are not"
