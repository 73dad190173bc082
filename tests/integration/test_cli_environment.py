"""The variables and the profile that name credentials and region, as the AWS CLI reads them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.harness.terminal import ROOT
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration

#: Each variable that the page names, with a value and the region that it leads to.
VARIABLES = {
    "AWS_REGION": ("ap-south-1", "ap-south-1"),
    "AWS_DEFAULT_REGION": ("ca-central-1", "ca-central-1"),
    "AWS_PROFILE": ("team", "sa-east-1"),
}
#: Every call of every other test needs it.
EVERYWHERE = {"AWS_ENDPOINT_URL"}
PROFILES = """[default]
region = eu-north-1
[profile team]
region = sa-east-1
aws_access_key_id = {AWS_ACCESS_KEY_ID}
aws_secret_access_key = {AWS_SECRET_ACCESS_KEY}
"""


@pytest.fixture(autouse=True)
def profiles(cloud: Cloud, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Write two profiles with a region, and set no region in the environment."""
    (tmp_path / "config").write_text(PROFILES.format(**cloud.environment()), encoding="utf-8")
    environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in VARIABLES:
        environment.delenv(name, raising=False)


def scanned_region(certificates: Certificates, *options: str) -> str:
    ended = certificates("scan", "--output", "json", *options)
    assert ended.code == 0, ended.err
    (scope,) = ended.document["scopes"]
    region: str = scope["region"]
    return region


@pytest.mark.parametrize("name", VARIABLES)
def test_each_variable_alone_decides_on_the_region(
    certificates: Certificates, environment: pytest.MonkeyPatch, name: str
) -> None:
    value, region = VARIABLES[name]
    environment.setenv(name, value)
    assert scanned_region(certificates) == region


def test_option_variables_and_profile_count_in_the_order_of_the_aws_cli(
    certificates: Certificates, environment: pytest.MonkeyPatch
) -> None:
    assert scanned_region(certificates) == "eu-north-1"
    assert scanned_region(certificates, "--profile", "team") == "sa-east-1"
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        value, region = VARIABLES[name]
        environment.setenv(name, value)
        assert scanned_region(certificates) == region
    # An option for the profile selects credentials, and not the region.
    assert scanned_region(certificates, "--profile", "team") == "ap-south-1"
    assert scanned_region(certificates, "--region", "us-east-2") == "us-east-2"


def test_an_empty_variable_counts_as_unset(
    certificates: Certificates, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AWS_REGION", "")
    environment.setenv("AWS_DEFAULT_REGION", "ca-central-1")
    assert scanned_region(certificates) == "ca-central-1"


def test_a_role_of_a_profile_is_assumed_in_the_region_of_the_environment(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[profile team]\nregion = sa-east-1\ncredential_source = Environment\n"
        "role_arn = arn:aws:iam::210987654321:role/reader\n",
        encoding="utf-8",
    )
    environment.setenv("HOME", str(tmp_path))
    environment.setenv("AWS_REGION", "ap-south-1")
    before = len(cloud.calls)
    assert scanned_region(certificates, "--profile", "team") == "ap-south-1"
    calls = cloud.calls[before:]
    assert {call.region for call in calls if call.operation == "AssumeRole"} == {"ap-south-1"}


def test_an_unknown_profile_of_the_environment_is_named(
    certificates: Certificates, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AWS_PROFILE", "nobody")
    ended = certificates("scan")
    assert ended.code == 2
    assert "profile (nobody)" in ended.complaint
    assert "None" not in ended.err


def test_every_variable_that_the_page_names_is_tested() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(AWS_[A-Z_]+)`", page)) == VARIABLES.keys() | EVERYWHERE
    assert os.environ["AWS_ENDPOINT_URL"]
