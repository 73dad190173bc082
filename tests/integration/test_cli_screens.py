"""The screens of every command at 60, 80 and 200 columns, and in a pipe, are those on record.

`make goldens` writes them to tests/data/screens; read each difference.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import botocore
import pytest

from certificate_lifecycle.cli.main import COMMANDS
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.harness.story import alike
from tests.integration.screens import on_terminal
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration

RECORDED = Path(__file__).resolve().parents[1] / "data" / "screens"
RECORDING = "RECORD_SCREENS" in os.environ
PIPE = "pipe"
NAME = f"api.{showcase.ZONE}"

#: The commands on a screen of their own, by its name.
SCREENS: Mapping[str, tuple[str, ...]] = {
    "list": ("list",),
    "list-owner": ("list", "--owner", "payments", "--owner", "storefront"),
    "scan": ("scan",),
    "scan-wide": ("scan", "--wide", "--severity", "critical"),
    "scan-no-match": ("scan", "--owner", "paymets"),
    "scan-wrong-filters": ("scan", "--severity", "hihg", "--verdict", "importdew"),
    "explain": ("explain", NAME),
    "plan": ("plan",),
    "apply": ("apply",),
    "create": ("create", f"new.{showcase.ZONE}"),
    "readiness": ("readiness",),
    "readiness-wide": ("readiness", "--wide", "--severity", "warning"),
    "report": ("report", "findings.html", "findings.csv"),
    "drill": ("drill", NAME),
    "doctor": ("doctor",),
    "policy": ("policy", "scan"),
    "completion": ("completion", "--help"),
    "help": ("--help",),
    "list-help": ("list", "--help"),
}
WIDTHS = [
    PIPE,
    *(pytest.param(width, marks=pytest.mark.nightly) for width in ("60", "80", "200")),
]
#: A class of Python, or of the SDK, in a text for people.
INTERNALS = re.compile(r"Traceback|\b[A-Za-z]+(?:Error|Exception)\b|<class|object at 0x")


@pytest.fixture
def estate(cloud: Cloud, environment: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Fill an account, and work in an empty folder."""
    showcase.fill_small(cloud)
    sign_in(cloud, environment)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        yield


def sign_in(cloud: Cloud, environment: pytest.MonkeyPatch) -> None:
    """Use the credentials of an administrator, whom IAM knows."""
    iam = cloud.client("iam")
    iam.create_user(UserName="ada")
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    environment.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    environment.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


@pytest.mark.usefixtures("gateway", "estate")
@pytest.mark.parametrize("width", WIDTHS)
def test_every_screen_is_the_one_on_record(certificates: Certificates, width: str) -> None:
    shown = {name: screen_of(certificates, name, width) for name in SCREENS}
    folder = RECORDED / width
    if RECORDING:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in shown.items():
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    for name, text in shown.items():
        assert (folder / f"{name}.txt").read_text(encoding="utf-8") == text, name
    assert {path.stem for path in folder.iterdir()} == set(SCREENS)


def screen_of(certificates: Certificates, name: str, width: str) -> str:
    """Return the screen of a command, with its exit code and equal random values."""
    arguments = SCREENS[name]
    if width == PIPE:
        ended = certificates(*arguments)
        text, code = ended.err + ended.out, ended.code
    else:
        force = ("--force",) if name == "report" else ()
        text, code = on_terminal((*arguments, *force), int(width))
    for sdk in (boto3, botocore):
        text = text.replace(sdk.__version__, "n.n.n")
    return f"{alike(text)}exit code {code}\n"


def test_every_command_has_a_screen() -> None:
    assert {arguments[0] for arguments in SCREENS.values()} >= set(COMMANDS)


@pytest.mark.parametrize("width", ["60", "80", "200", PIPE])
def test_recorded_screens_fit_and_show_no_internals(width: str) -> None:
    for path in sorted((RECORDED / width).iterdir()):
        text = path.read_text(encoding="utf-8")
        assert not INTERNALS.search(text), path
        if width != PIPE:
            assert max(map(len, text.splitlines())) <= int(width), path


def test_no_line_is_folded_in_a_pipe() -> None:
    """Lines of a pipe are those of the widest terminal, or longer."""
    for path in sorted((RECORDED / PIPE).iterdir()):
        if path.stem.endswith("help") or path.stem == "completion":
            continue  # click folds prose
        wide = (RECORDED / "200" / path.name).read_text(encoding="utf-8").splitlines()
        assert len(path.read_text(encoding="utf-8").splitlines()) <= len(wide), path
