"""Parameters are held to the service models, where botocore lets them pass."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.strict import compiled, violations

ACCEPTABLE = {
    "DomainName": "example.com",
    "IdempotencyToken": "0123456789abcdef0123456789abcdef",
    "Tags": [{"Key": "Name", "Value": "für example.com"}],
}


def faults(**changes: object) -> list[str]:
    shape = get_service_model("acm").operation_model("RequestCertificate").input_shape
    return list(violations(shape, {**ACCEPTABLE, **changes}))


def test_a_well_formed_request_has_no_fault() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"IdempotencyToken": "cert-example-com"}, "idempotencyToken"),
        ({"IdempotencyToken": "a" * 33}, "idempotencyToken"),
        ({"IdempotencyToken": "é"}, "idempotencyToken"),
        ({"DomainName": "www.*.example.com"}, "domainName"),
        ({"DomainName": "https://example.com"}, "domainName"),
        ({"DomainName": None}, "domainName"),
        ({"DomainName": f"{'a.' * 125}example"}, "domainName"),
        ({"SubjectAlternativeNames": []}, "subjectAlternativeNames"),
        ({"SubjectAlternativeNames": ["a.com"] * 101}, "subjectAlternativeNames"),
        ({"SubjectAlternativeNames": ["a.com", "b_c.com"]}, "subjectAlternativeNames.2.member"),
        ({"ValidationMethod": "CARRIER_PIGEON"}, "validationMethod"),
        ({"KeyAlgorithm": "RSA_512"}, "keyAlgorithm"),
        ({"Tags": [{"Key": "Name", "Value": "cert-*.example.com"}]}, "tags.1.member.value"),
        ({"Tags": [{"Value": "no key"}]}, "tags.1.member.key"),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "tags.1.member.value"),
        ({"CertificateAuthorityArn": "arn:aws:acm-pca:eu-west-1"}, "certificateAuthorityArn"),
        ({"Options": {"Export": "YES"}}, "options.export"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_breach_of_the_model_is_named_with_its_path(changes: dict[str, Any], at: str) -> None:
    """The acm model: pattern, min, max, enum and required of RequestCertificate."""
    assert any(f"at '{at}'" in fault for fault in faults(**changes)), faults(**changes)


def test_numbers_are_held_to_their_range() -> None:
    shape = get_service_model("acm").operation_model("ListCertificates").input_shape
    (fault,) = violations(shape, {"MaxItems": 1001})
    assert fault == (
        "Value '1001' at 'maxItems' failed to satisfy constraint: "
        "Member must have value less than or equal to 1000"
    )
    assert list(violations(shape, {"MaxItems": 1000})) == []


@pytest.mark.parametrize("service", ["acm", "iam", "kms", "lambda", "route53", "sns", "sts"])
def test_every_pattern_of_the_services_in_use_can_be_checked(service: str) -> None:
    model = get_service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names}
    assert [text for text in patterns if text and compiled(text) is None] == []


def test_java_classes_keep_their_meaning() -> None:
    letters = compiled(r"[\p{L}\p{Z}\p{N}]*")
    word = compiled(r"\w+")
    assert letters is not None
    assert word is not None
    assert letters.fullmatch("grüße 2")
    assert not letters.fullmatch("a*b")
    assert not word.fullmatch("grüße")
    assert compiled(r"\p{Unheard}") is None


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("acm", "describe_certificate", {"CertificateArn": "x" * 20}, "ValidationException"),
        ("sts", "assume_role", {"RoleArn": "x" * 20, "RoleSessionName": "a b"}, "ValidationError"),
        ("route53", "get_hosted_zone", {"Id": "Z" * 33}, "InvalidInput"),
        ("lambda", "get_function", {"FunctionName": "a b"}, "InvalidParameterValueException"),
    ],
)
def test_each_service_refuses_in_its_own_shape(
    cloud: Cloud, service: str, operation: str, parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), operation)(**parameters)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "failed to satisfy constraint" in refused.value.response["Error"]["Message"]
    assert [call.error for call in cloud.calls] == [code]
