from copy import deepcopy
from datetime import date

import pytest
import yaml

from workbench.errors import InputError
from workbench.models.envelope.base_case import base_case
from workbench.playbook.assumptions.scenarios import (
    expired,
    parse_register,
    parse_scenario,
    read_register,
    read_scenario,
    with_scenarios,
)
from workbench.playbook.assumptions.versions import (
    approve,
    differences,
    draft,
    lock,
    send_back,
    submit,
    version_bridge,
    version_hash,
)

TODAY = date(2026, 11, 20)
REGISTER = """
kind: assumptions
name: support 2027
first_month: 2027-01
months: 3
budget_usd: 130
drivers:
  users: {value: 100, low: 80, high: 120, owner: sales, dated: 2026-11-01, source: plan, expires: 2027-06-30}
  pages: {value: 0.5, owner: product, dated: 2026-11-01, source: pilot, expires: 2026-12-31}
lines:
  ocr-4.1:
    drivers: [users, pages]
    prices:
      - {starts: 2026-12, usd: 2.0}
      - {starts: 2026-06, usd: 3.0}
      - {starts: 2027-03, usd: 1.0}
    source: price sheet of 2026-11-01
fixed:
  seats: {usd: 10, owner: it, source: contract}
"""
SCENARIO = """
kind: scenario
name: agents
base: support 2027
changes:
  - {path: drivers.users.value, times: 1.5, reason: rollout, owner: product, source: plan, expires: 2027-03-31}
  - {path: lines.ocr-4.1.prices.0.usd, to: 4.0, reason: dearer, owner: product, source: talk, expires: 2026-11-19}
"""


def register():
    return parse_register(yaml.safe_load(REGISTER), name="register")


def scenario():
    return parse_scenario(yaml.safe_load(SCENARIO), name="scenario")


def changed(**sections):
    content = deepcopy(register().as_dict())
    for section, entries in sections.items():
        for name, entry in entries.items():
            if entry is None:
                del content[section][name]
            else:
                content[section][name] = content[section].get(name, {}) | entry
    return parse_register(content, name="changed")


def test_the_price_in_force_at_the_start_is_that_of_its_last_step():
    # 100 * 0.5 pages at 2, 2 and 1 USD, and 10 USD of seats.
    assert base_case(register().cost_tree()).by_month == (110.0, 110.0, 60.0)
    assert register().budget_by_month == (130.0, 130.0, 130.0)
    assert register().month_names == ("2027-01", "2027-02", "2027-03")


def test_files_are_read(tmp_path):
    for text, read, name in (
        (REGISTER, read_register, "support 2027"),
        (SCENARIO, read_scenario, "agents"),
    ):
        path = tmp_path / "file.yaml"
        path.write_text(text)
        assert read(path).name == name


def test_overlays_change_numbers_in_order_and_nothing_else():
    changed_ = with_scenarios(register(), [scenario()])
    # 150 * 0.5 at 4, 4 and 1 USD.
    assert base_case(changed_.cost_tree()).by_month == (310.0, 310.0, 85.0)
    users = changed_.drivers["users"]
    assert (users.low, users.value, users.high) == (120.0, 150.0, 180.0)
    assert [one.path for one in differences(register(), changed_)] == [
        "drivers.users.high",
        "drivers.users.low",
        "drivers.users.value",
        "lines.ocr-4.1.prices.0.usd",
    ]


def test_no_scenario_is_the_register_itself():
    assert with_scenarios(register(), []) == register()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "drivers.nobody.value"}, "leads nowhere at `nobody.value`"),
        ({"path": "drivers.users.owner"}, "not a number"),
        ({"times": None}, "either `to` or `times`"),
        ({"to": 3.0}, "either `to` or `times`"),
        ({"reason": ""}, "reason"),
    ],
)
def test_an_overlay_that_changes_nothing_is_refused(change, message):
    content = yaml.safe_load(SCENARIO)
    content["changes"][0] |= change
    with pytest.raises(InputError, match=message):
        with_scenarios(register(), [parse_scenario(content, name="scenario")])


def test_a_scenario_of_another_register_is_refused():
    other = scenario().model_copy(update={"base": "other"})
    with pytest.raises(InputError, match="'other'"):
        with_scenarios(register(), [other])


@pytest.mark.parametrize(
    ("section", "entry", "message"),
    [
        ("drivers", {"users": {"low": 110}}, "must rise"),
        ("drivers", {"users": {"owner": None}}, "owner"),
        ("drivers", {"users": {"ownr": "x"}}, "did you mean `owner`"),
        ("drivers", {"users": {"expires": "2026-10-01"}}, "expires before"),
        ("drivers", {"users": {"high": None}}, "both low and high"),
        ("lines", {"ocr-4.1": {"drivers": ["nobody"]}}, "nobody"),
        ("fixed", {"seats": {"usd": [1, 2]}}, "2 of 3 months"),
    ],
)
def test_what_is_wrong_is_named(section, entry, message):
    content = yaml.safe_load(REGISTER)
    for name, value in entry.items():
        content[section][name] |= value
    with pytest.raises(InputError, match=message):
        parse_register(content, name="file.yaml").cost_tree()


def test_what_nobody_answers_for_any_more_is_listed():
    assert expired(register(), [], as_of=TODAY) == []
    assert expired(register(), [], as_of=date(2027, 1, 1)) == [
        "drivers.pages (expired 2026-12-31, owner product)"
    ]
    assert len(expired(register(), [scenario()], as_of=TODAY)) == 1


HASHES = {"prices_sha256": "p", "snapshot_sha256": "s", "code_version": "0.1.0"}


def test_a_version_is_the_hash_of_all_that_decides():
    base = version_hash(register(), **HASHES)
    assert base == version_hash(register(), **HASHES)
    assert len(base) == 64
    for other in ({"prices_sha256": "q"}, {"snapshot_sha256": "t"}, {"code_version": "0.1.1"}):
        assert version_hash(register(), **(HASHES | other)) != base
    reseeded = register().model_copy(update={"seed": 2})
    assert version_hash(reseeded, **HASHES) != base


def test_a_version_is_locked_by_two_people():
    version = draft(hash_="a" * 64, name="v1", maker="Ann", on=TODAY)
    version = submit(version, by="Ann", on=TODAY)
    with pytest.raises(InputError, match="cannot approve"):
        approve(version, by=" ann ", on=TODAY)
    version = lock(
        approve(version, by="Bo", on=TODAY, note="read"), by="Bo", on=TODAY, expired_entries=[]
    )
    record = version.as_dict()
    assert record["state"] == "locked"
    assert "not authenticated" in record["names"]
    assert [one["state"] for one in record["signatures"]] == [
        "draft",
        "submitted",
        "approved",
        "locked",
    ]
    with pytest.raises(InputError, match="is locked"):
        submit(version, by="Ann", on=TODAY)


def test_a_version_is_sent_back_with_a_reason_only():
    version = submit(draft(hash_="a", name="v1", maker="Ann", on=TODAY), by="Ann", on=TODAY)
    with pytest.raises(InputError, match="reason"):
        send_back(version, by="Bo", on=TODAY, note="")
    assert send_back(version, by="Bo", on=TODAY, note="pages?").state == "draft"


def test_no_version_is_locked_on_what_has_expired():
    version = submit(draft(hash_="a", name="v1", maker="Ann", on=TODAY), by="Ann", on=TODAY)
    version = approve(version, by="Bo", on=TODAY)
    with pytest.raises(InputError, match="pages"):
        lock(version, by="Bo", on=TODAY, expired_entries=["drivers.pages (expired)"])


def test_nobody_signs_without_a_name():
    with pytest.raises(InputError, match="--as NAME"):
        draft(hash_="a", name="v1", maker=" ", on=TODAY)


def test_the_bridge_between_versions_adds_up():
    after = changed(
        drivers={"users": {"value": 110.0}, "seats": register().as_dict()["drivers"]["pages"]},
        lines={
            "extra": register().as_dict()["lines"]["ocr-4.1"] | {"drivers": ["users", "seats"]},
            "ocr-4.1": None,
        },
        fixed={"seats": {"usd": 20.0}},
    )
    steps = version_bridge(register(), after)
    total = base_case(after.cost_tree()).total - base_case(register().cost_tree()).total
    assert sum(step.value_usd for step in steps) == pytest.approx(total)
    by_name = {step.label: step.value_usd for step in steps}
    # 10 more users at half a page for 2 + 2 + 1 USD; 10 USD of seats in three months.
    assert by_name["drivers.users"] == pytest.approx(25.0)
    assert by_name["fixed.seats"] == pytest.approx(30.0)


def test_versions_over_other_months_are_not_bridged():
    with pytest.raises(InputError, match="same months"):
        version_bridge(register(), register().model_copy(update={"months": 4}))
