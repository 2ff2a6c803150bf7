from widgets.overview_answers import answered


class Published:
    def __init__(self, **documents):
        self.documents = documents

    def document(self, name):
        return self.documents.get(name)


READINESS = {
    "as_of": "2026-10-31",
    "checks": [
        {"verdict": verdict}
        for verdict in ["pass"] * 41 + ["fail"] * 2 + ["insufficient evidence"] * 4
    ]
    + [{"verdict": "not applicable"}],
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


def test_no_document_no_tile():
    assert answered(Published()) == ()
    assert answered(Published(envelope={"refused": "no rows"}, readiness={"checks": []})) == ()


def test_readiness_counts_the_checks_that_apply():
    (tile,) = answered(Published(readiness=READINESS))
    assert (tile.value, tile.unit, tile.tone) == ("41/47", "checks", "bad")
    assert tile.delta == "▼ 2 fail, 4 lack proof"
    assert tile.why.page == "readiness"


def test_outlook_says_median_band_and_chance_of_a_breach():
    (tile,) = answered(Published(envelope=ENVELOPE))
    assert (tile.label, tile.value, tile.unit) == ("Outlook to Dec 2026, P50", "2.05", "$k")
    assert tile.delta == "● 48 % chance over budget"
    assert tile.foot == "P10–P90 1.79–2.38"
    assert tile.why.page == "envelope"
