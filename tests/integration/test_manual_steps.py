"""Every command and option in the manual steps exists in the models of the SDK.

The AWS CLI makes its commands and options of these very models.
"""

from __future__ import annotations

import re
import shlex

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from certificate_lifecycle.aws.consumers.registry import ConsumerCatalog
from tests.unit.builders import certificate

pytestmark = pytest.mark.integration

OWN, AWS = "123456789012", "999999999999"
NEW = f"arn:aws:acm:eu-west-1:{OWN}:certificate/11111111-2222-3333-4444-555555555555"
CONSUMERS = (
    f"arn:aws:elasticloadbalancing:eu-west-1:{OWN}:loadbalancer/app/shop/50dc6c495c0c9188",
    f"arn:aws:elasticloadbalancing:eu-west-1:{OWN}:loadbalancer/shop",
    f"arn:aws:elasticloadbalancing:eu-west-1:{AWS}:loadbalancer/app/prod/50dc6c495c0c9188",
    f"arn:aws:cloudfront::{OWN}:distribution/E1EXAMPLE",
    f"arn:aws:cloudfront::{OWN}:distribution-tenant/dt_1",
    f"arn:aws:cloudfront::{AWS}:distribution/E2EXAMPLE",
    "arn:aws:apigateway:eu-west-1::/domainnames/api.example.com",
    f"arn:aws:cognito-idp:us-east-1:{OWN}:userpool/us-east-1_abc",
    f"arn:aws:es:eu-west-1:{OWN}:domain/logs",
    f"arn:aws:network-firewall:eu-west-1:{OWN}:tls-configuration/edge",
    f"arn:aws:amplify:us-east-1:{OWN}:apps/d1/domains/example.com",
    f"arn:aws:ec2:eu-west-1:{OWN}:client-vpn-endpoint/cvpn-endpoint-1",
    f"arn:aws:elasticbeanstalk:eu-west-1:{OWN}:environment/shop/shop-live",
    f"arn:aws:transfer:eu-west-1:{OWN}:server/s-1",
    f"arn:aws:vpc-lattice:eu-west-1:{OWN}:service/svc-1",
)
COMMANDS = sorted(
    {
        line
        for consumer in CONSUMERS
        for line in ConsumerCatalog(OWN).manual_steps(certificate(), consumer, NEW).splitlines()
        if line.startswith("aws ")
    }
)
#: The options of every command of the AWS CLI.
GLOBAL = {"--cli-input-json", "--region", "--query", "--output"}


def operation(service: str, command: str) -> OperationModel:
    model = botocore.session.get_session().get_service_model(service)
    named = {xform_name(name, "-"): name for name in model.operation_names}
    return model.operation_model(named[command])


def keys(shape: Shape, value: str) -> set[tuple[str, ...]]:
    """Return every path of members that a value in the CLI's shorthand names in a shape."""
    if isinstance(shape, ListShape):
        return keys(shape.member, value)
    if not isinstance(shape, StructureShape) or value.startswith("file://"):
        return set()
    found: set[tuple[str, ...]] = set()
    for name, inner in re.findall(r"(\w+)=(\{[^}]*\}|[^,]*)", value):
        member = shape.members[name]
        found |= {(name,)} | {(name, *path) for path in keys(member, inner.strip("{}"))}
    return found


@pytest.mark.parametrize("command", COMMANDS, ids=lambda line: " ".join(line.split()[1:3]))
def test_every_manual_step_exists_with_its_required_options(command: str) -> None:
    words, *_ = command.split(" > ")
    _, service, name, *options = shlex.split(words)
    given = dict(zip(options[::2], options[1::2], strict=True))
    shape = operation(service, name).input_shape
    assert shape is not None
    known = {f"--{xform_name(member, '-')}": member for member in shape.members}

    assert set(given) <= known.keys() | GLOBAL
    assert {known[option] for option in given if option in known} >= set(shape.required_members)
    assert all(
        option in GLOBAL or _understood(shape, known[option], given[option]) for option in given
    )


def _understood(shape: StructureShape, member: str, value: str) -> bool:
    """Whether the shorthand names members of a structure, or there is no structure to name."""
    inner = shape.members[member]
    inner = inner.member if isinstance(inner, ListShape) else inner
    structured = isinstance(inner, StructureShape) and not value.startswith("file://")
    return bool(keys(inner, value)) is structured


def test_every_service_that_has_a_call_is_compared() -> None:
    assert {command.split()[1] for command in COMMANDS} == {
        *("amplify", "apigateway", "cloudfront", "cognito-idp", "ec2", "elasticbeanstalk", "elb"),
        *("elbv2", "network-firewall", "opensearch", "transfer", "vpc-lattice"),
    }


@pytest.mark.parametrize(
    ("service", "command"),
    [("appsync", "update-domain-name"), ("iot", "update-domain-configuration")],
)
def test_two_services_still_have_no_call_that_changes_a_certificate(
    service: str, command: str
) -> None:
    """This test fails when AWS adds one, which would be better than the manual step."""
    shape = operation(service, command).input_shape
    assert shape is not None
    assert not [name for name in shape.members if "certificateArn" in name]
