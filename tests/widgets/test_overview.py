from widgets.overview_answers import answered


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


def test_no_document_no_tile():
    assert answered(Published()) == ()
    assert (
        answered(
            Published(envelope={"refused": "no rows"}, readiness={"checks": [], "features": []})
        )
        == ()
    )


def test_readiness_counts_the_features_that_passed_every_stage():
    (tile,) = answered(Published(readiness=READINESS))
    assert (tile.value, tile.unit, tile.tone) == ("1/4", "features", "neutral")
    assert tile.delta == "▼ 1 under way, 2 before stage 0"
    assert tile.why.page == "readiness"


def test_no_ready_feature_is_bad_and_all_of_them_good():
    features = READINESS["features"]
    (none,) = answered(Published(readiness={**READINESS, "features": features[1:]}))
    (all_of_them,) = answered(Published(readiness={**READINESS, "features": features[:1]}))
    assert (none.value, none.tone) == ("0/3", "bad")
    assert (all_of_them.value, all_of_them.tone) == ("1/1", "good")


def test_outlook_says_median_band_and_chance_of_a_breach():
    (tile,) = answered(Published(envelope=ENVELOPE))
    assert (tile.label, tile.value, tile.unit) == ("Outlook to Dec 2026, P50", "2.05", "$k")
    assert tile.delta == "● 48 % chance over budget"
    assert tile.foot == "P10–P90 1.79–2.38"
    assert tile.why.page == "envelope"
