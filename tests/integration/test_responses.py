"""Responses of the SDK: times in UTC, and errors about unreadable ones."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import StructureShape
from botocore.parsers import ResponseParserError

import certificate_lifecycle
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.inventory.iam import ServerCertificates
from certificate_lifecycle.aws.responses import arn_in, utc, validated_response
from certificate_lifecycle.model.errors import CertificateNotFoundError, UnexpectedResponseError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED
from tests.integration.invocation import NOW, Function, scheduled

PACKAGE = Path(certificate_lifecycle.__file__).parent
pytestmark = pytest.mark.integration

#: The end of a certificate without an expiry (RFC 5280 section 4.1.2.5).
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture(params=["EAST-14", "WEST+12", "UTC0"])
def local_time_zone(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Use the time zone of a laptop; a function always runs in UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("local_time_zone")
def test_a_certificate_without_an_end_is_read_in_every_time_zone(cloud: Cloud) -> None:
    """East of Greenwich the SDK cannot read that time, so that the scan of a region failed."""
    cloud.certificates.add(type="IMPORTED", not_before=NOW, not_after=NEVER, **USED)
    cloud.server_certificates.add("old-shop", "shop.example.com", not_after=NEVER)
    clients = Clients("eu-west-1")
    certificates = AcmCertificates(clients.any("acm", "eu-west-1"))
    (listed,) = certificates.list_all()
    described = certificates.describe(listed.arn)
    (kept,) = ServerCertificates(lambda: clients.any("iam", "eu-west-1")).list_all()
    for entry in (listed, described, kept):
        assert entry.not_after == NEVER
        assert entry.not_after.tzinfo is UTC


@pytest.mark.usefixtures("local_time_zone")
def test_a_run_assesses_a_certificate_without_an_end(rotation: Function, cloud: Cloud) -> None:
    cloud.certificates.add(type="IMPORTED", not_before=NOW, not_after=NEVER, **USED)
    found = rotation(scheduled(NOW))
    assert found["counts"] == {"Healthy": 1}


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert utc(None) is None
    assert utc(datetime(2026, 6, 1)) == datetime(2026, 6, 1, tzinfo=UTC)  # noqa: DTZ001 - it is about that
    assert utc(NOW) == NOW


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (KeyError("Port"), "it has no 'Port'"),
        (TypeError("secret"), "a value has a wrong form"),
        (ValueError("secret"), "a value has a wrong form"),
        (OverflowError("secret"), "a value has a wrong form"),
        (ResponseParserError("<html>"), "a value has a wrong form"),
    ],
)
def test_an_unexpected_response_is_an_error_that_quotes_no_value(
    failure: Exception, why: str
) -> None:
    with pytest.raises(UnexpectedResponseError) as told, validated_response("DescribeThings"):
        raise failure
    assert str(told.value) == f"unexpected response of DescribeThings: {why}"


def test_an_error_of_the_package_passes_unchanged() -> None:
    with pytest.raises(CertificateNotFoundError), validated_response("DescribeThings"):
        raise CertificateNotFoundError("it does not exist")


@pytest.mark.parametrize("answer", [{}, {"Arn": ""}, {"Arn": "arn"}, {"Arn": "arn:aws:\x1b::::x"}])
def test_a_text_that_is_not_an_arn_is_refused(answer: dict[str, str]) -> None:
    with pytest.raises(UnexpectedResponseError), validated_response("ListThings"):
        arn_in(answer, "Arn")


#: The lists whose member may be missing, by the meaning of an empty one.
MAY_BE_LEFT_OUT = {
    ("apigateway", "get_domain_names", "items"): "no domain name; ACM still reports each use",
    ("cognito-idp", "list_user_pools", "UserPools"): "no user pool; ACM still reports each use",
    (
        "cloudfront",
        "list_distribution_tenants_by_customization",
        "DistributionTenantList",
    ): "no tenant; ACM still reports each use",
    ("elbv2", "describe_listeners", "Listeners"): "a load balancer without listeners",
    ("acm-pca", "list_permissions", "Permissions"): "no permission for ACM, which is reported",
}


def test_only_a_list_that_nothing_is_concluded_from_may_leave_its_member_out() -> None:
    """Every other list is `required`: without its member it is unreadable, and not empty."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "paginated":
                continue
            if "required" not in {keyword.arg for keyword in node.keywords}:
                names = (constants.get(getattr(arg, "id", ""), arg) for arg in node.args[1:3])
                found.add(tuple(map(ast.literal_eval, names)))
    assert found == {entry[1:] for entry in MAY_BE_LEFT_OUT}


@pytest.mark.parametrize(("service", "operation", "member"), MAY_BE_LEFT_OUT)
def test_the_model_of_a_list_that_may_be_left_out_does_not_require_it(
    service: str, operation: str, member: str
) -> None:
    model = botocore.session.get_session().get_service_model(service)
    (name,) = [name for name in model.operation_names if xform_name(name) == operation]
    answer = model.operation_model(name).output_shape
    assert isinstance(answer, StructureShape)
    assert member in answer.members
    assert member not in answer.required_members
