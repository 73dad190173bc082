"""The commands of manual steps; an integration test compares them with the services' models."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.aws.consumers.registry import ConsumerCatalog
from certificate_lifecycle.render.manual_steps import argument
from tests.unit.builders import DISTRIBUTION, LOAD_BALANCER, PLACE, arn, certificate
from tests.unit.tables import DATA

NEW = arn("new")
OLD = certificate()
OWN = PLACE.account_id
CATALOG = ConsumerCatalog(OWN)
AWS = "999999999999"
SOMETHING = st.text(max_size=40) | st.from_regex(
    r"arn:aws:[a-z]+:[a-z]*:[0-9]*:\S*", fullmatch=True
)


def own(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-west-1:{OWN}:{resource}"


def steps(in_use_by: str) -> str:
    return CATALOG.manual_steps(OLD, in_use_by, NEW)


def commands(in_use_by: str) -> list[str]:
    return [line for line in steps(in_use_by).splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("in_use_by", "command"),
    [
        (
            own("elasticloadbalancing", "loadbalancer/shop"),
            (
                "aws elb set-load-balancer-listener-ssl-certificate --region eu-west-1 "
                f"--load-balancer-name shop --load-balancer-port PORT --ssl-certificate-id {NEW}"
            ),
        ),
        (
            own("transfer", "server/s-1"),
            f"aws transfer update-server --region eu-west-1 --server-id s-1 --certificate {NEW}",
        ),
        (
            own("ec2", "client-vpn-endpoint/cvpn-endpoint-1"),
            (
                "aws ec2 modify-client-vpn-endpoint --region eu-west-1 "
                f"--client-vpn-endpoint-id cvpn-endpoint-1 --server-certificate-arn {NEW}"
            ),
        ),
        (
            own("elasticbeanstalk", "environment/shop/shop-live"),
            (
                "aws elasticbeanstalk update-environment --region eu-west-1 "
                "--environment-name shop-live --option-settings "
                f"Namespace=aws:elbv2:listener:443,OptionName=SSLCertificateArns,Value={NEW}"
            ),
        ),
        (
            own("vpc-lattice", "service/svc-1"),
            (
                "aws vpc-lattice update-service --region eu-west-1 --service-identifier svc-1 "
                f"--certificate-arn {NEW}"
            ),
        ),
        (
            own("amplify", "apps/d1/domains/example.com"),
            (
                "aws amplify update-domain-association --region eu-west-1 --app-id d1 "
                "--domain-name DOMAIN_NAME "
                f"--certificate-settings type=CUSTOM,customCertificateArn={NEW}"
            ),
        ),
    ],
    ids=lambda text: text.split(":")[2] if text.startswith("arn:") else "",
)
def test_one_call_moves_these(in_use_by: str, command: str) -> None:
    assert commands(in_use_by) == [command]


@pytest.mark.parametrize(
    ("in_use_by", "verbs"),
    [
        (
            LOAD_BALANCER,
            [
                "elbv2 describe-listeners",
                "elbv2 modify-listener",
                "elbv2 add-listener-certificates",
                "elbv2 remove-listener-certificates",
            ],
        ),
        (
            DISTRIBUTION,
            [
                "cloudfront get-distribution-config",
                "cloudfront get-distribution-config",
                "cloudfront update-distribution",
            ],
        ),
        (
            own("cloudfront", "distribution-tenant/dt_1"),
            [
                "cloudfront get-distribution-tenant",
                "cloudfront get-distribution-tenant",
                "cloudfront update-distribution-tenant",
            ],
        ),
        ("arn:aws:apigateway:eu-west-1::/domainnames/a.b", ["apigateway update-domain-name"] * 2),
        (
            own("cognito-idp", "userpool/eu-west-1_a"),
            ["cognito-idp describe-user-pool-domain", "cognito-idp update-user-pool-domain"],
        ),
        (
            own("es", "domain/logs"),
            ["opensearch describe-domain-config", "opensearch update-domain-config"],
        ),
        (
            own("network-firewall", "tls-configuration/edge"),
            [
                "network-firewall describe-tls-inspection-configuration",
                "network-firewall describe-tls-inspection-configuration",
                "network-firewall update-tls-inspection-configuration",
            ],
        ),
    ],
    ids=lambda value: value.split(":")[2] if isinstance(value, str) else "",
)
def test_several_calls_move_these(in_use_by: str, verbs: list[str]) -> None:
    assert [" ".join(line.split()[1:3]) for line in commands(in_use_by)] == verbs
    assert NEW in steps(in_use_by)


GOLDEN = json.loads((DATA / "manual_commands.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("in_use_by", GOLDEN)
def test_a_command_is_recorded_word_by_word(in_use_by: str) -> None:
    assert steps(in_use_by).splitlines() == GOLDEN[in_use_by]


@pytest.mark.parametrize(
    ("in_use_by", "hint"),
    [
        (own("appsync", "domainnames/api.example.com"), "Deleting and recreating"),
        (own("iot", "domainconfiguration/things/abc"), "under the old ARN"),
        (own("novelty", "thing/1"), f"Change its certificate to {NEW}"),
    ],
    ids=["appsync", "iot", "unknown"],
)
def test_where_no_call_helps_that_is_said(in_use_by: str, hint: str) -> None:
    assert commands(in_use_by) == []
    assert hint in steps(in_use_by)


def test_a_consumer_declared_elsewhere_is_to_be_changed_there() -> None:
    assert "Terraform, CloudFormation" in steps(LOAD_BALANCER).splitlines()[0]


def test_a_load_balancer_of_aws_is_never_changed_but_the_domain_name_before_it() -> None:
    text = steps(LOAD_BALANCER.replace(OWN, AWS))
    assert "of AWS: change the resource behind it" in text
    assert [line for line in text.splitlines() if line.startswith("aws ")] == [
        (
            "aws apigateway update-domain-name --region eu-west-1 --domain-name DOMAIN_NAME "
            f"--patch-operations op=replace,path=/regionalCertificateArn,value={NEW}"
        )
    ]


def test_a_distribution_of_aws_is_never_changed_but_one_of_the_services_before_it() -> None:
    foreign = DISTRIBUTION.replace(OWN, AWS)
    services = [line.split()[1] for line in commands(foreign)]
    assert services == ["apigateway", "cognito-idp", "cognito-idp", "amplify"]
    assert "AppSync" in steps(foreign)
    assert "cloudfront" not in steps(foreign)


def test_a_consumer_of_any_region_has_a_call_for_each_region_of_the_run() -> None:
    catalog = ConsumerCatalog(OWN, regions=("eu-west-1", "us-east-1"))
    foreign = DISTRIBUTION.replace(OWN, AWS)
    lines = catalog.manual_steps(OLD, foreign, NEW).splitlines()
    calls = [line.split() for line in lines if line.startswith("aws ")]
    assert [(call[1], call[4]) for call in calls] == [
        (service, region)
        for service in ("apigateway", "cognito-idp", "cognito-idp", "amplify")
        for region in ("eu-west-1", "us-east-1")
    ]
    assert lines[-1].startswith("# The regions of the run are eu-west-1, us-east-1;")
    # One with a region is in that region.
    balancer = LOAD_BALANCER.replace(OWN, AWS)
    assert catalog.manual_steps(OLD, balancer, NEW) == steps(balancer)


@pytest.mark.parametrize("name", ["*.example.com", "a;b", "$(x)", "a\nb", "a b"])
def test_a_name_is_one_word_of_a_line_and_means_nothing_to_a_shell(name: str) -> None:
    line = f"aws x --name {argument(name)}"
    assert len(line.splitlines()) == 1
    assert shlex.split(line)[3] == name.replace("\n", " ")
    assert len(shlex.split(line)) == 4


def test_of_anything_else_of_aws_only_this_is_said() -> None:
    text = steps(own("novelty", "thing/1").replace(OWN, AWS))
    assert text.endswith("of AWS: change the resource behind it.")
    assert commands(text) == []


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "arn:aws:transfer:eu-west-1:1:server/$(id)",
        f"{LOAD_BALANCER}\nrm -r x",
        f"{DISTRIBUTION};",
    ],
)
def test_what_is_not_plain_gets_no_command(hostile: str) -> None:
    assert "Unknown form of ARN" in steps(hostile)
    assert "Unknown form of ARN" in CATALOG.manual_steps(
        OLD, LOAD_BALANCER, f"{NEW}{hostile or ' '}"
    )
    assert commands(hostile) == []


@given(in_use_by=SOMETHING, successor=SOMETHING | st.just(NEW))
def test_whatever_acm_says_a_shell_sees_comments_and_calls_of_the_cli(
    in_use_by: str, successor: str
) -> None:
    for line in CATALOG.manual_steps(OLD, in_use_by, successor).split("\n"):
        assert line.startswith("# ") or shlex.split(line)[0] == "aws"
        assert line.startswith("#") or not set(line) & set('$`;&|<"\\*~!()')
