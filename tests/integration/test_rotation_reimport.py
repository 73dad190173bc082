"""A certificate with an import source follows its secret despite interruptions."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.secretsmanager import SecretsManagerImports
from certificate_lifecycle.model.errors import (
    CertificateImportError,
    RotationError,
    SecretMissingError,
    SecretUnreadableError,
)
from certificate_lifecycle.policy.import_source import CertificateBundle
from tests.embedded_aws.cloud import Cloud
from tests.estates.imports import LOAD_BALANCER, Imported, imported, issued
from tests.harness.authority import CLIENT, SERVER, chain, issue_below, self_signed
from tests.integration.effects import documents
from tests.integration.invocation import (
    NOW,
    Function,
    KilledError,
    Wire,
    calls,
    kill,
    make_ledger,
    scheduled,
)

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients")]

DAY = timedelta(days=1)
SOON = NOW + 20 * DAY
LATER = NOW + 300 * DAY
LATEST = NOW + 330 * DAY


@pytest.fixture
def shop(cloud: Cloud, environment: pytest.MonkeyPatch, ledger_table: str) -> Imported:
    del ledger_table
    made = imported(cloud)
    environment.setenv("IMPORT_SOURCES", made.sources)
    cloud.forget_calls()
    return made


def effects(rotation: Function) -> list[str]:
    """Return the writes of the last run outside of the state table."""
    return [write for write in rotation.writes if write not in ("PutItem", "DeleteItem")]


def assert_imported(shop: Imported) -> None:
    """Compare with the state in which an undisturbed run leaves everything."""
    certificate = shop.certificate
    assert (certificate.not_after, certificate.status) == (LATER, "ISSUED")
    assert certificate.names == ("shop.example.com",)
    assert certificate.in_use_by == [LOAD_BALANCER]
    assert certificate.tags == {"Team": "shop"}
    assert certificate.chain_pem is not None
    assert [other.arn for other in shop.cloud.certificates.all()] == [shop.arn]


def test_a_newer_version_replaces_the_old_one_under_its_arn_with_all_that_hangs_on_it(
    rotation: Function, shop: Imported, cloud: Cloud, topic: str
) -> None:
    result = rotation(scheduled(NOW))

    assert_imported(shop)
    assert effects(rotation) == ["ImportCertificate", "Publish"]
    assert result["renewed_certificates"] == 1
    assert (
        "imported the version that expires on 2027-04-11"
        in documents(cloud, topic)[0]["actions"][0]["detail"]
    )


@pytest.mark.usefixtures("shop")
def test_a_second_run_changes_and_reports_nothing(rotation: Function) -> None:
    rotation(scheduled(NOW))
    result = rotation(scheduled(NOW + DAY))
    assert rotation.writes == ["PutItem"]  # the version that is there now
    assert result["counts"] == {"Healthy": 1}
    rotation(scheduled(NOW + 2 * DAY))
    assert rotation.writes == []


def test_mode_notify_and_a_dry_run_change_nothing(
    rotation: Function, shop: Imported, environment: pytest.MonkeyPatch
) -> None:
    rotation({"dry_run": True})
    assert rotation.writes == []
    assert "GetSecretValue" in rotation.operations
    environment.setenv("ROTATION_MODE", "notify")
    rotation(scheduled(NOW))
    assert effects(rotation) == ["Publish"]
    assert not {"GetSecretValue", "GetCertificate"} & set(rotation.operations)
    assert shop.certificate.not_after == NOW + 20 * DAY


@pytest.mark.usefixtures("ledger_table")
def test_a_secret_of_another_region_is_read_there(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    away = cloud.client("secretsmanager", region="us-east-1").create_secret(
        Name="tls", SecretString=issued(LATER).secret()
    )["ARN"]
    environment.setenv("IMPORT_SOURCES", json.dumps({shop.arn: {"secret_arn": away}}))
    rotation(scheduled(NOW))
    assert_imported(shop)


@pytest.mark.nightly
def test_a_tool_that_renews_every_two_months_keeps_the_certificate_alive_for_400_days(
    rotation: Function, shop: Imported, cloud: Cloud
) -> None:
    """Each version is imported once, and none of them is asked of ACM."""
    imports = 0
    for day in range(0, 401, 10):
        cloud.now = NOW + day * DAY
        if day % 60 == 0:
            shop.write(issued(cloud.now + 90 * DAY, lifetime=91 * DAY).secret())
        rotation(scheduled(cloud.now))
        imports += rotation.operations.count("ImportCertificate")
        assert shop.certificate.status == "ISSUED"
        assert "RequestCertificate" not in rotation.operations
    assert imports == 7


# --- Whatever happens between two calls -------------------------------------------------------

#: Calls of an undisturbed run, see the first test.
CALLS = 21
#: Those that are refused below, which is all but who uses the certificate and who is subscribed.
REFUSED = 11
#: The import itself.
REIMPORT = 16
#: Those that record what was there and what follows, the last look at ACM, and the import.
RECORDED = (12, 13, 15, REIMPORT)


def test_an_undisturbed_run_makes_as_many_calls_as_are_disturbed_below(
    rotation: Function, shop: Imported
) -> None:
    rotation(scheduled(NOW))
    assert_imported(shop)
    assert rotation.operations[0] == "Query"
    assert sorted(rotation.operations[1:6]) == [
        *("GetParametersByPath", "ListAcmeEndpoints"),
        *["ListCertificates"] * 2,
        "ListServerCertificates",
    ]
    assert rotation.operations[6:18] == [
        "DescribeCertificate",
        "ListTagsForCertificate",
        "GetCertificate",
        "GetSecretValue",
        "DescribeListeners",
        "PutItem",  # the version that was there
        "PutItem",  # the version that is about to be imported
        "PutItem",  # the intent
        "GetCertificate",
        "ImportCertificate",
        "PutItem",  # the description, for the next run
        "Publish",
    ]
    # The time of the message, and the intent that it reported, in any order.
    assert sorted(rotation.operations[18:]) == ["DeleteItem", "GetTopicAttributes", "PutItem"]
    assert len(rotation.operations) == CALLS


@pytest.mark.parametrize("number", calls(CALLS, *RECORDED))
def test_a_function_that_is_killed_after_any_call_is_made_up_for_by_the_next_run(
    rotation: Function, shop: Imported, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(scheduled(NOW))
    shop.cloud.advance(minutes=15)
    rotation(scheduled(shop.cloud.now))
    assert_imported(shop)
    shop.cloud.advance(minutes=15)
    rotation(scheduled(shop.cloud.now))
    assert effects(rotation) == []


@pytest.mark.parametrize("number", range(1, REFUSED + 1))
def test_a_call_that_aws_refuses_is_raised_and_made_up_for_by_the_next_run(
    rotation: Function, shop: Imported, number: int
) -> None:
    refuse_call(shop.cloud, number)
    with pytest.raises(RotationError, match="is incomplete"):
        rotation(scheduled(NOW))
    shop.cloud.advance(minutes=15)
    rotation(scheduled(shop.cloud.now))
    assert_imported(shop)


def refuse_call(cloud: Cloud, number: int) -> None:
    """Refuse one call, counted over all operations."""
    counted = 0

    def strikes(_: Mapping[str, Any]) -> bool:
        nonlocal counted
        counted += 1
        return counted == number

    for service, operations in {
        "acm": (
            *("ListCertificates", "DescribeCertificate", "ListTagsForCertificate"),
            *("GetCertificate", "ImportCertificate"),
        ),
        "iam": ("ListServerCertificates",),
        "secretsmanager": ("GetSecretValue",),
        "sns": ("Publish",),
        "ssm": ("GetParametersByPath",),
    }.items():
        for operation in operations:
            cloud.fail(service, operation, "AccessDenied", "not today", times=None, when=strikes)


@pytest.mark.parametrize("number", calls(CALLS, *RECORDED))
def test_a_run_that_runs_whole_inside_another_changes_nothing_about_the_end(
    rotation: Function, shop: Imported, wire: Wire, number: int
) -> None:
    results: list[dict[str, Any]] = []
    wire.strike_before(number, lambda: results.append(rotation(scheduled(NOW))))
    rotation(scheduled(NOW))
    assert_imported(shop)
    rotation(scheduled(NOW))
    assert "ImportCertificate" not in rotation.operations


@pytest.mark.parametrize("number", calls(CALLS, *RECORDED))
def test_a_secret_that_moves_on_in_between_wins_at_once_or_in_the_next_run(
    rotation: Function, shop: Imported, wire: Wire, number: int
) -> None:
    """Once a run has recorded its import, another one leaves the certificate to it."""

    def overtake() -> None:
        shop.write(issued(LATEST).secret())
        rotation(scheduled(NOW))

    wire.strike_before(number, overtake)
    rotation(scheduled(NOW))
    assert shop.certificate.not_after in (LATER, LATEST)
    rotation(scheduled(NOW))
    assert shop.certificate.not_after == LATEST
    rotation(scheduled(NOW))
    assert "ImportCertificate" not in rotation.operations


# --- What a person imports --------------------------------------------------------------------


def certificate_there(shop: Imported) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = shop.cloud.client("acm").get_certificate(CertificateArn=shop.arn)
    return answer


def reimports(rotation: Function, cloud: Cloud, days: int = 1) -> int:
    """Run once a day and count the imports."""
    count = 0
    for _ in range(days):
        cloud.advance(days=1)
        rotation(scheduled(cloud.now))
        count += rotation.operations.count("ImportCertificate")
    return count


@pytest.mark.parametrize("lifetime", [81, 400], ids=["issued later", "issued earlier"])
def test_a_version_that_a_person_replaced_stays_replaced(
    rotation: Function, shop: Imported, cloud: Cloud, lifetime: int
) -> None:
    """The key in the secret leaked, and who replaced it does not know of the secret."""
    rotation(scheduled(NOW))
    assert_imported(shop)
    emergency = issued(NOW + 80 * DAY, lifetime=lifetime * DAY)
    shop.replace(emergency)
    assert reimports(rotation, cloud, days=3) == 0
    assert shop.certificate.certificate_pem == emergency.certificate
    (finding,) = rotation(scheduled(cloud.now))["findings"]
    assert (finding["severity"], finding["reason"]) == ("info", "SourceNotNewer")
    assert (
        "was imported before and replaced; the version in ACM, which was imported by"
        in (finding["message"])
    )
    shop.write(issued(NOW + 330 * DAY, not_before=NOW).secret())
    assert reimports(rotation, cloud) == 1
    assert shop.certificate.not_after == NOW + 330 * DAY


@pytest.mark.parametrize("number", calls(CALLS, *RECORDED))
def test_a_replaced_version_does_not_come_back_after_a_run_was_killed_at_any_call(
    rotation: Function, shop: Imported, cloud: Cloud, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(scheduled(NOW))
    imported_by_then = shop.certificate.not_after == LATER
    cloud.advance(minutes=1)
    emergency = issued(NOW + 80 * DAY, lifetime=400 * DAY)
    shop.replace(emergency)
    count = reimports(rotation, cloud, days=3)
    if imported_by_then:
        assert count == 0
        assert shop.certificate.certificate_pem == emergency.certificate
    assert count <= 1


@pytest.mark.parametrize("number", calls(CALLS, *RECORDED))
def test_a_version_that_a_person_replaces_while_a_run_goes_on_is_compared_again(
    rotation: Function, shop: Imported, cloud: Cloud, wire: Wire, number: int
) -> None:
    newest = issued(LATEST, not_before=NOW)
    wire.strike_before(number, lambda: shop.replace(newest))
    rotation(scheduled(NOW))
    # Nothing can be done between the last look at ACM and the import.
    slipped = number == REIMPORT
    assert (shop.certificate.certificate_pem == newest.certificate) is not slipped
    assert reimports(rotation, cloud, days=2) == 0


@pytest.mark.parametrize("life", [200, 100, 47])
def test_a_reissue_that_ends_earlier_is_imported(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, life: int
) -> None:
    make_ledger(cloud, environment, "eu-west-1")
    shop = imported(cloud, old=issued(NOW + 250 * DAY, lifetime=398 * DAY))
    environment.setenv("IMPORT_SOURCES", shop.sources)
    shop.write(issued(NOW + (life - 1) * DAY, lifetime=life * DAY, key_number=8).secret())
    rotation(scheduled(NOW))
    assert shop.certificate.not_after == NOW + (life - 1) * DAY


def test_a_repaired_chain_is_imported_once_and_put_back_over_no_one(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    make_ledger(cloud, environment, "eu-west-1")
    whole, (near, _) = issue_below("shop.example.com", not_after=NOW + 250 * DAY)
    shop = imported(cloud, old=whole)
    environment.setenv("IMPORT_SOURCES", shop.sources)
    shop.write(whole.secret())
    assert "CertificateChain" not in certificate_there(shop)
    assert reimports(rotation, cloud, days=3) == 1
    assert certificate_there(shop)["CertificateChain"] == whole.chain
    shop.replace(whole)
    assert reimports(rotation, cloud, days=2) == 0
    shop.replace(whole, chain=near)
    assert reimports(rotation, cloud, days=2) == 0


def test_what_its_source_may_not_do_is_said_with_what_would_allow_it(
    rotation: Function, shop: Imported, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    stranger = self_signed("shop.example.com", not_after=LATER, key_number=7)
    shop.replace(issued(SOON, "shop.example.com", "www.example.com"), chain=chain())
    shop.write(stranger.secret(chain=None))
    (finding,) = rotation(scheduled(NOW))["findings"]
    assert finding["reason"] == "SourceIncompatible"
    for word in ("fewer_names", "other_issuer", "no_chain"):
        assert f"add {word} to its allow" in finding["message"]
    assert effects(rotation) == ["Publish"]
    allowing = json.loads(shop.sources)
    allowing[shop.arn]["allow"] = ["fewer_names", "no_chain", "other_issuer"]
    environment.setenv("IMPORT_SOURCES", json.dumps(allowing))
    assert reimports(rotation, cloud) == 1
    assert shop.certificate.certificate_pem == stranger.certificate


def test_a_version_without_the_usage_for_clients_is_a_warning_and_imported_unless_it_is_required(
    rotation: Function, shop: Imported, environment: pytest.MonkeyPatch
) -> None:
    """A server that calls others with its certificate fails after such an import."""
    shop.replace(issued(NOW + 100 * DAY, purposes=[SERVER, CLIENT]))
    requiring = json.loads(shop.sources)
    requiring[shop.arn]["require_client_auth"] = True
    environment.setenv("IMPORT_SOURCES", json.dumps(requiring))
    (finding,) = rotation(scheduled(NOW))["findings"]
    assert finding["reason"] == "SourceIncompatible"
    assert shop.certificate.not_after == NOW + 100 * DAY
    environment.setenv("IMPORT_SOURCES", shop.sources)
    found = rotation(scheduled(NOW))
    assert found["findings"][0]["severity"] == "warning"
    assert found["actions"][0]["detail"].endswith(", without TLS_WEB_CLIENT_AUTHENTICATION")
    assert shop.certificate.not_after == LATER


def test_an_extension_that_acm_would_not_add_is_said_and_not_asked_for(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    make_ledger(cloud, environment, "eu-west-1")
    shop = imported(cloud, old=issued(SOON, usages=None, purposes=None))
    environment.setenv("IMPORT_SOURCES", shop.sources)
    (finding,) = rotation(scheduled(NOW))["findings"]
    assert "it adds the extension KeyUsage; it adds the extension Ext" in finding["message"]
    assert "ImportCertificate" not in rotation.operations


@pytest.mark.parametrize("order", ["NRL", "RNL", "LRN", "LNR"])
def test_a_bundle_in_any_order_is_imported(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, order: str
) -> None:
    make_ledger(cloud, environment, "eu-west-1")
    old, _ = issue_below("shop.example.com", not_after=SOON)
    shop = imported(cloud, old=old)
    environment.setenv("IMPORT_SOURCES", shop.sources)
    new, (near, root) = issue_below("shop.example.com", not_after=LATER)
    parts = {"L": new.certificate, "N": near, "R": root}
    shop.write(new.secret(certificate="".join(parts[part] for part in order), chain=None))
    rotation(scheduled(NOW))
    assert (shop.certificate.not_after, shop.certificate.chain_pem) == (LATER, near + root)


def test_a_state_table_that_cannot_be_read_imports_nothing(
    rotation: Function, shop: Imported, cloud: Cloud
) -> None:
    cloud.fail("dynamodb", "Query", "AccessDeniedException", "not today")
    with pytest.raises(RotationError, match="the state table could not be read"):
        rotation(scheduled(NOW))
    assert shop.certificate.not_after == SOON
    assert reimports(rotation, cloud) == 1


# --- Bad secrets ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda: "", "SourceInvalid", id="empty"),
        pytest.param(lambda: "MARKER", "SourceInvalid", id="no JSON"),
        pytest.param(lambda: '{"certificate": "MARKER"}', "SourceInvalid", id="fields missing"),
        pytest.param(
            lambda: issued(LATER).secret(private_key="MARKER"), "SourceInvalid", id="no key"
        ),
        pytest.param(
            lambda: issued(LATER).secret(private_key=issued(LATER, key_number=8).private_key),
            "SourceInvalid",
            id="another certificate's key",
        ),
        pytest.param(
            lambda: issued(LATER, algorithm="EC_prime256v1").secret(),
            "SourceIncompatible",
            id="another key type",
        ),
        pytest.param(
            lambda: issued(LATER, "other.example.com").secret(),
            "SourceIncompatible",
            id="other names",
        ),
        pytest.param(
            lambda: issued(LATER, usages=("digital_signature",)).secret(),
            "SourceIncompatible",
            id="a usage less",
        ),
        pytest.param(
            lambda: issued(LATER, not_before=NOW + DAY).secret(), "SourceNotYetValid", id="early"
        ),
        pytest.param(
            lambda: issued(LATER, not_before=NOW - 345 * DAY - DAY).secret(),
            "SourceNotNewer",
            id="older",
        ),
        pytest.param(lambda: issued(NOW - DAY).secret(), "SourceNotNewer", id="expired"),
    ],
)
def test_a_bad_secret_is_reported_and_stops_nothing(
    rotation: Function,
    shop: Imported,
    cloud: Cloud,
    topic: str,
    make: Callable[[], str],
    reason: str,
) -> None:
    shop.write(make() or " ")
    result = rotation(scheduled(NOW))

    (finding,) = result["findings"]
    assert (finding["verdict"], finding["reason"]) == ("ImportDue", reason)
    assert effects(rotation) == ["Publish"]
    assert shop.certificate.not_after == SOON
    assert "MARKER" not in json.dumps(documents(cloud, topic))


def test_a_binary_secret_is_reported(rotation: Function, shop: Imported) -> None:
    client = shop.cloud.client("secretsmanager")
    client.put_secret_value(SecretId=shop.secret_arn, SecretBinary=b"MARKER")
    (finding,) = rotation(scheduled(NOW))["findings"]
    assert finding["reason"] == "SourceInvalid"


def test_a_source_that_is_marked_for_deletion_is_a_finding_until_it_is_restored(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    make_ledger(cloud, environment, "eu-west-1")
    shop = imported(cloud, left=200 * DAY)
    environment.setenv("IMPORT_SOURCES", shop.sources)
    secrets = cloud.client("secretsmanager")
    secrets.delete_secret(SecretId=shop.secret_arn)
    result = rotation(scheduled(NOW))
    (finding,) = result["findings"]
    assert (finding["verdict"], finding["reason"]) == ("RenewalAtRisk", "SourceMissing")
    assert finding["severity"] == "info"
    restoring = f"restore-secret --region eu-west-1 --secret-id {shop.secret_arn}"
    assert f"restore it: `aws secretsmanager {restoring}`." in finding["message"]
    assert result["notification"]["sent"]
    secrets.restore_secret(SecretId=shop.secret_arn)
    assert reimports(rotation, cloud) == 1


@pytest.mark.parametrize(
    ("value", "deleting", "cause"),
    [
        ("a", {"RecoveryWindowInDays": 7}, "is marked for deletion; restore it"),
        ("a", {"ForceDeleteWithoutRecovery": True}, "does not exist; create it"),
        (None, None, r"has no current version \(AWSCURRENT\); write one"),
    ],
)
def test_a_missing_secret_differs_from_one_that_cannot_be_read(
    cloud: Cloud, value: str | None, deleting: Mapping[str, Any] | None, cause: str
) -> None:
    shop = imported(cloud, SecretString=value)
    if deleting is not None:
        cloud.client("secretsmanager").delete_secret(SecretId=shop.secret_arn, **deleting)
    with pytest.raises(SecretMissingError, match=f"{shop.secret_arn} {cause}"):
        SecretsManagerImports(partial(cloud.client, "secretsmanager")).open(shop.secret_arn)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("AccessDeniedException", "no way"),
        ("DecryptionFailure", "no way"),
        ("InvalidRequestException", "not across accounts"),
    ],
)
def test_an_unreadable_secret_is_reported_and_raised(
    rotation: Function, shop: Imported, cloud: Cloud, topic: str, code: str, text: str
) -> None:
    cloud.fail("secretsmanager", "GetSecretValue", code, text)
    with pytest.raises(RotationError, match=rf"cannot be read \({code}: {text}\)"):
        rotation(scheduled(NOW))
    (document,) = documents(cloud, topic)
    (finding,) = document["findings"]
    assert finding["reason"] == "SourceUnreadable"
    showing = f"get-resource-policy --region eu-west-1 --secret-id {shop.secret_arn}"
    denied = code != "InvalidRequestException"
    assert (f"`aws secretsmanager {showing}`." in finding["message"]) is denied
    assert shop.certificate.not_after == SOON


# --- Nothing shows ----------------------------------------------------------------------------


@pytest.fixture
def log(rotation: Function) -> Iterator[Callable[[], str]]:
    """Write every record of every logger, with all that hangs on it and its traceback."""
    del rotation
    stream = io.StringIO()

    class Everything(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            stream.write(f"{record.getMessage()} {vars(record)!r} {text_of(error)}\n")

    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream.getvalue
    root.removeHandler(handler)
    root.setLevel(level)


def text_of(error: BaseException | None) -> str:
    """Write an error out, with all that it was raised from or in the face of."""
    if error is None:
        return ""
    whole = "".join(traceback.format_exception(error))
    inner = f"{text_of(error.__cause__)} {text_of(error.__context__)}"
    return f"{whole} {error!r} {error.args!r} {getattr(error, '__dict__', {})!r} {inner}"


@pytest.mark.parametrize(
    ("service", "operation"),
    [(None, None), ("acm", "ImportCertificate"), ("secretsmanager", "GetSecretValue")],
    ids=["all is well", "ACM quotes what it refuses", "Secrets Manager refuses"],
)
@pytest.mark.parametrize("damage", [None, "MARKER-DAMAGE"], ids=["a good secret", "a bad secret"])
def test_no_key_and_no_secret_appears_in_anything_that_comes_out(
    rotation: Function,
    shop: Imported,
    cloud: Cloud,
    topic: str,
    log: Callable[[], str],
    service: str | None,
    operation: str | None,
    damage: str | None,
) -> None:
    newer = issued(LATER)
    fields = {"note": "MARKER-NOTE"} | ({"private_key": damage} if damage else {})
    shop.write(newer.secret(**fields))
    if service is not None and operation is not None:
        quoting = f"'{newer.private_key}' is refused" if service == "acm" else "not you"
        cloud.fail(service, operation, "ValidationException", quoting, times=None)
    try:
        out = json.dumps(rotation(scheduled(NOW)))
    except RotationError as error:
        out = text_of(error)
    out += log() + json.dumps(documents(cloud, topic))
    out += "".join(message.to("email") for message in cloud.topics.messages(topic))

    markers = ["MARKER", *newer.private_key.splitlines()[1:-1]]
    assert len(markers) > 20
    assert [marker for marker in markers if marker in out] == []
    assert "rotation finished" in out


def test_an_sdk_that_refuses_parameters_does_not_quote_them(shop: Imported) -> None:
    bad: Any = ["MARKER"]
    certificates = AcmCertificates(Clients("eu-west-1").any("acm", "eu-west-1"))
    bundle = CertificateBundle(b"x", b"y", b"z")
    bundle.private_key = bad
    with pytest.raises(CertificateImportError, match="ParamValidationError") as raised:
        certificates.reimport(shop.arn, bundle)
    assert "MARKER" not in text_of(raised.value)
    with pytest.raises(ParamValidationError, match="MARKER"):
        shop.cloud.client("acm").import_certificate(Certificate=b"x", PrivateKey=bad)


def test_an_unreachable_secret_is_one_sentence(shop: Imported) -> None:
    class Client:
        def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]:  # noqa: N803 - the API's
            raise ParamValidationError(report=f"MARKER {SecretId}")

    with pytest.raises(SecretUnreadableError, match=r"\(ParamValidationError\)$") as raised:
        SecretsManagerImports(lambda _: Client()).open(shop.secret_arn)
    assert "MARKER" not in text_of(raised.value)
