import numpy as np
import pytest

from workbench.errors import InputError
from workbench.models.scoring import (
    EnvelopeOutcome,
    coverage,
    crps_of_draws,
    pinball_loss,
    score_envelopes,
)


def outcome(actual: float, period: str = "2026-01") -> EnvelopeOutcome:
    return EnvelopeOutcome(period=period, p10=90, p50=100, p90=120, actual=actual)


def test_the_record_reads_as_a_sentence():
    # Held: 90, 100, 120; missed: 121 and 80. Bias: mean of +10, 0, -20, -21, +20 = -2.2.
    score = score_envelopes([outcome(value) for value in (90, 100, 120, 121, 80)])
    assert score is not None
    assert score.sentence == "held 3 of the last 5"
    assert score.coverage == 0.6
    assert score.bias == pytest.approx(-2.2)
    # P90 at 120: 3.0 + 2.0 + 0.0 + 0.9 + 4.0 = 9.9 over five.
    assert score.pinball_p90 == pytest.approx(1.98)


def test_only_the_newest_are_scored():
    score = score_envelopes([outcome(500)] * 3 + [outcome(100)] * 12)
    assert score is not None
    assert score.sentence == "held 12 of the last 12"


def test_nothing_scored_yet_is_no_score():
    assert score_envelopes([]) is None


def test_the_median_pinball_is_half_the_absolute_error():
    assert pinball_loss([3.0, 9.0], 5.0, level=0.5) == 1.5


def test_both_ends_count_as_held():
    assert coverage([1, 2, 3, 4], 2, 3) == 0.5


def test_crps_of_a_point_is_its_absolute_error():
    assert crps_of_draws([4.0], 6.5) == 2.5


def test_crps_of_a_standard_normal_at_its_centre():
    # Closed form: (sqrt(2) - 1) / sqrt(pi) = 0.23370 (Gneiting and Raftery 2007, section 4.2).
    draws = np.random.default_rng(1).standard_normal(200_000)
    assert crps_of_draws(draws, 0.0) == pytest.approx(0.2337, abs=0.002)


def test_no_draws_are_refused():
    with pytest.raises(InputError):
        crps_of_draws([], 1.0)
