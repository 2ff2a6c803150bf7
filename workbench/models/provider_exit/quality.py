"""What one accepted task costs: the only unit in which two models can be compared."""

from dataclasses import dataclass

from scipy.stats import beta

from workbench.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Tasks of an evaluation run that were accepted, of those that were tried."""

    accepted: int
    tried: int

    def __post_init__(self) -> None:
        if not 0 <= self.accepted <= self.tried or self.tried == 0:
            raise InputError(f"{self.accepted} of {self.tried} tasks accepted is no evaluation.")

    def share(self, level: float) -> float:
        """Return a quantile of the acceptance share given the run.

        Beta posterior of the Jeffreys prior, Beta(1/2, 1/2). Source: Brown, Cai, DasGupta,
        Interval Estimation for a Binomial Proportion, Statistical Science 16(2), 2001, sec. 3.
        """
        return float(beta.ppf(level, self.accepted + 0.5, self.tried - self.accepted + 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedTaskCost:
    """US dollars for one accepted task, with the band the evaluation leaves open."""

    p10_usd: float
    p50_usd: float
    p90_usd: float


def cost_per_accepted_task(
    *,
    cost_usd: float,
    tasks: int,
    evaluation: Evaluation,
    rework_usd_per_rejected_task: float = 0.0,
) -> AcceptedTaskCost:
    """Return what an accepted task costs, rejected ones and their rework included.

        usd = (cost + tasks * (1 - share) * rework) / (tasks * share)

    Parameters
    ----------
    cost_usd, tasks
        Cost of all tasks, and their number.
    evaluation
        How many tasks of an evaluation were accepted at this model.
    rework_usd_per_rejected_task
        What a person or another model spends on a task that was not accepted.

    Examples
    --------
    >>> run = Evaluation(accepted=900_000, tried=1_000_000)
    >>> round(cost_per_accepted_task(cost_usd=90, tasks=1_000, evaluation=run).p50_usd, 4)
    0.1
    """
    if tasks <= 0:
        raise InputError("There are no tasks to spread the cost over.")

    def usd(share: float) -> float:
        rework = tasks * (1 - share) * rework_usd_per_rejected_task
        return (cost_usd + rework) / (tasks * share)

    return AcceptedTaskCost(
        p10_usd=usd(evaluation.share(0.9)),
        p50_usd=usd(evaluation.share(0.5)),
        p90_usd=usd(evaluation.share(0.1)),
    )
