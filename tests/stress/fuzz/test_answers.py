"""Adapters read every AWS response, or report it as unreadable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from functools import partial

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers.apigateway import DomainNames
from certificate_lifecycle.aws.consumers.registry import AwsConsumers, kinds_by_name
from certificate_lifecycle.aws.inventory.acmpca import Authorities
from certificate_lifecycle.aws.inventory.iam import ServerCertificates
from certificate_lifecycle.aws.organizations import AwsOrganization
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.s3 import S3Documents
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports, SecretsManagerImports
from certificate_lifecycle.aws.sinks.securityhub import SecurityHub
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.aws.tagging import TagIndex
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Verdict,
)
from certificate_lifecycle.model.errors import (
    CertificateLifecycleError,
    FindingsRejectedError,
    UnexpectedResponseError,
)
from certificate_lifecycle.model.run import ScopeResult, ScopeStatus
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.bindings import Binding, FoundBindings
from certificate_lifecycle.policy.chain import assess, needs_detail
from certificate_lifecycle.policy.import_source import UnusableSourceError
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import Zone
from certificate_lifecycle.render.asff import Source
from certificate_lifecycle.render.notification.message import Message
from tests.stress.fuzz.aws import CERTIFICATES, REGION, Answer, Aws
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import require_own_words
from tests.stress.fuzz.lots import NOW, seeds
from tests.unit.builders import run

HERE = Scope("123456789012", REGION)
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-tls-AbCdEf"
ONE = CERTIFICATES[0]
KEPT = Certificate(
    arn="arn:aws:iam::123456789012:server-certificate/shop",
    names=("shop",),
    status=CertificateStatus.ISSUED,
    type=CertificateType.SERVER_CERTIFICATE,
    key_algorithm="",
)


def users(clients: Clients) -> AwsConsumers:
    return AwsConsumers(clients, HERE)


def used() -> Certificate:
    """Return a certificate with one consumer of each kind."""
    by = (
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/classic",
        "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE",
        "arn:aws:cloudfront::999999999999:distribution/E2EXAMPLE",
        "no ARN",
    )
    return Certificate(
        arn=ONE,
        names=("example.com",),
        status=CertificateStatus.ISSUED,
        type=CertificateType.AMAZON_ISSUED,
        key_algorithm="RSA_2048",
        in_use=True,
        detail=CertificateDetail(in_use_by=by),
    )


BINDINGS = (
    *(Binding(kind, "example.com", "443") for kind in kinds_by_name().values()),
    *(Binding(kind, "example.com") for kind in DomainNames.kinds),
)
ZONE = Zone("Z1", "example.com")


def stored(clients: Clients) -> ServerCertificates:
    return ServerCertificates(lambda: clients.any("iam", REGION))


def exports(clients: Clients) -> SecretsManagerExports:
    return SecretsManagerExports(partial(clients.any, "secretsmanager"))


#: The calls of the adapters, by name.
ASKED: dict[str, Callable[[Clients], object]] = {
    "list": lambda c: list(AcmCertificates(c.any("acm", REGION)).list_all()),
    "search": lambda c: AcmCertificates(c.any("acm", REGION)).renewals(NOW, NOW),
    "describe": lambda c: AcmCertificates(c.any("acm", REGION)).describe(ONE),
    "imported": lambda c: AcmCertificates(c.any("acm", REGION)).imported_version(ONE),
    "tags": lambda c: AcmCertificates(c.any("acm", REGION)).tags(ONE),
    "tag index": lambda c: TagIndex(partial(c.any, "resourcegroupstaggingapi", REGION)).tags_of(
        [ONE]
    ),
    "request": lambda c: AcmCertificates(c.any("acm", REGION)).request(
        CertificateRequest(names=("example.com",), region=REGION)
    ),
    "migration": lambda c: AcmCertificates(c.any("acm", REGION)).migration_records(ONE),
    "export": lambda c: AcmCertificates(c.any("acm", REGION)).export(ONE, SecretStr("passphrase")),
    "authorities": lambda c: list(Authorities(lambda: c.any("acm-pca", REGION)).list_all()),
    "authority": lambda c: Authorities(lambda: c.any("acm-pca", REGION)).describe(KEPT),
    "server certificates": lambda c: list(
        ServerCertificates(lambda: c.any("iam", REGION)).list_all()
    ),
    "server certificate": lambda c: stored(c).describe(KEPT),
    "accounts": lambda c: list(AwsOrganization(lambda: c.any("organizations", REGION)).accounts()),
    "zones": lambda c: Route53Dns(HostedZones(c.route53), ()).public_zones(),
    "records": lambda c: Route53Dns(HostedZones(c.route53), ()).records_at(ZONE, "example.com"),
    "users": lambda c: users(c).names(used()),
    "consumers": lambda c: require_reported(users(c).find(used())),
    **{
        f"held by {binding.key}": lambda c, binding=binding: users(c).current(binding)  # type: ignore[misc] # a default binds the loop's value
        for binding in BINDINGS
    },
    "confirmed subscriptions": lambda c: SnsTopic(
        lambda: c.any("sns", REGION), "arn:aws:sns:x:1:t"
    ).confirmed_subscriptions(),
    "versions": lambda c: exports(c).stages(SECRET),
    "passphrase": lambda c: exports(c).passphrase(SECRET),
    "source": lambda c: SecretsManagerImports(partial(c.any, "secretsmanager")).open(SECRET),
    "documents": lambda c: S3Documents(partial(c.any, "s3", REGION), "runs", "p/").names(
        "accounts/"
    ),
}


@pytest.mark.parametrize("what", ASKED)
@fuzzed(25, seed=seeds)
def test_a_response_is_read_or_reported_as_unreadable(aws: Aws, what: str, seed: int) -> None:
    aws.answers(Answer(seed).to)
    try:
        found = ASKED[what](aws.clients)
    except (CertificateLifecycleError, UnusableSourceError) as error:
        require_own_words(error)
        return
    except (BotoCoreError, ClientError):
        return
    assert aws.calls
    require_judged(found)


def require_reported(search: FoundBindings) -> FoundBindings:
    """Require an error of ours, or of the SDK, for each service that could not be read."""
    for error in search.errors.values():
        if not isinstance(error, (BotoCoreError, ClientError)):
            assert isinstance(error, CertificateLifecycleError)
            require_own_words(error)
    return search


def require_judged(found: object) -> None:
    """Require an assessment for all results, and no healthy verdict for unreadable ones."""
    for entry in found if isinstance(found, Iterable) else [found]:
        if not isinstance(entry, Certificate):
            continue
        assert entry.arn.count(":") >= 5
        for moment in (entry.not_before, entry.not_after, entry.created_at):
            assert moment is None or moment.tzinfo is UTC
        needs_detail(entry, Thresholds(), NOW)
        decision = assess(Observation(certificate=entry), Thresholds(), NOW)
        strange = (
            entry.status is CertificateStatus.NOT_UNDERSTOOD
            or entry.type is CertificateType.NOT_UNDERSTOOD
            or (entry.not_after is None and entry.status is CertificateStatus.ISSUED)
        )
        assert not strange or decision.verdict is not Verdict.HEALTHY


def test_an_answer_about_another_certificate_is_none(aws: Aws) -> None:
    other = {"Certificate": {"CertificateArn": CERTIFICATES[1], "Status": "ISSUED"}}
    aws.answers(lambda *_: (200, other))
    with pytest.raises(UnexpectedResponseError, match="unexpected response of DescribeCertificate"):
        AcmCertificates(aws.clients.any("acm", REGION)).describe(ONE)


def test_a_finding_that_is_rejected_without_a_code_is_reported_as_rejected(aws: Aws) -> None:
    source = Source(HERE, "certificate-lifecycle")
    answers: dict[str, dict[str, object]] = {"GetFindings": {"Findings": []}}
    refused = {"FailedCount": 1, "SuccessCount": 0, "FailedFindings": [{}]}
    aws.answers(lambda model, _: (200, answers.get(model.name, refused)))
    lost = ScopeResult(HERE.account_id, REGION, ScopeStatus.FAILED, 0, "no")
    with pytest.raises(FindingsRejectedError, match="a finding: no reason given"):
        SecurityHub(lambda: aws.clients.any("securityhub", REGION), source).publish(
            run(scopes=(lost,)), lambda: None
        )


def test_the_id_of_a_message_is_cleaned_like_all_that_aws_says(aws: Aws) -> None:
    aws.answers(lambda *_: (200, {"MessageId": "\x1b[2J1\ud800"}))
    topic = SnsTopic(lambda: aws.clients.any("sns", REGION), "arn:aws:sns:x:1:t")
    assert topic.publish(Message("subject", {"default": "text"}, {})) == "[2J1"
