import pytest

from workbench.errors import InputError
from workbench.models.hosting.sla import credit_share, credit_tiers, month_at, promise_of
from workbench.reference import read_table

TIERS = credit_tiers("<99.9:10%;<99.0:25%;<95.0:100%")


@pytest.mark.parametrize(
    ("uptime", "share"),
    [(1.0, 0.0), (0.999, 0.0), (0.9989, 0.1), (0.99, 0.1), (0.9899, 0.25), (0.94, 1.0)],
)
def test_a_tier_begins_below_its_threshold(uptime, share):
    assert credit_share(TIERS, uptime=uptime) == share


def test_a_credit_is_small_beside_the_loss():
    # 99.5 %: 3.65 h down at 1,000 USD; 10 % of a 2,000 USD bill comes back
    month = month_at(0.995, tiers=TIERS, bill_usd=2_000, outage_usd_per_hour=1_000)
    assert month.hours == pytest.approx(3.65)
    assert month.net_usd == pytest.approx(3_650 - 200)


def test_every_shipped_tier_can_be_read():
    read = {row["service"]: credit_tiers(row["credit_tiers"]) for row in read_table("slas")}
    assert max(len(tiers) for tiers in read.values()) == 3
    with pytest.raises(InputError, match="not of the form"):
        credit_tiers("about ten percent")


def test_only_a_confirmed_promise_counts_and_what_nobody_promised_is_assumed():
    rows = read_table("slas")
    google = promise_of(rows, "google")
    assert (google.uptime, google.word) == (0.995, "promised")
    assert promise_of(rows, "bedrock").uptime == 0.999
    # Azure's tiers are from secondary pages, Anthropic promises nothing
    assert promise_of(rows, "azure").word == promise_of(rows, "anthropic").word == "assumed"
    assert promise_of(rows, "who").uptime == 0.995
