"""The events, results and message in the documentation are those of the code."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.app.creation import Issuance, creation_result
from certificate_lifecycle.app.deletion import Deletion, deletion_result
from certificate_lifecycle.handlers.config import creation_settings, rotation_settings
from certificate_lifecycle.handlers.events import (
    TerraformAction,
    creation_command,
    deletion_command,
    rotation_command,
)
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    DomainValidation,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.ownership import CertificateMode, OwnerKind
from certificate_lifecycle.model.public_dns import DnsCounts
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    Outcome,
    Run,
    ScopeResult,
    ScopeStatus,
    result,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.deletion import DeletionOutcome
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.settings import CreationSettings
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, Zone
from certificate_lifecycle.render.notification.message import compose

ROOT = Path(__file__).parents[2]
PLACE = Scope("123456789012", "eu-west-1")
ZONE = Zone("Z0123456789ABCDEFGHIJ", "shop.example.com")
RECORD = ValidationRecord(
    "_6f2c1d0e9b8a7f6e5d4c3b2a19080706.api.shop.example.com.",
    "CNAME",
    "_0a1b2c3d4e5f60718293a4b5c6d7e8f9.acm-validations.aws.",
)


def blocks(file: str, language: str) -> list[str]:
    text = (ROOT / file).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def documents() -> list[dict[str, Any]]:
    """Read the event and the result of each function."""
    pages = ("docs/creation.md", "docs/rotation.md")
    return [json.loads(block) for page in pages for block in blocks(page, "json")[:2]]


@pytest.fixture
def settings() -> CreationSettings:
    return creation_settings({"DOMAIN_NAME": "shop.example.com"}, [])


def certificate(arn: str, **changes: Any) -> Certificate:  # noqa: ANN401 - any attribute
    return Certificate(
        arn=arn,
        names=("api.shop.example.com",),
        status=CertificateStatus.ISSUED,
        type=CertificateType.AMAZON_ISSUED,
        key_algorithm="RSA_2048",
        **changes,
    )


def healthy(number: int, now: datetime) -> Assessment:
    found = certificate(
        f"arn:aws:acm:eu-west-1:123456789012:certificate/healthy-{number}",
        in_use=True,
        not_before=now,
        not_after=now + timedelta(days=198),
    )
    return Assessment(found, assess(Observation(certificate=found), Thresholds(), now))


def blocked(sample: dict[str, Any], now: datetime) -> Assessment:
    pending = DomainValidation(
        domain_name="api.shop.example.com",
        method=ValidationMethod.DNS,
        validated=False,
        record=RECORD,
    )
    not_after = datetime.fromisoformat(sample["not_after"])
    found = certificate(
        sample["certificate_arn"],
        in_use=True,
        not_before=not_after - timedelta(days=198),
        not_after=not_after,
        detail=CertificateDetail(
            in_use_by=tuple(sample["in_use_by"]),
            renewal=Renewal(status=RenewalStatus.PENDING_VALIDATION, validations=(pending,)),
        ),
    )
    records = (RecordFinding(RECORD, RecordState.MISSING, ZONE),)
    decision = assess(Observation(certificate=found, records=records), Thresholds(), now)
    return Assessment(
        found,
        decision,
        tuple(sample["used_by"]),
        owner_kind=OwnerKind.of(sample["owner_kind"]),
        permitted_mode=CertificateMode.of(sample["permitted_mode"]),
    )


@pytest.fixture
def run(documents: list[dict[str, Any]]) -> Run:
    sample = documents[3]
    (finding,) = sample["findings"]
    now = datetime.fromisoformat(sample["started_at"])
    return Run(
        run_id=sample["run_id"],
        started_at=now,
        finished_at=datetime.fromisoformat(sample["finished_at"]),
        instance="certificate-lifecycle",
        mode="replace",
        dry_run=False,
        scopes=[ScopeResult("123456789012", "eu-west-1", ScopeStatus.OK, 21, None)],
        assessments=[*(healthy(number, now) for number in range(20)), blocked(finding, now)],
        actions=[
            ActionRecord(
                finding["certificate_arn"],
                Action.RESTORE_RECORDS,
                Outcome.DONE,
                f"created {RECORD.name}",
            )
        ],
        sdk=sample["sdk"],
    )


def test_the_creation_event_is_accepted_and_shows_every_key(
    documents: list[dict[str, Any]], settings: CreationSettings
) -> None:
    faults: list[str] = []

    creation_command(documents[0], settings, PLACE, faults)

    assert faults == []
    section = (ROOT / "docs/creation.md").read_text(encoding="utf-8").partition("## An equal")[0]
    assert set(documents[0]) == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_the_creation_result_is_what_the_creation_event_would_give(
    documents: list[dict[str, Any]], settings: CreationSettings
) -> None:
    command = creation_command(documents[0], settings, PLACE, [])
    issued = certificate(documents[1]["certificate_arn"])

    issuance = Issuance(
        request=command.request,
        certificate=issued,
        created=True,
        records=(RecordFinding(RECORD, RecordState.MISSING, ZONE),),
        parameter=command.parameter,
        public_dns=DnsCounts(checked=2),
    )

    result = creation_result(issuance, "123456789012", dry_run=False, sdk=documents[1]["sdk"])
    assert documents[1] == result


def test_the_deletion_event_and_its_result_are_those_of_the_code() -> None:
    event, documented = (json.loads(block) for block in blocks("docs/creation.md", "json")[2:])
    faults: list[str] = []

    command = deletion_command(event, creation_settings({}, faults), faults)
    deletion = Deletion(
        parameter=command.parameter,
        outcome=DeletionOutcome.DELETED,
        certificate_arn=documented["certificate_arn"],
    )

    assert (faults, command.action) == ([], TerraformAction.DELETE)
    assert deletion_result(deletion, "123456789012", sdk=documented["sdk"]) == documented


def test_the_rotation_event_is_accepted(documents: list[dict[str, Any]]) -> None:
    faults: list[str] = []
    topic = {"SNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:operations"}

    rotation_command(documents[2], rotation_settings(topic, faults), PLACE, faults)

    assert faults == []


def test_the_rotation_result_is_what_such_a_run_gives(
    documents: list[dict[str, Any]], run: Run
) -> None:
    assert documents[3] == result(run, documents[3]["notification"])


def test_the_message_is_what_such_a_run_sends(documents: list[dict[str, Any]], run: Run) -> None:
    message = compose(run)

    assert message is not None
    assert blocks("docs/rotation.md", "text")[0] == message.bodies["email"]
    assert documents[3]["notification"]["reason"] == message.subject
