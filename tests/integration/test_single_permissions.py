"""What a principal with one single permission can make this module do, and what not.

Each test holds one line of SECURITY.md, "What each permission alone allows", by trying it: with a
role that has this permission and no other, against functions that may do everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.errors import (
    CertificateInUseError,
    ConfigurationError,
    DeletionRefusedError,
    RotationError,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.import_history import ImportHistory
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from tests.embedded_aws.cloud import Cloud
from tests.estates.imports import imported, issued
from tests.harness import authority
from tests.harness.security_lines import proves
from tests.integration.declarations import declare, pointer_name
from tests.integration.effects import (
    OURS,
    USED,
    documents,
    ending_in,
    exists,
    import_document,
    put_records,
    texts_sent,
    wanted_records,
)
from tests.integration.invocation import Function, make_ledger, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "eager")]

HOME, ACCOUNT = "eu-west-1", "123456789012"
NAME = "shop.example.com"
INSTANCE = "certificate-lifecycle"
REPLACES, REPLACED_BY = f"{INSTANCE}:replaces", f"{INSTANCE}:replaced-by"
MUTE, MODE = f"{INSTANCE}:mute-until", f"{INSTANCE}:mode"
AUTHORITY, OTHER_AUTHORITY = (
    f"arn:aws:acm-pca:{HOME}:{ACCOUNT}:certificate-authority/{name}" for name in ("a", "b")
)
DAY = timedelta(days=1)
TABLE = "certificate-lifecycle-ledger"

TAG = "acm:AddTagsToCertificate"
IMPORT = "acm:ImportCertificate"
REQUEST = "acm:RequestCertificate"
WRITE_PARAMETER = "ssm:PutParameter"
WRITE_SECRET = "secretsmanager:PutSecretValue"
PUBLISH = "sns:Publish"
INVOKE = "lambda:InvokeFunction"
WRITE_ITEM = "dynamodb:PutItem"
WRITE_RECORDS = "route53:ChangeResourceRecordSets"


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add("example.com")


@pytest.fixture
def eager(cloud: Cloud, environment: pytest.MonkeyPatch, rotation: Function, zone: str) -> None:
    """Let the function do all that its settings can allow."""
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "1")
    make_ledger(cloud, environment, HOME)
    del rotation, zone


def holder(cloud: Cloud, permission: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Return a client of a role that has this permission and no other."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
    allow = {"Effect": "Allow", "Action": permission, "Resource": "*"}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="holder", AssumeRolePolicyDocument=_policy(trust))["Role"]
    iam.put_role_policy(RoleName="holder", PolicyName="one", PolicyDocument=_policy(allow))
    return cloud.client(permission.partition(":")[0], role_arn=role["Arn"])


def _policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def run(rotation: Function, cloud: Cloud, days: int = 5) -> None:
    """Run daily; a run that fails has reported why."""
    for _ in range(days):
        try:
            rotation(scheduled(cloud.now))
        except RotationError:
            assert cloud.topics.messages(rotation_topic(cloud))
        cloud.advance(days=1)


def rotation_topic(cloud: Cloud) -> str:
    (topic,) = cloud.client("sns").list_topics()["Topics"]
    return str(topic["TopicArn"])


def default_of(cloud: Cloud, listener: str) -> str:
    return cloud.consumers.listener_certificates(listener)[0]


def sent(cloud: Cloud) -> str:
    return texts_sent(cloud, rotation_topic(cloud))


def tag(cloud: Cloud, arn: str, **tags: str) -> None:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    holder(cloud, TAG).add_tags_to_certificate(CertificateArn=arn, Tags=listed)


# --- acm:AddTagsToCertificate ---------------------------------------------------------------------


@proves(
    TAG,
    "Cannot move a consumer to an imported certificate, or to a private one of another CA: a tag "
    "of this module gives neither anything.",
)
@pytest.mark.parametrize("kind", ["imported", "private"])
def test_tags_move_no_consumer_to_another_issuer(
    rotation: Function, cloud: Cloud, kind: str
) -> None:
    if kind == "imported":
        old = import_document(cloud, issued(cloud.now + 20 * DAY, NAME))
        decoy = import_document(cloud, authority.self_signed(NAME, not_after=cloud.now + 300 * DAY))
    else:
        facts: dict[str, Any] = {"domain_name": NAME, "type": "PRIVATE"}
        dead = {**facts, "status": "REVOKED", "certificate_authority_arn": AUTHORITY}
        old = cloud.certificates.add(**dead, **ending_in(cloud, 100))
        decoy = cloud.certificates.add(
            **facts,
            certificate_authority_arn=OTHER_AUTHORITY,
            **ending_in(cloud, 390, lifetime=395),
        )
    listener = cloud.consumers.load_balancer(old)
    tag(cloud, decoy, **{REPLACES: old, "ManagedBy": INSTANCE, "Name": NAME})

    run(rotation, cloud)

    assert default_of(cloud, listener) != decoy


@proves(TAG, "Cannot have a certificate deleted.")
@pytest.mark.parametrize("kind", ["AMAZON_ISSUED", "IMPORTED", "PRIVATE"])
@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
def test_tags_delete_no_certificate(
    rotation: Function, cloud: Cloud, kind: str, *, used: bool
) -> None:
    facts: dict[str, Any] = {"domain_name": NAME, "type": kind}
    if kind == "PRIVATE":
        facts["certificate_authority_arn"] = AUTHORITY
    victim = cloud.certificates.add(**facts, **(USED if used else {}), **ending_in(cloud, 60))
    other = cloud.certificates.add(**facts, **ending_in(cloud, 190))
    tag(cloud, victim, **{REPLACED_BY: other, REPLACES: other, "ManagedBy": INSTANCE})

    run(rotation, cloud)

    assert exists(cloud, victim)


@proves(TAG, "Can mute a finding for at most 90 days, but not a critical one.")
def test_a_tag_mutes_for_90_days_and_nothing_critical(rotation: Function, cloud: Cloud) -> None:
    facts: dict[str, Any] = {"type": "IMPORTED", **USED}
    names = {
        "muted.example.com": (f"{cloud.now + 90 * DAY:%Y-%m-%d}", 20),
        "longer.example.com": (f"{cloud.now + 91 * DAY:%Y-%m-%d}", 20),
        "expired.example.com": (f"{cloud.now + 90 * DAY:%Y-%m-%d}", -1),
    }
    tagging = holder(cloud, TAG)
    for name, (last, days) in names.items():
        arn = cloud.certificates.add(domain_name=name, **facts, **ending_in(cloud, days))
        tags = [{"Key": MUTE, "Value": last}]
        tagging.add_tags_to_certificate(CertificateArn=arn, Tags=tags)

    result = rotation(scheduled(cloud.now))

    muted = {entry["domain_name"] for entry in result["findings"] if entry["muted_until"]}
    assert muted == {"muted.example.com"}
    assert result["open_findings"] == len(names)


@proves(
    TAG,
    "Can stop the imports of an imported certificate, by a `ManagedBy` that names another tool. "
    "The finding of the certificate says so.",
)
def test_a_tag_of_another_tool_stops_imports(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    environment.setenv("IMPORT_SOURCES", shop.sources)
    before = shop.certificate.serial
    tag(cloud, shop.arn, ManagedBy="certbot")

    result = rotation(scheduled(cloud.now))

    assert shop.certificate.serial == before
    assert result["counts"] == {"ExternallyManaged": 1}


def run_on_due(
    rotation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    tags: Mapping[str, str],
    *,
    allowed: str = "example.com",
    before: Mapping[str, str] = MappingProxyType({}),
) -> tuple[dict[str, Any], bool]:
    """Set tags on a certificate that is due; return its finding, and whether it was replaced.

    It had the tags `before`, and other certificates than those of this instance are not changed.
    """
    environment.setenv("ALLOWED_DOMAINS", json.dumps([allowed]))
    environment.setenv("UNMANAGED_ROTATION_MODE", "notify")
    facts = {**ending_in(cloud, 5), "tags": dict(before)}
    old = cloud.certificates.add(domain_name=NAME, renews=False, **facts)
    listener = cloud.consumers.load_balancer(old)
    tag(cloud, old, **tags)
    (finding,) = rotation(scheduled(cloud.now))["findings"]
    return finding, default_of(cloud, listener) != old


@proves(
    TAG,
    "Can lower what the functions do to a certificate, by `certificate-lifecycle:mode`, or by "
    "another `ManagedBy` than this instance's. The finding of the certificate says so.",
)
@pytest.mark.parametrize(
    ("tags", "permitted"), [({MODE: "off"}, "off"), ({"ManagedBy": "certbot"}, "notify")]
)
def test_tags_stop_a_replacement(
    rotation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    tags: dict[str, str],
    permitted: str,
) -> None:
    ours = {"ManagedBy": INSTANCE}
    found, replaced = run_on_due(rotation, cloud, environment, tags, before=ours)
    assert (found["permitted_mode"], replaced) == (permitted, False)


@proves(
    TAG,
    "Can make a certificate one of this instance, by `ManagedBy`, if all of its names are within "
    "the allowed domains.",
)
def test_a_tag_and_an_allowed_name_have_a_certificate_replaced(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    found, replaced = run_on_due(rotation, cloud, environment, {"ManagedBy": INSTANCE})
    assert (found["owner_kind"], replaced) == ("ours", True)


@proves(
    TAG,
    "Cannot raise what the configured modes allow for a certificate with a name outside the "
    "allowed domains.",
)
def test_no_tag_has_a_certificate_with_another_name_replaced(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    tags = {"ManagedBy": INSTANCE, MODE: "replace", REPLACES: "x"}
    found, replaced = run_on_due(rotation, cloud, environment, tags, allowed="other.example")
    assert (found["permitted_mode"], replaced) == ("notify", False)


@proves(
    TAG,
    "Can make the creation function adopt an equal certificate of another team, by a `ManagedBy` "
    "that names the instance.",
)
def test_a_tag_makes_an_equal_certificate_one_of_the_instance(
    creation: Function, cloud: Cloud
) -> None:
    theirs = cloud.certificates.add(alternative_names=["www.example.com"])
    tag(cloud, theirs, ManagedBy=INSTANCE)
    assert creation({})["certificate_arn"] == theirs


# --- acm:ImportCertificate ------------------------------------------------------------------------


@proves(
    IMPORT,
    "Cannot move a consumer to an imported certificate, and messages propose no self-signed one.",
)
def test_an_import_moves_no_consumer(rotation: Function, cloud: Cloud) -> None:
    ours = import_document(cloud, issued(cloud.now + 20 * DAY, NAME))
    acms = cloud.certificates.add(
        domain_name="api.example.com", renews=False, **ending_in(cloud, 5)
    )
    listeners = [cloud.consumers.load_balancer(arn, name=arn[-8:]) for arn in (ours, acms)]
    importing = holder(cloud, IMPORT)
    twins = []
    for name in (NAME, "api.example.com"):
        twin = authority.self_signed(name, not_after=cloud.now + 300 * DAY)
        answer = importing.import_certificate(
            Certificate=twin.certificate, PrivateKey=twin.private_key
        )
        twins.append(answer["CertificateArn"])

    run(rotation, cloud)

    assert not {default_of(cloud, listener) for listener in listeners} & set(twins)
    assert not [twin for twin in twins if f"CertificateArn={twin}" in sent(cloud)]
    assert exists(cloud, ours)


@proves(
    IMPORT,
    "Can replace the certificate of an imported ARN, without the module, which does not undo that: "
    "only a version of the import source that was issued later is imported.",
)
def test_an_import_over_an_arn_is_kept(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    environment.setenv("IMPORT_SOURCES", shop.sources)
    rotation(scheduled(cloud.now))
    theirs = issued(cloud.now + 200 * DAY, NAME, not_before=cloud.now, key_number=2)
    cloud.advance(days=1)
    holder(cloud, IMPORT).import_certificate(
        CertificateArn=shop.arn,
        Certificate=theirs.certificate,
        PrivateKey=theirs.private_key,
        CertificateChain=theirs.chain,
    )
    kept = shop.certificate.serial

    run(rotation, cloud)
    assert shop.certificate.serial == kept

    shop.write(issued(cloud.now + 300 * DAY, NAME, not_before=cloud.now).secret())
    run(rotation, cloud, days=1)
    assert shop.certificate.serial != kept


# --- acm:RequestCertificate -----------------------------------------------------------------------


def requested(cloud: Cloud, *names: str, export: str = "DISABLED") -> str:
    """Request a certificate for each name, and return the last one."""
    acm = holder(cloud, REQUEST)
    for name in names:
        answer = acm.request_certificate(
            DomainName=name, ValidationMethod="DNS", Options={"Export": export}
        )
        arn = str(answer["CertificateArn"])
        for _ in range(3):
            # ACM names the records after several seconds.
            cloud.client("acm").describe_certificate(CertificateArn=arn)
    return arn


@proves(
    REQUEST,
    "Can get a certificate for any name in the zones that the functions may write, if "
    "`unmanaged_rotation_mode` is `repair` or `replace`: these write the records of each request "
    "that has been pending for a day.",
)
def test_a_request_is_validated_after_a_day(rotation: Function, cloud: Cloud, zone: str) -> None:
    arn = requested(cloud, "anything.example.com")
    cloud.advance(days=1, hours=1)

    rotation(scheduled(cloud.now))
    cloud.advance(hours=1)

    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    assert cloud.certificates.get(arn).status == "ISSUED"


@proves(
    REQUEST, "Cannot get a certificate in mode `notify`, or for a name without a writable zone."
)
@pytest.mark.parametrize(
    ("mode", "name"), [("notify", "anything.example.com"), ("replace", "www.example.net")]
)
def test_a_request_is_not_validated(
    rotation: Function,
    cloud: Cloud,
    zone: str,
    environment: pytest.MonkeyPatch,
    mode: str,
    name: str,
) -> None:
    environment.setenv("ROTATION_MODE", mode)
    arn = requested(cloud, name)
    cloud.advance(days=1, hours=1)

    run(rotation, cloud, days=2)

    assert cloud.zones.records(zone) == {}
    assert cloud.certificates.get(arn).status != "ISSUED"


@proves(
    REQUEST,
    "Can provide the successor of a public certificate that cannot be renewed: a validated public "
    "certificate with all of its names takes over.",
)
def test_a_validated_request_takes_over(rotation: Function, cloud: Cloud, zone: str) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    put_records(cloud, zone, old)
    listener = cloud.consumers.load_balancer(old)
    arn = requested(cloud, NAME)
    cloud.advance(hours=1)

    run(rotation, cloud)

    assert default_of(cloud, listener) == arn


@proves(
    REQUEST,
    "Cannot provide a successor whose key can leave AWS, if that of the old certificate cannot.",
)
def test_an_exportable_request_does_not_take_over(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    put_records(cloud, zone, old)
    listener = cloud.consumers.load_balancer(old)
    arn = requested(cloud, NAME, export="ENABLED")
    cloud.advance(hours=1)

    run(rotation, cloud)

    assert default_of(cloud, listener) not in (arn, old)


@proves(REQUEST, "Cannot stop the actions for other certificates with many requests.")
@pytest.mark.usefixtures("zone")
def test_many_requests_stop_nothing(rotation: Function, cloud: Cloud) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    requested(cloud, *(f"n{number}.example.com" for number in range(30)))
    cloud.advance(days=1, hours=1)

    # ACM ends a request after three days.
    run(rotation, cloud, days=2)

    assert default_of(cloud, listener) != old


# --- secretsmanager:PutSecretValue on one import source -------------------------------------------


@proves(
    WRITE_SECRET,
    "Can change the certificate and the key that an ARN serves, to one of the same issuer with all "
    "names that was issued later.",
)
def test_a_later_version_of_a_source_is_served(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    environment.setenv("IMPORT_SOURCES", shop.sources)
    rotation(scheduled(cloud.now))
    before = shop.certificate.serial
    cloud.advance(days=1)
    theirs = issued(cloud.now + 200 * DAY, NAME, not_before=cloud.now, key_number=2)
    holder(cloud, WRITE_SECRET).put_secret_value(
        SecretId=shop.secret_arn, SecretString=theirs.secret()
    )

    run(rotation, cloud, days=1)

    assert shop.certificate.serial != before


@proves(
    WRITE_SECRET,
    "Can change the issuer, if the certificate in ACM has no chain or `allow` of the source "
    "contains `no_chain`: only the issuer's name and key id are compared then, which anyone can "
    "write.",
)
@pytest.mark.parametrize("allow", [(), ("no_chain",)], ids=["without a chain", "no_chain"])
def test_without_a_chain_the_name_and_key_id_of_the_issuer_decide(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, allow: tuple[str, ...]
) -> None:
    shop = imported(cloud)
    if allow:
        shop.replace(issued(cloud.now + 20 * DAY, NAME), chain=authority.chain())
    sources = json.loads(shop.sources)
    sources[shop.arn]["allow"] = list(allow)
    environment.setenv("IMPORT_SOURCES", json.dumps(sources))
    before = shop.certificate.serial
    forged = issued(
        cloud.now + 200 * DAY,
        NAME,
        not_before=cloud.now,
        signing_key=authority.private_key("EC_prime256v1", 55),
    )
    holder(cloud, WRITE_SECRET).put_secret_value(
        SecretId=shop.secret_arn, SecretString=forged.secret(chain=None)
    )

    run(rotation, cloud, days=1)

    assert shop.certificate.serial != before


FOREIGN = authority.named("Another CA")
SECRETS = ("fewer names", "another issuer", "no chain", "issued earlier", "held before")


@proves(
    WRITE_SECRET,
    "Cannot drop a name, change the issuer of a certificate with a chain, leave out the chain or "
    "return to an earlier version, unless `allow` of the source accepts the first three.",
)
@pytest.mark.parametrize("case", SECRETS)
def test_a_lesser_version_of_a_source_is_refused(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, case: str
) -> None:
    names = (NAME, "www.example.com")
    first = issued(cloud.now + 20 * DAY, *names)
    shop = imported(cloud, old=first)
    second = issued(cloud.now + 250 * DAY, *names, not_before=cloud.now - 10 * DAY)
    shop.write(second.secret())
    environment.setenv("IMPORT_SOURCES", shop.sources)
    run(rotation, cloud, days=1)
    held = shop.certificate.serial
    later = {"not_before": cloud.now}
    ends = cloud.now + 300 * DAY
    secrets: Mapping[str, Callable[[], str]] = {
        "fewer names": lambda: issued(ends, NAME, **later).secret(),
        "another issuer": lambda: issued(ends, *names, issuer=FOREIGN, **later).secret(),
        "no chain": lambda: issued(ends, *names, **later).secret(chain=None),
        "issued earlier": lambda: issued(ends, *names, not_before=cloud.now - 20 * DAY).secret(),
        "held before": first.secret,
    }
    holder(cloud, WRITE_SECRET).put_secret_value(
        SecretId=shop.secret_arn, SecretString=secrets[case]()
    )

    run(rotation, cloud)

    assert shop.certificate.serial == held


@proves(WRITE_SECRET, "Cannot move a consumer of another certificate.")
def test_a_source_moves_no_other_consumer(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud, name="a.example.com")
    environment.setenv("IMPORT_SOURCES", shop.sources)
    www = import_document(cloud, issued(cloud.now + 20 * DAY, "www.example.com"))
    listener = cloud.consumers.load_balancer(www)
    both = issued(cloud.now + 300 * DAY, "a.example.com", "www.example.com")
    holder(cloud, WRITE_SECRET).put_secret_value(
        SecretId=shop.secret_arn, SecretString=both.secret()
    )

    run(rotation, cloud)

    assert default_of(cloud, listener) == www


# --- sns:Publish ----------------------------------------------------------------------------------


@proves(
    PUBLISH,
    "Can send the subscribers any text, also one that looks like a message of this module.",
)
@proves(PUBLISH, "Cannot change what the functions find, do or send.")
def test_a_published_text_reaches_people_and_no_function(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    cloud.certificates.add(domain_name=NAME, type="IMPORTED", **USED, **ending_in(cloud, 20))
    subject = "[ok] certificate-lifecycle: all is well"
    holder(cloud, PUBLISH).publish(TopicArn=topic, Subject=subject, Message="no open finding")

    result = rotation(scheduled(cloud.now))

    forged, own = cloud.topics.messages(topic)
    assert forged.subject == subject
    assert result["counts"] == {"ImportDue": 1}
    assert NAME in own.to("email")


# --- lambda:InvokeFunction ------------------------------------------------------------------------


@proves(
    INVOKE,
    "Can start the configured scans and actions of the rotation function at any time, for all "
    "certificates or for some.",
)
def test_an_invocation_starts_the_configured_actions(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    chosen, other = (
        cloud.certificates.add(
            domain_name=f"{name}.example.com",
            renewal_status="PENDING_VALIDATION",
            **USED,
            **ending_in(cloud, 20),
        )
        for name in ("a", "b")
    )
    rotation({"certificate_arns": [chosen]})
    assert cloud.zones.records(zone) == wanted_records(cloud, chosen)
    rotation({})
    assert cloud.zones.records(zone) == wanted_records(cloud, chosen, other)


@proves(INVOKE, "Cannot use a mode, an account or a region beyond the configured ones.")
@pytest.mark.parametrize(
    "event",
    [
        {"rotation_mode": "repair"},
        {"rotation_mode": "replace"},
        {"accounts": ["210987654321"]},
        {"regions": ["us-east-1"]},
        {"certificate_arns": [f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/one"]},
        {"rebind_consumers": True},
    ],
    ids=lambda event: next(iter(event)),
)
def test_an_invocation_does_not_exceed_the_configuration(
    rotation: Function, environment: pytest.MonkeyPatch, event: Mapping[str, object]
) -> None:
    environment.setenv("ROTATION_MODE", "notify")
    with pytest.raises(ConfigurationError):
        rotation(event)
    assert rotation.calls == []


@proves(
    INVOKE,
    "Can request a certificate with the creation function, for the allowed domains and no other.",
)
def test_an_invocation_requests_for_the_allowed_domains(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    del zone
    for name in ("example.net", "notexample.com", "example.com.example.net"):
        with pytest.raises(ConfigurationError):
            creation({"domain_name": name})
    assert cloud.certificates.all() == []
    assert creation({"domain_name": "www.example.com"})["created"]


@proves(INVOKE, "Can delete an unused certificate that the instance issued and a parameter names.")
def test_an_invocation_deletes_the_certificate_of_a_parameter_only_if_it_is_unused(
    creation: Function, cloud: Cloud
) -> None:
    used = cloud.certificates.add(**OURS, **USED)
    event = {"delete": True, "parameter": declare(cloud, value=used)}
    with pytest.raises(CertificateInUseError):
        creation(event)
    assert exists(cloud, used)
    cloud.certificates.edit(used, in_use_by=[])
    assert creation(event)["deleted"]


# --- ssm:PutParameter on a parameter --------------------------------------------------------------


def mislead(cloud: Cloud, arn: str) -> None:
    """Write a parameter with this permission alone."""
    name = declare(cloud)
    holder(cloud, WRITE_PARAMETER).put_parameter(Name=name, Value=arn, Overwrite=True)


@proves(
    WRITE_PARAMETER,
    "Can have an unused certificate of the instance without a parameter deleted, when a "
    'certificate with `on_destroy = "delete"` is destroyed.',
)
def test_a_forged_parameter_deletes_a_certificate_without_a_parameter(
    creation: Function, cloud: Cloud
) -> None:
    victim = cloud.certificates.add(**OURS)
    mislead(cloud, victim)
    assert creation({"delete": True, "parameter": pointer_name()})["deleted"]
    assert not exists(cloud, victim)


@proves(
    WRITE_PARAMETER,
    "Cannot have another certificate deleted: an imported or exported one, one in use, one of "
    "another parameter, or one that the instance did not issue.",
)
@pytest.mark.parametrize(
    "facts",
    [
        {**OURS, "type": "IMPORTED"},
        {**OURS, "export_option": "ENABLED", "exported": True},
        {**OURS, **USED},
        {"tags": {**OURS["tags"], f"{INSTANCE}:parameter": pointer_name("shop")}},
        {"tags": {"ManagedBy": "another-team"}},
    ],
    ids=["imported", "exported", "used", "another parameter", "another team's"],
)
def test_a_forged_parameter_deletes_nothing_else(
    creation: Function, cloud: Cloud, facts: dict[str, Any]
) -> None:
    victim = cloud.certificates.add(**facts)
    mislead(cloud, victim)
    with suppress(CertificateInUseError, DeletionRefusedError):
        creation({"delete": True, "parameter": pointer_name()})
    assert exists(cloud, victim)


@proves(
    WRITE_PARAMETER,
    "Can give a stack another certificate with its next `terraform apply`. The rotation reports "
    "one that the instance did not issue, or that does not exist.",
)
@pytest.mark.parametrize("tags", [{"ManagedBy": "another-team"}, {}], ids=["another team's", "any"])
def test_a_forged_parameter_is_reported(
    rotation: Function, cloud: Cloud, tags: dict[str, str]
) -> None:
    mislead(cloud, cloud.certificates.add(tags=tags, **USED, **ending_in(cloud, 150)))
    run(rotation, cloud, days=1)
    assert "DeclaredMissing" in sent(cloud)


@proves(WRITE_PARAMETER, "Cannot have a consumer moved or a certificate requested by the rotation.")
@pytest.mark.usefixtures("eager")
def test_a_forged_parameter_moves_no_consumer_and_requests_nothing(
    rotation: Function, cloud: Cloud
) -> None:
    served = cloud.certificates.add(domain_name=NAME, **OURS, **ending_in(cloud, 150))
    other = cloud.certificates.add(domain_name=NAME, **OURS, **ending_in(cloud, 190))
    listener = cloud.consumers.load_balancer(served)
    mislead(cloud, other)
    run(rotation, cloud)
    assert default_of(cloud, listener) == served
    assert {entry.arn for entry in cloud.certificates.all()} == {served, other}


# --- dynamodb:PutItem on the state table ----------------------------------------------------------


def forge(cloud: Cloud, arn: str, successor: str, **details: Any) -> None:  # noqa: ANN401 - any field of a record
    """Write a replacement record like the function does, with this permission alone."""
    record = ReplacementRecord(
        certificate_arn=arn,
        successor_arn=successor,
        started_at=cloud.now - 30 * DAY,
        requested_at=cloud.now - 30 * DAY,
        **details,
    )
    table = StateTable(holder(cloud, WRITE_ITEM), TABLE, Scope(ACCOUNT, HOME))
    table.claim(record, "forged", cloud.now - DAY, cloud.now - DAY)


@proves(
    WRITE_ITEM,
    "Cannot move a consumer to an imported certificate, or to a private one of another CA.",
)
@pytest.mark.parametrize("kind", ["imported", "private"])
@pytest.mark.parametrize("state", [ReplacementState.ISSUED, ReplacementState.BOUND])
def test_a_forged_item_moves_no_consumer_to_another_issuer(
    rotation: Function, cloud: Cloud, kind: str, state: ReplacementState
) -> None:
    facts: dict[str, Any] = {"domain_name": NAME, "status": "REVOKED", **ending_in(cloud, 100)}
    if kind == "imported":
        old = cloud.certificates.add(**facts)
        decoy = import_document(cloud, authority.self_signed(NAME, not_after=cloud.now + 300 * DAY))
    else:
        facts["type"] = "PRIVATE"
        old = cloud.certificates.add(**facts, certificate_authority_arn=AUTHORITY)
        facts |= {"status": "ISSUED", **ending_in(cloud, 390, lifetime=395)}
        decoy = cloud.certificates.add(**facts, certificate_authority_arn=OTHER_AUTHORITY)
    listener = cloud.consumers.load_balancer(old)
    forge(cloud, old, decoy, state=state)

    run(rotation, cloud)

    assert default_of(cloud, listener) != decoy


@proves(WRITE_ITEM, "Cannot have a certificate deleted that is imported or in use.")
@pytest.mark.parametrize("kind", ["AMAZON_ISSUED", "IMPORTED"])
def test_a_forged_item_deletes_nothing_imported_or_used(
    rotation: Function, cloud: Cloud, kind: str
) -> None:
    used = USED if kind == "AMAZON_ISSUED" else {}
    old = cloud.certificates.add(domain_name=NAME, type=kind, **used, **ending_in(cloud, 20))
    new = cloud.certificates.add(domain_name=NAME, type=kind, **ending_in(cloud, 190))
    forge(cloud, old, new, state=ReplacementState.VERIFIED, verified_at=cloud.now - 20 * DAY)

    run(rotation, cloud)

    assert exists(cloud, old)


@proves(
    WRITE_ITEM,
    "Can, with `retire_superseded_after_days`, have an unused certificate deleted that ACM issued, "
    "if another one may take over from it.",
)
def test_a_forged_item_deletes_an_unused_certificate(rotation: Function, cloud: Cloud) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 20))
    new = cloud.certificates.add(domain_name=NAME, **USED, **ending_in(cloud, 190))
    forge(cloud, old, new, state=ReplacementState.VERIFIED, verified_at=cloud.now - 20 * DAY)

    run(rotation, cloud)

    assert not exists(cloud, old)
    assert exists(cloud, new)


@proves(
    WRITE_ITEM,
    "Can keep findings out of messages, by recording them and a message as sent. Results and "
    "metrics still show them.",
)
def test_a_forged_item_keeps_a_finding_out_of_messages(
    rotation: Function, cloud: Cloud, topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.certificates.add(
        domain_name=NAME, type="IMPORTED", **USED, **ending_in(cloud, 25, lifetime=365)
    )
    rotation(scheduled(cloud.now))
    items = [
        item
        for item in cloud.client("dynamodb").scan(TableName=TABLE)["Items"]
        if item["entry"]["S"].startswith(("told#", "message#"))
    ]
    writing = holder(cloud, WRITE_ITEM)
    capsys.readouterr()

    for _ in range(10):
        cloud.advance(days=1)
        sent_at = {"S": f"{cloud.now - timedelta(hours=1):%Y-%m-%dT%H:%M:%S.%f}+00:00"}
        for item in items:
            writing.put_item(TableName=TABLE, Item={**item, "told_at": sent_at})
        result = rotation(scheduled(cloud.now))
        assert result["counts"] == {"ImportDue": 1}
        assert '"WarningFindings": 1' in capsys.readouterr().out

    assert len(items) == 2
    assert len(cloud.topics.messages(topic)) == 1


@proves(
    WRITE_ITEM, "Can stop the imports of a source, by changing the recorded history of its ARN."
)
def test_a_forged_item_stops_an_import(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    environment.setenv("IMPORT_SOURCES", shop.sources)
    before = shop.certificate.serial
    history = ImportHistory(certificate_arn=shop.arn, forgotten_until=cloud.now + 365 * DAY)
    StateTable(holder(cloud, WRITE_ITEM), TABLE, Scope(ACCOUNT, HOME)).save_import_history(history)

    run(rotation, cloud)

    assert shop.certificate.serial == before


# --- route53:ChangeResourceRecordSets -------------------------------------------------------------


def change(cloud: Cloud, zone: str, action: str, name: str, value: str) -> None:
    record = {"Name": name, "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": value}]}
    holder(cloud, WRITE_RECORDS).change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


def blocked(cloud: Cloud) -> str:
    return cloud.certificates.add(
        domain_name=NAME, renewal_status="PENDING_VALIDATION", **USED, **ending_in(cloud, 20)
    )


@proves(
    WRITE_RECORDS,
    "Cannot stop a renewal by deleting its validation record: the modes `repair` and `replace` "
    "write it again.",
)
def test_a_deleted_record_is_written_again(rotation: Function, cloud: Cloud, zone: str) -> None:
    arn = blocked(cloud)
    put_records(cloud, zone, arn)
    (record,) = cloud.certificates.records(arn)
    change(cloud, zone, "DELETE", record.name, record.value)

    rotation(scheduled(cloud.now))

    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


@proves(
    WRITE_RECORDS,
    "Can stop a renewal with another value at the name of its record, which is reported and never "
    "overwritten.",
)
def test_a_record_with_another_value_is_kept_and_reported(
    rotation: Function, cloud: Cloud, zone: str, topic: str
) -> None:
    arn = blocked(cloud)
    (record,) = cloud.certificates.records(arn)
    change(cloud, zone, "UPSERT", record.name, "elsewhere.example.org.")
    before = cloud.zones.records(zone)

    result = rotation(scheduled(cloud.now))

    assert cloud.zones.records(zone) == before
    assert result["findings"][0]["reason"] == "ValidationRecordWrong"
    assert "elsewhere.example.org" in cloud.topics.messages(topic)[0].to("email")


# --- The role of the holder -----------------------------------------------------------------------


def test_the_role_has_its_permission_alone(cloud: Cloud) -> None:
    """Otherwise the tests above would show more than they say."""
    holder(cloud, TAG)
    role = cloud.client("iam").get_role(RoleName="holder")["Role"]["Arn"]
    acm = cloud.client("acm", role_arn=role)
    with pytest.raises(ClientError, match="not authorized"):
        acm.list_certificates()
    assert documents(cloud, rotation_topic(cloud)) == []
