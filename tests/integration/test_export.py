"""Certificates for servers outside AWS: renewed in time, and written to their secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports
from certificate_lifecycle.model.errors import ExportError, RotationError
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.export import version_token
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import documents
from tests.integration.exports import PASSPHRASE, Exported, put_exported
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = pytest.mark.integration

EVENT = scheduled(NOW)


@pytest.fixture(autouse=True)
def only_we_renew(cloud: Cloud) -> None:
    cloud.certificates.managed_renewal = False


@pytest.fixture
def given(cloud: Cloud, environment: pytest.MonkeyPatch) -> Callable[..., Exported]:
    """Make a certificate with a target, and configure it."""

    def give(days: float, *, renew_public: bool = False, **details: Any) -> Exported:  # noqa: ANN401 - any attribute of a certificate
        exported = put_exported(cloud, days, **details)
        environment.setenv("EXPORT_TARGETS", exported.environment(renew_public=renew_public))
        cloud.forget_calls()
        return exported

    return give


def later(cloud: Cloud, **duration: float) -> Mapping[str, Any]:
    return scheduled(cloud.advance(**duration))


PUBLIC: Mapping[str, Any] = {
    "type": "AMAZON_ISSUED",
    "export_option": "ENABLED",
    "not_before": NOW - timedelta(days=178),
    "not_after": NOW + timedelta(days=20),
}


def test_a_certificate_is_written_to_its_target_and_its_key_needs_the_passphrase(
    rotation: Function, given: Callable[..., Exported]
) -> None:
    exported = given(200)
    result = rotation(EVENT)
    exported.assert_up_to_date()
    (action,) = result["actions"]
    assert (action["action"], action["outcome"]) == ("Export", "done")
    assert exported.secret_arn in action["detail"]
    assert (exported.renewals, result["renewed_certificates"]) == (0, 0)


def test_a_second_run_only_reads(rotation: Function, given: Callable[..., Exported]) -> None:
    exported = given(200)
    rotation(EVENT)
    result = rotation(EVENT)
    assert rotation.writes == []
    assert {"ExportCertificate", "GetSecretValue"}.isdisjoint(rotation.operations)
    assert result["counts"] == {"Healthy": 1}
    assert len(exported.versions) == 1


def test_the_value_of_a_target_is_never_read(
    rotation: Function, cloud: Cloud, given: Callable[..., Exported]
) -> None:
    exported = given(20)
    rotation(EVENT)
    rotation(later(cloud, days=2))
    read = {call.resources for call in cloud.calls if call.operation == "GetSecretValue"}
    assert read == {(exported.passphrase_arn,)}


def test_a_managed_renewal_is_exported(
    rotation: Function, cloud: Cloud, given: Callable[..., Exported]
) -> None:
    exported = given(100)
    rotation(EVENT)
    first = exported.serial
    cloud.certificates.managed_renewal = True
    for _ in range(50):
        result = rotation(later(cloud, days=1))
    assert exported.serial != first
    exported.assert_up_to_date()
    assert exported.renewals == 0
    assert result["counts"] == {"Healthy": 1}


def test_a_private_copy_near_its_end_is_renewed_once_and_exported_when_it_is_there(
    rotation: Function, cloud: Cloud, given: Callable[..., Exported]
) -> None:
    exported = given(20)
    result = rotation(EVENT)
    first = exported.serial
    assert result["actions"][0]["outcome"] == "started"
    assert result["renewed_certificates"] == 1
    for _ in range(3):
        rotation(later(cloud, hours=12))
    assert exported.serial != first
    exported.assert_up_to_date()
    assert exported.renewals == 1


def test_a_public_copy_near_its_end_is_left_to_acm_unless_money_may_be_spent(
    rotation: Function, environment: pytest.MonkeyPatch, given: Callable[..., Exported]
) -> None:
    exported = given(20, **PUBLIC)
    rotation(EVENT)
    assert rotation(EVENT)["actions"][0]["outcome"] == "advised"
    assert exported.renewals == 0

    environment.setenv("EXPORT_TARGETS", exported.environment(renew_public=True))
    assert rotation(EVENT)["renewed_certificates"] == 1
    rotation(EVENT)
    assert exported.renewals == 1


def test_mode_notify_reports_and_uses_no_secret(
    rotation: Function, environment: pytest.MonkeyPatch, given: Callable[..., Exported]
) -> None:
    exported = given(20, exported=True)
    environment.setenv("ROTATION_MODE", "notify")
    result = rotation(EVENT)
    assert result["counts"] == {"ExportDue": 1}
    assert not [call for call in rotation.calls if call.service == "secretsmanager"]
    assert (rotation.writes, exported.versions) == (["Publish"], {})


def test_a_dry_run_reads_and_writes_nothing(
    rotation: Function, given: Callable[..., Exported]
) -> None:
    exported = given(20)
    result = rotation({"dry_run": True})
    assert result["actions"][0]["outcome"] == "planned"
    assert (rotation.writes, exported.versions) == ([], {})


def test_a_rollback_is_not_changed_and_reported(
    rotation: Function, cloud: Cloud, given: Callable[..., Exported]
) -> None:
    exported = given(200)
    client = cloud.client("secretsmanager")
    old = client.put_secret_value(SecretId=exported.secret_arn, SecretString="{}")["VersionId"]
    rotation(EVENT)
    client.update_secret_version_stage(
        SecretId=exported.secret_arn,
        VersionStage="AWSCURRENT",
        MoveToVersionId=old,
        RemoveFromVersionId=version_token(exported.arn, exported.serial),
    )
    result = rotation(EVENT)
    assert result["findings"][0]["reason"] == "ExportRolledBack"
    assert result["notification"]["sent"]
    assert rotation.writes == ["Publish"]
    assert exported.held == {}


def test_a_public_certificate_of_old_is_a_clear_finding(
    rotation: Function, given: Callable[..., Exported]
) -> None:
    given(200, type="AMAZON_ISSUED", created_at=NOW - timedelta(days=400))
    result = rotation(EVENT)
    (finding,) = result["findings"]
    assert finding["reason"] == "ExportNotPossible"
    assert "requested before 2025-06-17" in finding["message"]
    assert rotation.writes == ["Publish"]


def test_the_certificate_of_an_acme_client_is_not_exported(
    rotation: Function, given: Callable[..., Exported]
) -> None:
    exported = given(200, key_pair_origin="ACME")
    (found,) = rotation(EVENT)["findings"]
    assert (found["reason"], found["action"]) == ("ManagedByAcmeClient", "Investigate")
    assert "cannot be exported" in found["message"]
    assert exported.versions == {}


def test_secrets_may_live_in_another_region(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    arn = cloud.certificates.add(type="PRIVATE")
    client = cloud.client("secretsmanager", region="us-east-1")
    target = {
        "secret_arn": client.create_secret(Name="edge")["ARN"],
        "passphrase_secret_arn": client.create_secret(Name="p", SecretString=PASSPHRASE)["ARN"],
    }
    environment.setenv("EXPORT_TARGETS", json.dumps({arn: target}))
    rotation(EVENT)
    assert "serial" in client.get_secret_value(SecretId=target["secret_arn"])["SecretString"]


def test_one_target_that_cannot_be_read_is_not_called_healthy_and_stops_no_other(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch
) -> None:
    exported = put_exported(cloud, 200)
    other = cloud.certificates.add(type="PRIVATE", domain_name="other.example.com")
    closed = f"{exported.secret_arn[:-7]}-closed-AbCd12"
    targets = json.loads(exported.environment())
    targets[other] = {**targets[exported.arn], "secret_arn": closed}
    environment.setenv("EXPORT_TARGETS", json.dumps(targets))
    cloud.fail(
        "secretsmanager",
        "DescribeSecret",
        "AccessDeniedException",
        times=None,
        when=lambda sent: sent["SecretId"] == closed,
    )
    with pytest.raises(RotationError, match=f"DescribeSecret of {closed} was refused"):
        rotation(EVENT)
    exported.assert_up_to_date()
    (document,) = documents(cloud, topic)
    (found,) = [entry for entry in document["findings"] if entry["certificate_arn"] == other]
    assert (found["verdict"], found["reason"]) == ("Unknown", "ExportTargetUnreadable")
    showing = f"get-resource-policy --region eu-west-1 --secret-id {closed}"
    assert f"`aws secretsmanager {showing}`." in found["message"]


# --- A target that is gone ----------------------------------------------------------------------


def missing_target(rotation: Function, cloud: Cloud, days: float = 1) -> tuple[str, str, str]:
    """Run later, without an export, and return the verdict, severity and message of the finding."""
    result = rotation(later(cloud, days=days))
    (finding,) = result["findings"]
    assert finding["reason"] == "ExportSecretMissing"
    assert {"ExportCertificate", "RenewCertificate"}.isdisjoint(rotation.operations)
    return finding["verdict"], finding["severity"], finding["message"]


def test_a_target_that_is_marked_for_deletion_is_found_months_before_the_next_export(
    rotation: Function, cloud: Cloud, given: Callable[..., Exported]
) -> None:
    exported = given(200, exported=True)
    rotation(EVENT)
    secrets = cloud.client("secretsmanager")
    secrets.delete_secret(SecretId=exported.secret_arn)
    verdict, severity, text = missing_target(rotation, cloud)
    assert (verdict, severity) == ("RenewalAtRisk", "info")
    restoring = f"restore-secret --region eu-west-1 --secret-id {exported.secret_arn}"
    assert f"is marked for deletion; restore it: `aws secretsmanager {restoring}`." in text
    assert rotation.operations.count("DescribeSecret") == 1
    assert missing_target(rotation, cloud, days=130)[:2] == ("RenewalAtRisk", "warning")
    assert missing_target(rotation, cloud, days=45)[:2] == ("ExportDue", "warning")
    secrets.restore_secret(SecretId=exported.secret_arn)
    assert rotation(later(cloud, days=1))["renewed_certificates"] == 1


def test_a_target_that_does_not_exist_is_found_before_the_first_export(
    rotation: Function, cloud: Cloud, given: Callable[..., Exported]
) -> None:
    exported = given(200)
    cloud.client("secretsmanager").delete_secret(
        SecretId=exported.secret_arn, ForceDeleteWithoutRecovery=True
    )
    verdict, severity, text = missing_target(rotation, cloud)
    assert (verdict, severity) == ("RenewalAtRisk", "info")
    assert (
        f"the secret {exported.secret_arn} does not exist; create it and name its new ARN in "
        "export_targets: `aws secretsmanager create-secret --region eu-west-1 --name edge`."
    ) in text


# --- Nothing that is secret gets out ----------------------------------------------------------

MARKER = "TELLTALE"


@pytest.fixture
def said(
    rotation: Function, cloud: Cloud, topic: str, caplog: pytest.LogCaptureFixture
) -> Callable[[], str]:
    """Run at the loudest log level, and return everything that came out."""
    caplog.set_level(logging.DEBUG)

    def run() -> str:
        # The calls that prepared the test are not the function's.
        caplog.clear()
        try:
            out = json.dumps(rotation(EVENT))
        except RotationError as error:
            chain: list[BaseException | None] = [error]
            while chain[-1] is not None:
                chain.append(chain[-1].__cause__ or chain[-1].__context__)
            out = " ".join(repr(link) for link in chain)
        messages = [
            message.to(protocol)
            for message in cloud.topics.messages(topic)
            for protocol in ("email", "https", "sqs", "lambda")
        ]
        formatter = logging.Formatter()
        logs = [f"{formatter.format(record)} {vars(record)}" for record in caplog.records]
        return " ".join([out, *messages, *logs])

    return run


def key_lines(exported: Exported) -> list[str]:
    """Return the lines of the key that was written, without those that every key has."""
    return [line for line in exported.held["private_key"].splitlines() if len(line) > 30]


def test_neither_passphrase_nor_key_is_in_anything_that_comes_out(
    given: Callable[..., Exported], said: Callable[[], str]
) -> None:
    exported = given(20, passphrase=f"{MARKER} {PASSPHRASE}")
    everything = said()
    assert exported.secret_arn in everything
    lines = key_lines(exported)
    assert lines
    assert not [secret for secret in [MARKER, "PRIVATE KEY", *lines] if secret in everything]


@pytest.mark.parametrize(
    "passphrase", [f"{MARKER}#", f"{MARKER}ü", MARKER * 20], ids=["refused", "foreign", "long"]
)
def test_a_bad_passphrase_is_an_action_that_failed_and_is_not_shown(
    given: Callable[..., Exported], said: Callable[[], str], passphrase: str
) -> None:
    exported = given(200, passphrase=passphrase)
    everything = said()
    assert f"the passphrase in {exported.passphrase_arn} must " in everything
    assert MARKER not in everything
    assert exported.versions == {}


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("acm", "ExportCertificate"),
        ("secretsmanager", "GetSecretValue"),
        ("secretsmanager", "PutSecretValue"),
    ],
)
def test_a_refusal_that_quotes_the_request_is_reported_by_its_code(
    given: Callable[..., Exported],
    said: Callable[[], str],
    cloud: Cloud,
    service: str,
    operation: str,
) -> None:
    given(200)
    message = f"Value '{MARKER}' at 'secretString' failed to satisfy constraint"
    cloud.fail(service, operation, "ValidationException", message, times=None)
    everything = said()
    assert "ValidationException" in everything
    assert MARKER not in everything


# --- The adapters -----------------------------------------------------------------------------


class Refusing:
    """A client that refuses every call and quotes its parameters, as the SDK does."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(**_: object) -> Any:  # noqa: ANN401 - never returns
            raise self._error

        return refuse


REPEATING = ParamValidationError(report=f"Invalid type, value: {MARKER}")


@pytest.mark.parametrize(
    "call",
    [
        lambda client: AcmCertificates(client).export("arn", SecretStr("x")),
        lambda client: secrets(client).stages(SECRET),
        lambda client: secrets(client).passphrase(SECRET),
        lambda client: secrets(client).put(SECRET, "token", SecretStr("x")),
    ],
    ids=["export", "stages", "passphrase", "put"],
)
def test_a_refusal_of_the_sdk_is_not_quoted(call: Callable[[Any], object]) -> None:
    with pytest.raises(ExportError, match=r"the SDK .*: ParamValidationError$") as refused:
        call(Refusing(REPEATING))
    assert MARKER not in str(refused.value)
    assert refused.value.__suppress_context__


SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:edge-AbCd12"


def secrets(client: Any) -> SecretsManagerExports:  # noqa: ANN401 - stands for a client
    return SecretsManagerExports(lambda _: client)


def test_a_refusal_that_the_user_can_fix_is_reported_in_full(cloud: Cloud) -> None:
    client = cloud.client("secretsmanager")
    cloud.fail("secretsmanager", "PutSecretValue", "AccessDeniedException", "no kms:Decrypt")
    with pytest.raises(ExportError, match=r"PutSecretValue of .* AccessDenied.*no kms:Decrypt"):
        secrets(client).put(SECRET, "t" * 64, SecretStr("x"))


def test_a_secret_without_text_has_no_passphrase(cloud: Cloud) -> None:
    client = cloud.client("secretsmanager")
    arn = client.create_secret(Name="binary", SecretBinary=b"correct horse")["ARN"]
    with pytest.raises(ExportError, match="has no text"):
        secrets(client).passphrase(arn)


def test_a_refused_renewal_is_not_one_in_progress(cloud: Cloud) -> None:
    arn = cloud.certificates.add()
    with pytest.raises(ClientError, match="not eligible"):
        AcmCertificates(cloud.client("acm")).renew(arn)


def test_the_serial_number_is_what_acm_says(cloud: Cloud) -> None:
    arn = cloud.certificates.add()
    described = AcmCertificates(cloud.client("acm")).describe(arn)
    assert described.detail.serial == cloud.certificates.get(arn).serial
