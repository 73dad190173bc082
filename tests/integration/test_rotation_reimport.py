"""A certificate with an import source follows its secret despite interruptions."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.secretsmanager import SecretsManagerImports
from certificate_lifecycle.model.errors import (
    CertificateImportError,
    RotationError,
    SecretUnreadableError,
)
from certificate_lifecycle.policy.import_source import CertificateBundle
from tests.embedded_aws.cloud import Cloud
from tests.estates.imports import LOAD_BALANCER, Imported, imported, issued
from tests.integration.effects import documents
from tests.integration.invocation import NOW, Function, KilledError, Wire, calls, kill, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients")]

DAY = timedelta(days=1)
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
CALLS = 17
#: Those that are refused below, which is all but who uses the certificate and who is subscribed.
REFUSED = 9
#: Those that record what was there and what follows, and the import itself.
RECORDED = (9, 11, 12, 13)


def test_an_undisturbed_run_makes_as_many_calls_as_are_disturbed_below(
    rotation: Function, shop: Imported
) -> None:
    rotation(scheduled(NOW))
    assert_imported(shop)
    assert rotation.operations == [
        "Query",
        "ListCertificates",
        "ListServerCertificates",
        "DescribeCertificate",
        "ListTagsForCertificate",
        "GetCertificate",
        "GetSecretValue",
        "DescribeListeners",
        "PutItem",  # the version that was there
        "GetCertificate",
        "PutItem",  # the version that is about to be imported
        "PutItem",  # the intent
        "ImportCertificate",
        "Publish",
        "PutItem",  # the time of the message
        "DeleteItem",
        "GetTopicAttributes",
    ]
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


# --- Bad secrets ------------------------------------------------------------------------------

SOON = NOW + 20 * DAY


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


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "DecryptionFailure"])
def test_an_unreadable_secret_is_reported_and_raised(
    rotation: Function, shop: Imported, cloud: Cloud, topic: str, code: str
) -> None:
    cloud.fail("secretsmanager", "GetSecretValue", code, "no way")
    with pytest.raises(RotationError, match=rf"cannot be read \({code}: no way\)"):
        rotation(scheduled(NOW))
    (document,) = documents(cloud, topic)
    assert document["findings"][0]["reason"] == "SourceUnreadable"
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
