"""Invoices against logs: worked by hand, then laws."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.models.reconciliation import BilledLine, LoggedModel, reconcile

USD = 10**12


def logged(model: str, usd: float, *, requests: int = 10, unpriced: int = 0) -> LoggedModel:
    return LoggedModel(
        provider="openai", month="2026-10", model=model, contract_pico=round(usd * USD),
        requests=requests, unpriced_requests=unpriced,
    )  # fmt: skip


def billed(usd: float, kind: str = "usage", model: str | None = None) -> BilledLine:
    return BilledLine(
        provider="openai", month="2026-10", kind=kind, billed_pico=round(usd * USD), model=model
    )


def test_every_named_cause_by_hand():
    (one,) = reconcile(
        logged=[logged("a", 100), logged("b", 0, requests=4, unpriced=4), logged("c", 7)],
        billed=[
            billed(101.004, model="a"),  # 1.004 more than logged: nothing explains it
            billed(6, model="b"),  # logged without a price
            billed(3, model="d"),  # nobody logged it
            billed(20, "tax"), billed(-5, "credit"), billed(50, "commitment"), billed(2, "adjustment"),
        ],
    )  # fmt: skip
    assert one.logged_pico == 107 * USD
    assert one.billed_pico == 177_004 * USD // 1000
    assert one.causes_pico == {
        "tax": 20 * USD, "credit": -5 * USD, "commitment": 50 * USD, "adjustment": 2 * USD,
        "not_logged": 3 * USD, "unpriced": 6 * USD, "not_invoiced": -7 * USD,
    }  # fmt: skip
    assert one.unexplained_pico == 1_004 * USD // 1000
    assert one.verdict() == "explain"  # 0.57 % unexplained, but 16 USD to act on


def test_a_charge_without_a_model_leaves_open_what_was_not_invoiced():
    (one,) = reconcile(logged=[logged("a", 10), logged("c", 7)], billed=[billed(10.5, model="a"), billed(7)])  # fmt: skip
    assert "not_invoiced" not in one.causes_pico
    assert one.unexplained_pico == USD // 2 - one.causes_pico["rounding"]


def test_whole_cents_round_by_at_most_half_a_cent_a_line():
    (near,) = reconcile(logged=[logged("a", 10.006)], billed=[billed(10.01, model="a")])
    assert (near.causes_pico["rounding"], near.unexplained_pico) == (4 * USD // 1000, 0)
    (far,) = reconcile(logged=[logged("a", 10)], billed=[billed(10.01, model="a")])
    assert (far.causes_pico["rounding"], far.unexplained_pico) == (5 * USD // 1000, 5 * USD // 1000)


def test_the_verdict_at_its_limits():
    def judged(usd: float) -> str:
        (one,) = reconcile(logged=[logged("a", usd)], billed=[billed(100.001, model="a")])
        return one.verdict()

    assert judged(98.001) == "agrees"
    assert judged(97.99) == "explain"
    assert judged(95.001) == "explain"
    assert judged(94.99) == "disagrees"
    (blind,) = reconcile(logged=[], billed=[billed(5)])
    assert blind.verdict() == "no logs"
    (free,) = reconcile(logged=[logged("a", 5)], billed=[billed(0)])
    assert free.verdict() == "disagrees"


def test_only_invoiced_months_are_compared_latest_first():
    other = LoggedModel(provider="openai", month="2026-09", model="a", contract_pico=1, requests=1)
    earlier = BilledLine(provider="google", month="2026-08", kind="usage", billed_pico=5)
    found = reconcile(logged=[logged("a", 1), other], billed=[earlier, billed(1)])
    assert [(one.month, one.provider) for one in found] == [("2026-10", "openai"), ("2026-08", "google")]  # fmt: skip


amounts = st.integers(-(10**14), 10**14)
names = st.sampled_from(["a", "b", "c", None])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10**14), st.integers(0, 3))),
    st.lists(st.tuples(st.sampled_from(["usage", "tax", "credit", "commitment"]), amounts, names), min_size=1),
)  # fmt: skip
def test_logs_causes_and_rest_add_up_to_the_invoice(logs, charges):
    (one,) = reconcile(
        logged=[
            LoggedModel(provider="p", month="m", model=model, contract_pico=pico, requests=3,
                        unpriced_requests=unpriced)
            for model, pico, unpriced in logs
        ],
        billed=[BilledLine(provider="p", month="m", kind=k, billed_pico=b, model=m) for k, b, m in charges],
    )  # fmt: skip
    assert one.logged_pico + sum(one.causes_pico.values()) + one.unexplained_pico == one.billed_pico
    assert one.billed_pico == sum(pico for _, pico, _ in charges)
