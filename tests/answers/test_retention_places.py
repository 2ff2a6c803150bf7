"""Where a dossier's data lives: what it depends on and where it keeps its records."""

import pytest

from workbench.answers.retention_places import places_of, where_kept
from workbench.playbook.dossier import Dossier, RetentionRule


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"kept_in": "AWS S3 Standard (us-east-1)"}, ["us-east-1"]),
        ({"kept_in": "GCP Cloud Logging log bucket (all)"}, []),  # a place without a region
        ({"kept_in": "GCP Cloud Logging log bucket (all)", "region": "eu"}, ["eu"]),
        ({"kept_in": "our own disk"}, []),
        ({}, None),  # no place is named
    ],
)
def test_a_store_lies_where_its_region_or_its_brackets_say(said, where):
    assert where_kept(RetentionRule(store="content", data_class="personal", **said)) == where


def test_a_store_outside_the_allowed_regions_is_found_and_its_class_named():
    dossier = Dossier.model_validate(
        {
            "feature": "f", "allowed_regions": ["eu"],
            "dependencies": [{"kind": "model", "provider": "p", "model": "m", "region": "eu-west-1"}],
            "retention": [
                {"store": "usage", "data_class": "metering", "keep_days": 9},
                {"store": "content", "data_class": "personal", "kept_in": "AWS S3 Standard (us-east-1)"},
                {"store": "content", "data_class": "internal", "kept_in": "AWS S3 Standard (eu-central-1)"},
                {"store": "content", "data_class": "source code", "kept_in": "somewhere"},
            ],
        }
    )  # fmt: skip
    found = [(one["kind"], one["data_class"], one["verdict"]) for one in places_of(dossier)]
    assert found == [
        ("model", None, "inside"), ("store", "personal", "outside"),
        ("store", "internal", "inside"), ("store", "source code", "not stated"),
    ]  # fmt: skip
