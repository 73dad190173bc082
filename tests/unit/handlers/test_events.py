"""The events that both functions accept, and the error messages of all others."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.handlers.config import creation_settings, rotation_settings
from certificate_lifecycle.handlers.events import (
    CreationCommand,
    DeletionCommand,
    OrganizationCommand,
    OrganizationStep,
    RotationCommand,
    TerraformAction,
    creation_command,
    deletion_command,
    is_deletion,
    is_of_an_organization,
    organization_command,
    rotation_command,
)
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.settings import CreationSettings, RotationMode, RotationSettings
from tests.unit.builders import AUTHORITY, PLACE, arn
from tests.unit.tables import DATA, accepted, name_sets, refused

OURS = ("ManagedBy", "certificate-lifecycle")
POINTER = "/certificate-lifecycle/certificates/main/arn"
SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-06-01T06:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:events:eu-west-1:123456789012:rule/certificate-lifecycle-rotation"],
    "detail": {},
}


def creation_environment(**variables: str) -> CreationSettings:
    errors: list[str] = []
    settings = creation_settings({"DOMAIN_NAME": "example.com", **variables}, errors)
    assert errors == []
    return settings


def rotation_environment(**variables: str) -> RotationSettings:
    errors: list[str] = []
    topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
    settings = rotation_settings({"SNS_TOPIC_ARN": topic, **variables}, errors)
    assert errors == []
    return settings


USUAL = creation_environment(INCLUDE_WWW="false", ALLOWED_DOMAINS='["example.com"]')
ROTATION = rotation_environment()


def creation(event: object, settings: CreationSettings = USUAL) -> CreationCommand:
    errors: list[str] = []
    command = creation_command(event, settings, PLACE, errors)
    assert errors == []
    return command


def creation_errors(event: object, settings: CreationSettings = USUAL) -> list[str]:
    errors: list[str] = []
    creation_command(event, settings, PLACE, errors)
    return errors


def rotation(event: object) -> RotationCommand:
    errors: list[str] = []
    command = rotation_command(event, ROTATION, PLACE, errors)
    assert errors == []
    return command


def rotation_errors(event: object) -> list[str]:
    errors: list[str] = []
    rotation_command(event, ROTATION, PLACE, errors)
    return errors


# --- Creation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [{}, SCHEDULED], ids=["empty", "scheduled"])
def test_an_event_without_keys_means_the_configured_certificate(event: object) -> None:
    settings = creation_environment(
        SUBJECT_ALTERNATIVE_NAMES='["api.example.com"]', KEY_ALGORITHM="EC_prime256v1"
    )
    assert creation(event, settings) == CreationCommand(
        request=CertificateRequest(
            names=("example.com", "www.example.com", "api.example.com"),
            region="eu-west-1",
            key_algorithm="EC_prime256v1",
            tags=(OURS,),
            purpose="certificate-lifecycle",
        ),
        auto_validate=True,
        wait_seconds=0,
        dry_run=False,
    )


def test_an_event_may_set_everything() -> None:
    event = {
        "domain_name": "Shop.Example.com.",
        "alt_names": ["b.example.com"],
        "include_www": True,
        "auto_validate": False,
        "validation_method": "DNS",
        "key_algorithm": "EC_secp384r1",
        "certificate_authority_arn": AUTHORITY,
        "exportable": False,
        "region": "eu-west-1",
        "account_id": "123456789012",
        "tags": {"team": "shop", "Cost-Center": "1:2/3=4+5@6 7"},
        "wait_seconds": 900,
        "dry_run": True,
        "parameter": POINTER,
        "require_issued": True,
    }
    assert creation(event) == CreationCommand(
        request=CertificateRequest(
            names=("shop.example.com", "www.shop.example.com", "b.example.com"),
            region="eu-west-1",
            key_algorithm="EC_secp384r1",
            certificate_authority_arn=AUTHORITY,
            exportable=False,
            tags=(
                OURS,
                ("certificate-lifecycle:parameter", POINTER),
                ("Cost-Center", "1:2/3=4+5@6 7"),
                ("team", "shop"),
            ),
            purpose="certificate-lifecycle",
        ),
        auto_validate=False,
        wait_seconds=900,
        dry_run=True,
        parameter=POINTER,
        require_issued=True,
    )


def test_a_public_certificate_can_be_exported_only_on_request() -> None:
    assert creation({"exportable": True}).request.exportable
    assert not creation({}).request.exportable


def test_a_private_certificate_is_exportable_without_being_asked_for_as_one() -> None:
    private = {"certificate_authority_arn": AUTHORITY}
    asked = creation({**private, "exportable": True}).request
    assert not asked.exportable
    assert asked == creation(private).request


@pytest.mark.parametrize("wanted", accepted("root_hierarchies").values())
def test_a_root_hierarchy_has_the_usage_that_acm_will_report(wanted: dict[str, str]) -> None:
    asked = creation(wanted).request
    assert asked.root_hierarchy == wanted["root_hierarchy_type"]
    assert asked.certificate_usage == wanted.get("certificate_usage", "CLIENT_AND_SERVER_AUTH")


@pytest.mark.parametrize("row", refused("root_hierarchies").items(), ids=str)
def test_a_root_hierarchy_that_acm_refuses_is_one_error(row: tuple[str, dict[str, str]]) -> None:
    """Terraform's tests use the same table."""
    (error,) = creation_errors(row[1])
    assert error.startswith(("root_hierarchy_type: must be", "certificate_usage: must be"))


NULLABLE = (
    *("domain_name", "alt_names", "include_www", "validation_method", "key_algorithm", "region"),
    *("certificate_authority_arn", "exportable", "account_id", "tags", "wait_seconds"),
    *("root_hierarchy_type", "certificate_usage"),
    "parameter",
)


def test_null_means_the_same_as_no_key() -> None:
    assert creation(dict.fromkeys(NULLABLE)) == creation({})


@pytest.mark.parametrize("key", ["auto_validate", "dry_run", "require_issued"])
def test_null_is_refused_where_the_default_would_do_more_than_intended(key: str) -> None:
    (error,) = creation_errors({key: None})
    assert error == f"{key}: must not be null; leave it out for the default"


@pytest.mark.parametrize(
    "region", ["us-east-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "ap-southeast-10"]
)
def test_a_region_of_any_partition_may_be_named(region: str) -> None:
    assert creation({"region": region}).request.region == region


@pytest.mark.parametrize("seconds", [0, 900])
def test_a_wait_may_be_none_and_as_long_as_lambda_runs(seconds: int) -> None:
    assert creation({"wait_seconds": seconds}).wait_seconds == seconds


def test_a_certificate_for_cloudfront_is_asked_for_in_its_region() -> None:
    assert creation({"region": "us-east-1"}).request.region == "us-east-1"


def test_alternative_names_are_normalised_and_named_once() -> None:
    event = {"alt_names": ["B.example.com", "b.example.com.", "example.com", "bücher.example.com"]}
    names = ("example.com", "b.example.com", "xn--bcher-kva.example.com")
    assert creation(event).request.names == names


def test_configured_alternative_names_belong_to_the_configured_domain_name_only() -> None:
    settings = creation_environment(
        INCLUDE_WWW="false", SUBJECT_ALTERNATIVE_NAMES='["api.example.com"]'
    )
    assert creation({"domain_name": "shop.api.example.com"}, settings).request.names == (
        "shop.api.example.com",
    )
    assert creation({"alt_names": []}, settings).request.names == ("example.com",)


def test_without_a_configured_domain_name_an_event_names_one() -> None:
    settings = creation_environment(DOMAIN_NAME="", ALLOWED_DOMAINS='["example.com"]')
    assert creation({"domain_name": "a.example.com"}, settings).request.names == (
        *("a.example.com", "www.a.example.com"),
    )
    (error,) = creation_errors({}, settings)
    assert error == "domain_name: must be set, because the function has no DOMAIN_NAME"
    (error,) = creation_errors({"domain_name": "sh op"}, settings)
    assert "'sh op' is not a domain" in error


def test_without_domain_names_no_domain_is_allowed() -> None:
    settings = creation_environment(DOMAIN_NAME="", INCLUDE_WWW="false")
    (error,) = creation_errors({"domain_name": "example.com"}, settings)
    assert error == "'example.com' is not equal to or below an allowed domain ()"


def test_an_invalid_configured_domain_name_is_one_error() -> None:
    errors: list[str] = []
    settings = creation_settings({"DOMAIN_NAME": "sh op"}, errors)
    creation_command({}, settings, PLACE, errors)
    assert len(errors) == 1
    assert errors[0].startswith("DOMAIN_NAME: ")


@pytest.mark.parametrize("value", [POINTER, "*.example.com", "ü" * 256, "'; --", "{{ssm:x}}", "=1"])
def test_a_hostile_tag_value_is_a_tag_or_an_error(value: str) -> None:
    """A value never becomes a name, a parameter or an expression."""
    errors: list[str] = []
    command = creation_command({"tags": {"note": value}}, USUAL, PLACE, errors)
    assert command.parameter is None
    assert errors or command.request.tags[-1] == ("note", value)


# --- Deletion ---------------------------------------------------------------------------------


def deletion(event: dict[str, Any]) -> tuple[DeletionCommand, list[str]]:
    errors: list[str] = []
    return deletion_command(event, USUAL, errors), errors


DELETION = {"delete": True, "parameter": POINTER}


def test_a_deletion_by_hand_and_by_terraform_deletes() -> None:
    """`aws_lambda_invocation` adds its action and the input before to every invocation."""
    assert not is_deletion({})
    assert not is_deletion(None)
    terraform = {"tf": {"action": "delete", "prev_input": DELETION}}
    for event in (DELETION, {**DELETION, **terraform}):
        assert is_deletion(event)
        command = DeletionCommand(parameter=POINTER, action=TerraformAction.DELETE)
        assert deletion(event) == (command, [])


@pytest.mark.parametrize("action", ["create", "update"])
def test_terraform_deletes_nothing_when_it_creates_or_updates(action: str) -> None:
    command, errors = deletion({**DELETION, "tf": {"action": action, "prev_input": None}})
    assert (command.action, errors) == (TerraformAction(action), [])


BAD_DELETIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no parameter": ({"delete": True}, "parameter: must be set for a deletion"),
    "a null parameter": (
        {"delete": True, "parameter": None},
        "parameter: must be set for a deletion",
    ),
    "another parameter": ({"delete": True, "parameter": "/x"}, "must be a parameter such as"),
    "false": ({**DELETION, "delete": False}, "delete: must be true, got False"),
    "null": ({**DELETION, "delete": None}, "delete: must not be null"),
    "a text": ({**DELETION, "delete": "true"}, "delete: must be true, got 'true'"),
    "a name": ({**DELETION, "domain_name": "example.com"}, "'domain_name' is not a key"),
    "a dry run": ({**DELETION, "dry_run": True}, "'dry_run' is not a key of this event"),
    "another action": ({**DELETION, "tf": {"action": "read"}}, "tf: action must be one of create"),
    "no action": ({**DELETION, "tf": {}}, "tf: action must be one of create, update, delete"),
    "no object": ({**DELETION, "tf": "delete"}, "tf: must be the object that Terraform adds"),
    "a null object": ({**DELETION, "tf": None}, "tf: must not be null"),
}


@pytest.mark.parametrize(("event", "error"), BAD_DELETIONS.values(), ids=BAD_DELETIONS)
def test_a_bad_deletion_is_one_error(event: dict[str, Any], error: str) -> None:
    (found,) = deletion(event)[1]
    assert error in found


def test_the_callers_event_is_left_as_it_was() -> None:
    event = {"domain_name": "B.example.com", "alt_names": ["C.example.com"], "tags": {"a": "b"}}
    before = copy.deepcopy(event)
    creation(event)
    assert event == before


BAD_EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "a string of names": ({"alt_names": "b.example.com"}, "alt_names: must be a list"),
    "a number among the names": ({"alt_names": [5]}, "alt_names: must be a string, got 5"),
    "null among the names": ({"alt_names": [None]}, "alt_names: must be a string, got None"),
    "a name that is none": ({"domain_name": "sh op"}, "domain_name: 'sh op' is not a domain"),
    "an IP address": ({"domain_name": "192.0.2.10"}, "looks like an IP address"),
    "e-mail validation": ({"validation_method": "EMAIL"}, "e-mail needs manual approval"),
    "validation by HTTP": ({"validation_method": "HTTP"}, "HTTP works for CloudFront only"),
    "a key that is only imported": ({"key_algorithm": "RSA_4096"}, "key_algorithm: must be one of"),
    "a key that is no text": ({"key_algorithm": 2048}, "key_algorithm: must be one of"),
    "no authority": ({"certificate_authority_arn": "ours"}, "the ARN of a private CA"),
    "an authority elsewhere": (
        {"certificate_authority_arn": AUTHORITY, "region": "us-east-1"},
        "the CA must be in the region of the certificate us-east-1, got eu-west-1",
    ),
    "no region": ({"region": "Ireland"}, "region: must be an AWS region, got 'Ireland'"),
    "another account": ({"account_id": "210987654321"}, "the function's own account 123456789012"),
    "a number of an account": (
        {"account_id": 123456789012},
        "account_id: must be an account id, got 123456789012",
    ),
    "a short account id": ({"account_id": "1234"}, "account_id: must be an account id"),
    "a dry run by text": ({"dry_run": "true"}, "dry_run: must be true or false, got 'true'"),
    "a dry run by number": ({"dry_run": 1}, "dry_run: must be true or false, got 1"),
    "a misspelt dry run": ({"dryrun": True}, "'dryrun' is not a key of this event"),
    "a dry run in camel case": ({"dryRun": True}, "'dryRun' is not a key of this event"),
    "a negative wait": ({"wait_seconds": -1}, "wait_seconds: must be a whole number from 0 to 900"),
    "a wait beyond Lambda's": ({"wait_seconds": 901}, "wait_seconds: must be a whole number"),
    "a wait of a fraction": ({"wait_seconds": 1.5}, "wait_seconds: must be a whole number"),
    "a wait by boolean": ({"wait_seconds": True}, "wait_seconds: must be a whole number"),
    "tags in a list": ({"tags": [{"Key": "a", "Value": "b"}]}, "tags: must be an object"),
    "too many tags": (
        {"tags": {f"t{number}": "" for number in range(50)}},
        "tags: must be at most 49 tags",
    ),
    "too many tags beside that of the parameter": (
        {"tags": {f"t{number}": "" for number in range(49)}, "parameter": POINTER},
        "tags: must be at most 48 tags",
    ),
    "a parameter of another instance": (
        {"parameter": "/other/certificates/main/arn"},
        "must be a parameter such as /certificate-lifecycle/certificates/main/arn, got '/other",
    ),
    "a parameter that is no text": ({"parameter": 5}, "parameter: must be a string, got 5"),
    "issuance required by text": ({"require_issued": "yes"}, "require_issued: must be true or"),
    "an action of Terraform": ({"tf": {"action": "create"}}, "'tf' is not a key of this event"),
    "the tag of a parameter": (
        {"tags": {"certificate-lifecycle:parameter": POINTER}},
        "the tag 'certificate-lifecycle:parameter' is reserved",
    ),
    "the tag of a replaced certificate": (
        {"tags": {"certificate-lifecycle:replaced-by": "x"}},
        "the tag 'certificate-lifecycle:replaced-by' is reserved",
    ),
    "a tag of a wildcard": ({"tags": {"name": "*.example.com"}}, "ACM refuses, such as *"),
    "a tag of two lines": ({"tags": {"name": "a\nb"}}, "has characters that ACM refuses"),
    "a tag without a name": ({"tags": {"": "b"}}, "must have a key of 1 to 128"),
    "a tag with a long name": ({"tags": {"k" * 129: ""}}, "must have a key of 1 to 128"),
    "a tag with a long value": ({"tags": {"k": "v" * 257}}, "must have a key of 1 to 128"),
    "a tag that is no text": ({"tags": {"cost": 5}}, "tags: must be a string, got 5"),
    "a tag of AWS": ({"tags": {"AWS:cost": "5"}}, "the tag 'AWS:cost' is reserved"),
    "our own tag": ({"tags": {"ManagedBy": "me"}}, "the tag 'ManagedBy' is reserved"),
}


@pytest.mark.parametrize(("event", "error"), BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_bad_value_is_one_error(event: dict[str, Any], error: str) -> None:
    (found,) = creation_errors(event)
    assert error in found


@pytest.mark.parametrize("event", [None, [], "example.com", 5, True])
def test_an_event_that_is_no_object_is_an_error(event: object) -> None:
    (error,) = creation_errors(event)
    assert error == f"the event must be a JSON object, got {event!r}"


def test_the_largest_tags_are_accepted() -> None:
    tags = {f"t{number:02}" + "k" * 125: "v" * 256 for number in range(49)}
    assert len(creation({"tags": tags}).request.tags) == len(tags) + 1


def test_letters_and_spaces_of_every_language_are_accepted_in_tags() -> None:
    assert creation({"tags": {"Büro": "東京\u00a0\u3000本社"}}).request.tags[1:] != ()


@pytest.mark.parametrize(
    "event",
    [
        {"domain_name": "example.net"},
        {"domain_name": "myexample.com"},
        {"domain_name": "com.example"},
        {"alt_names": ["fine.example.com", "example.net"]},
        {"domain_name": "*.example.net"},
    ],
    ids=str,
)
def test_only_allowed_domains_are_issued_for(event: dict[str, Any]) -> None:
    (error,) = creation_errors(event)
    assert error.endswith("is not equal to or below an allowed domain (example.com)")


def test_a_wildcard_that_is_allowed_does_not_allow_its_apex() -> None:
    settings = creation_environment(
        INCLUDE_WWW="false",
        DOMAIN_NAME="*.example.com",
        ALLOWED_DOMAINS='["*.example.com"]',
    )
    assert creation_errors({"domain_name": "shop.example.com"}, settings) == []
    (error,) = creation_errors({"domain_name": "example.com"}, settings)
    assert error.startswith("'example.com' is not equal to or below")


def test_a_common_name_that_is_too_long_is_named_before_acm_sees_it() -> None:
    (error,) = creation_errors({"domain_name": f"{'a' * 53}.example.com"})
    assert "64 octets or fewer" in error


def test_every_error_of_an_event_is_named_at_once() -> None:
    errors = creation_errors(
        {
            "alt_names": ["a b", "fine.example.com", "c_d"],
            "region": "eu",
            "tags": {"a*": "b", "fine": "c", "aws:x": "d"},
            "dryrun": True,
            "Region": "eu-west-1",
        }
    )
    text = "; ".join(errors)
    assert all(
        named in text for named in ("'a b'", "'c_d'", "'eu'", "'a*'", "aws:x", "dryrun", "Region")
    )
    assert "fine" not in text


def test_an_error_of_the_environment_causes_no_further_error() -> None:
    errors: list[str] = []
    settings = creation_settings({"DOMAIN_NAME": "localhost"}, errors)
    creation_command({"alt_names": ["b.example.com"]}, settings, PLACE, errors)
    (error,) = errors
    assert error.startswith("DOMAIN_NAME: ")


def test_an_error_causes_no_further_error() -> None:
    assert len(creation_errors({"domain_name": "sh op", "alt_names": ["b.example.com"]})) == 1


# Terraform and the functions check rules over several inputs with all names together.
SETS = name_sets()
# Terraform wants each name once, so that its plans show the requested names.
NAMED_ONCE = "repeat"


@pytest.mark.parametrize("because", SETS["accepted"])
def test_names_that_terraform_accepts_together_are_accepted(because: str) -> None:
    assert creation_errors({}, creation_environment(**SETS["accepted"][because])) == []


@pytest.mark.parametrize("because", SETS["refused"])
def test_names_that_terraform_refuses_together_are_refused_or_named_once(because: str) -> None:
    errors = creation_errors({}, creation_environment(**SETS["refused"][because]))
    assert bool(errors) is (NAMED_ONCE not in because)


# --- Rotation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [{}, SCHEDULED], ids=["empty", "scheduled"])
def test_an_event_without_keys_means_everything_as_configured(event: object) -> None:
    assert rotation(event) == RotationCommand(
        scopes=(PLACE,),
        certificate_arns=(),
        mode=RotationMode.REPLACE,
        dry_run=False,
        scheduled=event is SCHEDULED,
    )


@pytest.mark.parametrize("time", [None, "yesterday", "1970-01-01T00:00:00Z", 5])
def test_the_time_of_a_scheduled_event_means_nothing(time: object) -> None:
    assert rotation({**SCHEDULED, "time": time}) == rotation(SCHEDULED)


@pytest.mark.parametrize(
    "key", ["accounts", "certificate_arns", "dry_run", "regions", "rotation_mode"]
)
def test_null_is_refused_where_the_default_would_scan_or_change_more(key: str) -> None:
    (error,) = rotation_errors({key: None})
    assert error == f"{key}: must not be null; leave it out for the default"


def test_an_event_may_name_certificates_and_a_mode() -> None:
    event = {
        "certificate_arns": [arn("a"), arn("b"), arn("a")],
        "rotation_mode": "notify",
        "dry_run": True,
    }
    assert rotation(event) == RotationCommand(
        scopes=(PLACE,),
        certificate_arns=(arn("a"), arn("b")),
        mode=RotationMode.NOTIFY,
        dry_run=True,
    )


@pytest.mark.parametrize("value", refused("rotation_modes").values())
def test_a_mode_that_terraform_refuses_is_an_error(value: str) -> None:
    (error,) = rotation_errors({"rotation_mode": value})
    assert error.startswith("rotation_mode: must be one of notify, repair, replace")


@pytest.mark.parametrize("configured", RotationMode)
@pytest.mark.parametrize("mode", RotationMode)
def test_a_mode_of_an_event_never_exceeds_the_configured_one(
    configured: RotationMode, mode: RotationMode
) -> None:
    """The mode of another account may exceed this function's, whose role then does not limit it."""
    modes = list(RotationMode)
    errors: list[str] = []
    rotation_command({"rotation_mode": mode}, replace(ROTATION, mode=configured), PLACE, errors)
    exceeds = modes.index(mode) > modes.index(configured)
    expected = f"rotation_mode: {mode} exceeds the mode of this function ({configured})"
    assert errors == ([expected] if exceeds else [])


BAD_ROTATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no list of ARNs": ({"certificate_arns": arn("a")}, "must be a list of certificate ARNs"),
    "an empty list of ARNs": ({"certificate_arns": []}, "must be a list of certificate ARNs"),
    "no ARN": ({"certificate_arns": ["a"]}, "must be the ARN of an ACM certificate, got 'a'"),
    "null for an ARN": (
        {"certificate_arns": [None]},
        "must be the ARN of an ACM certificate, got None",
    ),
    "another region": (
        {"certificate_arns": [arn("a", "us-east-1")]},
        "is not in an account and region of this run (123456789012 eu-west-1)",
    ),
    "another account": (
        {"certificate_arns": [arn("a").replace("123456789012", "210987654321")]},
        "is not in an account and region of this run (123456789012 eu-west-1)",
    ),
    "a misspelt dry run": ({"dry-run": True}, "'dry-run' is not a key of this event"),
    "a key of the other function": ({"domain_name": "a.com"}, "'domain_name' is not a key"),
    "a scheduled event with a key": (
        {"source": "aws.events", "dry_run": True},
        "'source' is not a key of this event",
    ),
}


@pytest.mark.parametrize(("event", "error"), BAD_ROTATIONS.values(), ids=BAD_ROTATIONS)
def test_a_bad_rotation_event_is_one_error(event: dict[str, Any], error: str) -> None:
    (found,) = rotation_errors(event)
    assert error in found


ANNOUNCED = {
    **SCHEDULED,
    "source": "aws.acm",
    "detail-type": "ACM Certificate Available",
    "resources": [arn("a")],
    "detail": {"Action": "ISSUANCE", "InUse": "TRUE", "DaysToExpiry": 198},
}


def test_an_event_of_acms_own_is_about_its_certificates_only() -> None:
    command = rotation(ANNOUNCED)
    assert command.certificate_arns == (arn("a"),)
    assert command.announced
    assert not rotation({"certificate_arns": [arn("a")]}).announced


@pytest.mark.parametrize("resources", [[], None, "x", [arn("a", "us-east-1")], [5]])
def test_an_event_of_acms_own_without_a_certificate_of_this_scope_is_one_error(
    resources: object,
) -> None:
    (error,) = rotation_errors({**ANNOUNCED, "resources": resources})
    assert error.startswith("resources: ")


@pytest.mark.parametrize(
    "name",
    [
        *("acm_approaching", "acm_expired", "acm_issued", "acm_renewal", "acm_renewed"),
        *("acm_revoked", "acm_revoked_by_ca", "acm_rotated"),
    ],
)
def test_each_event_that_the_rule_lets_through_is_understood(name: str) -> None:
    path = DATA.parent / "events" / f"{name}.json"
    event = json.loads(path.read_text(encoding="utf-8"))
    assert rotation(event).certificate_arns == tuple(event["resources"])


def test_an_event_of_acms_own_has_no_input() -> None:
    assert rotation_errors({**ANNOUNCED, "dry_run": True}) != []


def test_the_creation_function_does_not_answer_to_acms_own_events() -> None:
    assert creation_errors(ANNOUNCED) != []


def test_an_event_of_another_source_is_not_scheduled() -> None:
    assert rotation_errors({**SCHEDULED, "source": "aws.health"}) != []


# --- Any event --------------------------------------------------------------------------------

scalars = st.sampled_from(
    [None, True, False, 0, -1, 10**30, 1.5, float("nan"), "", "example.com", "\ud800", "*.b.com"]
)
values = (
    scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text("a:*", max_size=2), scalars)
)
KEYS = [
    *("domain_name", "alt_names", "include_www", "auto_validate", "validation_method", "source"),
    *("key_algorithm", "certificate_authority_arn", "exportable", "region", "account_id", "tags"),
    *("wait_seconds", "dry_run", "certificate_arns", "rotation_mode", "time", "x"),
    *("accounts", "regions", "root_hierarchy_type", "certificate_usage"),
]
events = values | st.dictionaries(st.sampled_from(KEYS), values, max_size=6)


@given(event=events)
def test_any_event_gives_a_command_or_errors_and_never_an_exception(event: object) -> None:
    for errors in (creation_errors(event), rotation_errors(event)):
        assert all(errors)
    if isinstance(event, dict) and "x" in event:
        assert "'x' is not a key of this event" in creation_errors(event)


# --- Accounts and regions ---------------------------------------------------------------------

MEMBER = {"account_id": "222222222222", "role_name": "certificates", "external_id": "x-1"}
WIDE = rotation_environment(REGIONS='["eu-west-1", "us-east-1"]', ACCOUNTS=json.dumps([MEMBER]))


def wide(event: object) -> tuple[RotationCommand, list[str]]:
    errors: list[str] = []
    return rotation_command(event, WIDE, PLACE, errors), errors


def scopes(command: RotationCommand) -> list[tuple[str, str]]:
    return [(scope.account_id, scope.region) for scope in command.scopes]


def test_every_account_is_scanned_in_every_region() -> None:
    command, errors = wide({})
    assert errors == []
    assert scopes(command) == [
        ("123456789012", "eu-west-1"),
        ("123456789012", "us-east-1"),
        ("222222222222", "eu-west-1"),
        ("222222222222", "us-east-1"),
    ]


def test_regions_without_accounts_leave_out_the_functions_own_if_it_is_not_named() -> None:
    command = rotation_command({}, rotation_environment(REGIONS='["us-east-1"]'), PLACE, [])
    assert scopes(command) == [("123456789012", "us-east-1")]


def test_an_event_may_narrow_down_accounts_and_regions() -> None:
    command, errors = wide({"accounts": ["222222222222"], "regions": ["us-east-1"]})
    assert (errors, scopes(command)) == ([], [("222222222222", "us-east-1")])


@pytest.mark.parametrize("key", ["accounts", "regions"])
def test_an_event_may_not_add_accounts_or_regions(key: str) -> None:
    value = {"accounts": "333333333333", "regions": "ap-south-1"}[key]
    (error,) = wide({key: [value]})[1]
    assert error.startswith(f"{key}: {value!r} is not configured for this function (")


@pytest.mark.parametrize("value", [[], "x", 5, [5], ["nowhere"]])
@pytest.mark.parametrize("key", ["accounts", "regions"])
def test_a_value_that_is_no_list_of_accounts_or_regions_is_an_error(
    key: str, value: object
) -> None:
    assert [error.split(":")[0] for error in wide({key: value})[1]] == [key]


def test_named_certificates_are_scanned_in_their_own_scopes() -> None:
    far = arn("a", "us-east-1").replace("123456789012", "222222222222")
    command, errors = wide({"certificate_arns": [far]})
    assert (errors, scopes(command)) == ([], [("222222222222", "us-east-1")])


def test_the_functions_own_account_needs_no_role() -> None:
    accounts = json.dumps([{**MEMBER, "account_id": PLACE.account_id}])
    errors: list[str] = []
    rotation_command({}, rotation_environment(ACCOUNTS=accounts), PLACE, errors)
    assert errors == ["ACCOUNTS: 123456789012 must not be the function's own account"]


def test_sources_and_targets_are_in_a_scanned_region() -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-AbCdEf"
    sources = json.dumps({arn("a", "ap-south-1"): {"secret_arn": secret}})
    errors: list[str] = []
    rotation_command({}, rotation_environment(IMPORT_SOURCES=sources), PLACE, errors)
    assert errors == [
        f"IMPORT_SOURCES: {arn('a', 'ap-south-1')} is not in account 123456789012, eu-west-1"
    ]


def nested(depth: int) -> object:
    value: object = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("key", ["certificate_arns", "regions", "accounts", "rotation_mode"])
def test_a_value_that_is_too_deep_to_show_is_an_error_like_any_other(key: str) -> None:
    (error,) = rotation_errors({key: nested(10_000)})
    assert error.startswith(f"{key}: ")
    assert len(error) < 1000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("accounts", ["１23456789012"]),  # noqa: RUF001 - a full-width digit
        ("regions", ["eu-west-１"]),  # noqa: RUF001 - as above
        ("certificate_arns", ["arn:aws:acm:eu-west-1:１23456789012:certificate/a"]),  # noqa: RUF001 - as above
        ("certificate_arns", ["arn:aws:acm:eu-west-1:123456789012:certificate/ä"]),
    ],
)
def test_a_digit_or_letter_that_aws_does_not_have_is_none(key: str, value: object) -> None:
    (error,) = rotation_errors({key: value})
    assert error.startswith(f"{key}: must be ")


def test_an_error_about_a_tag_shows_invisible_characters() -> None:
    (error,) = creation_errors({"tags": {"a\x1b[2J": "\u202e"}})
    assert error.isprintable()


# --- The steps of a run over an organization --------------------------------------------------

MANY = rotation_environment(
    ORGANIZATION=json.dumps(
        {"bucket": "runs", "role_name": "certificates", "external_id": "x-1", "max_concurrency": 9}
    ),
    REGIONS='["eu-west-1", "us-east-1"]',
)
STARTED = "2026-06-01T06:00:00.123Z"
LIST = {"step": "list", "run": "53dc4d37", "started_at": STARTED, "input": {}}
SCAN = {**LIST, "step": "scan", "account_id": "222222222222"}
AGGREGATE = {**LIST, "step": "aggregate"}


def step_of(
    fields: object, settings: RotationSettings = MANY
) -> tuple[OrganizationCommand, list[str]]:
    errors: list[str] = []
    event = {"organization": fields}
    assert is_of_an_organization(event)
    return organization_command(event, settings, PLACE, errors), errors


def test_only_an_event_of_the_state_machine_is_a_step() -> None:
    assert not is_of_an_organization(SCHEDULED)
    assert not is_of_an_organization(["organization"])


def test_a_scan_is_for_one_account_in_every_region() -> None:
    command, errors = step_of(SCAN)
    assert errors == []
    assert command.step is OrganizationStep.SCAN
    assert [(scope.account_id, scope.region) for scope in command.rotation.scopes] == [
        ("222222222222", "eu-west-1"),
        ("222222222222", "us-east-1"),
    ]
    assert (command.rotation.mode, command.rotation.dry_run) == (RotationMode.REPLACE, False)


def test_the_input_of_an_execution_may_limit_a_run() -> None:
    inputs = {
        "accounts": ["222222222222"],
        "regions": ["us-east-1"],
        "rotation_mode": "notify",
        "dry_run": True,
    }
    command, errors = step_of({**SCAN, "input": inputs})
    assert errors == []
    assert command.only == ("222222222222",)
    assert [scope.region for scope in command.rotation.scopes] == ["us-east-1"]
    assert (command.rotation.mode, command.rotation.dry_run) == (RotationMode.NOTIFY, True)


def test_a_scheduled_start_has_no_input() -> None:
    command, errors = step_of({**LIST, "input": SCHEDULED})
    assert errors == []
    assert command.rotation == RotationCommand(
        scopes=(),
        certificate_arns=(),
        mode=RotationMode.REPLACE,
        dry_run=False,
        scheduled=True,
    )


@pytest.mark.parametrize(("former", "step"), [("look", SCAN), ("tell", AGGREGATE)])
def test_an_execution_that_began_before_an_upgrade_is_understood(
    former: str, step: dict[str, object]
) -> None:
    inputs = {"dry_run": True}
    sent = {key: value for key, value in step.items() if key != "input"}
    assert step_of({**sent, "step": former, "wishes": inputs}) == step_of({**step, "input": inputs})


def test_the_accounts_of_an_organization_may_be_given_and_left_out() -> None:
    command, errors = step_of(
        {**LIST, "accounts": ["222222222222"], "excluded_accounts": ["333333333333"]}
    )
    assert errors == []
    assert (command.given, command.excluded) == (("222222222222",), ("333333333333",))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {**LIST, "step": "scan"},
        {**LIST, "account_id": "222222222222"},
        {**SCAN, "account_id": "2"},
        {**LIST, "step": "think"},
        {**LIST, "run": "../../other"},
        {**LIST, "started_at": "yesterday"},
        {**LIST, "started_at": "2026-06-01T06:00:00"},
        {key: value for key, value in LIST.items() if key != "run"},
        {key: value for key, value in LIST.items() if key != "started_at"},
        {**LIST, "accounts": "222222222222"},
        {**LIST, "accounts": ["2"]},
        {**LIST, "input": "all"},
        {**LIST, "wishes": {}},
        {**LIST, "input": {"dry_run": "yes"}},
        {**LIST, "input": {"dry-run": True}},
        {**LIST, "input": {"certificate_arns": [arn("a")]}},
        {**LIST, "input": {"regions": ["eu-central-1"]}},
        {**LIST, "input": {"accounts": []}},
        {**LIST, "other": 1},
        {**LIST, "started_at": "0001-01-01T00:00:00+00:00"},
        {**LIST, "started_at": "9999-12-31T23:59:59+00:00"},
    ],
    ids=str,
)
def test_a_step_that_is_not_understood_is_refused(fields: object) -> None:
    assert step_of(fields)[1] != []


def test_a_key_beside_a_step_is_refused() -> None:
    errors: list[str] = []
    organization_command({"organization": LIST, "dry_run": True}, MANY, PLACE, errors)
    assert errors == ["'dry_run' is not a key of this event"]


def test_a_function_without_an_organization_takes_no_step() -> None:
    (error,) = step_of(LIST, ROTATION)[1]
    assert error == "organization: the function is not configured for one (ORGANIZATION)"
