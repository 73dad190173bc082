"""How the command line behaves in a shell: help, errors, interruptions, pipes and colours."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from certificate_lifecycle.cli.main import COMMANDS
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.estates.imports import imported
from tests.harness.terminal import environment as shell
from tests.harness.terminal import type_in
from tests.integration.effects import USED, ending_in
from tests.integration.terminal import Certificates, deploy

pytestmark = pytest.mark.integration


def command_line(cloud: Cloud, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "certificate_lifecycle", *arguments],
        env=shell(cloud.environment()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(certificates: Certificates, name: str) -> None:
    ended = certificates(name, "--help")
    assert (ended.code, ended.err, ended.calls) == (0, "", [])
    assert f"Usage: certificates {name}" in ended.out


def test_the_list_of_commands_imports_neither_the_sdk_nor_rich() -> None:
    code = (
        "import sys; from certificate_lifecycle.cli.main import main; main(['--help']); "
        "sys.exit(not {'boto3', 'rich', 'dns'}.isdisjoint(sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], env=shell({}), check=True, capture_output=True)


def test_unknown_commands_and_options_end_with_two(certificates: Certificates) -> None:
    for wrong in (["scam"], ["scan", "--loud"], ["scan", "--regions", "here,there"], ["explain"]):
        ended = certificates(*wrong)
        assert (ended.code, ended.out, ended.calls) == (2, "", [])
        assert "Error: " in ended.err


def test_a_mistyped_command_or_option_is_answered_with_a_similar_one(
    certificates: Certificates,
) -> None:
    assert "Did you mean 'scan'?" in certificates("scam").err
    assert "'--region'" in certificates("scan", "--regoin", "eu-west-1").err


@pytest.mark.parametrize("name", ["explain", "plan", "drill"])
def test_an_unknown_certificate_is_one_sentence_with_similar_names(
    certificates: Certificates, cloud: Cloud, name: str
) -> None:
    cloud.certificates.add(domain_name="shop.example.com", **USED, **ending_in(cloud, 150))
    ended = certificates(name, "shp.example.com", "--quiet")
    assert ended.code == 2
    assert ended.err == (
        "Error: 'shp.example.com' is not the ARN, id or name of a certificate in account "
        "123456789012, eu-west-1; did you mean shop.example.com?\n"
    )


def test_all_invalid_values_of_an_option_are_reported(certificates: Certificates) -> None:
    ended = certificates("scan", "--regions", "here,eu-west-1,there")
    assert "'here'" in ended.err
    assert "'there'" in ended.err


def test_all_invalid_combinations_of_options_are_reported(certificates: Certificates) -> None:
    ended = certificates(
        *("scan", "--threshold-days", "3", "--accounts", "210987654321", "--external-id", "x1")
    )
    assert ended.code == 2
    for part in ("--threshold-days must be more than", "--accounts: no role", "--external-id"):
        assert part in ended.err


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_has_a_completion_script(certificates: Certificates, name: str) -> None:
    assert "_CERTIFICATES_COMPLETE" in certificates("completion", name).out


def completed(typed: str, reaching: Mapping[str, str]) -> tuple[list[str], str]:
    """Return what a press of Tab after `typed` offers, and what it writes on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "certificate_lifecycle"],
        env={
            **shell(reaching),
            "_CERTIFICATES_COMPLETE": "bash_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.removeprefix("plain,") for line in done.stdout.split()], done.stderr


def test_completion_offers_commands_options_and_values(cloud: Cloud, tmp_path: Path) -> None:
    cloud.certificates.add(domain_name="shop.example.com")
    cloud.certificates.add(domain_name="shop.example.net", region="us-east-1")
    config = tmp_path / "config"
    config.write_text("[profile team]\nregion = us-east-1\n[profile $(id)]\n", encoding="utf-8")
    reaching = {**cloud.environment(), "AWS_CONFIG_FILE": str(config)}
    for typed, offered in (
        ("certificates expl", ["explain"]),
        ("certificates scan --accou", ["--accounts"]),
        ("certificates explain sh", ["shop.example.com"]),
        ("certificates plan --region us-east-1 sh", ["shop.example.net"]),
        ("certificates scan --region eu-west-", ["eu-west-1", "eu-west-2", "eu-west-3"]),
        ("certificates scan --regions eu-west-1,us-west-2", ["eu-west-1,us-west-2"]),
        ("certificates scan --profile ", ["team"]),
        ("certificates scan --severity crit", ["critical"]),
    ):
        assert completed(typed, reaching) == (offered, ""), typed


def test_completion_is_silent_about_errors(cloud: Cloud) -> None:
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", "no", times=None)
    assert completed("certificates explain s", cloud.environment()) == ([], "")
    assert completed("certificates explain s", {}) == ([], "")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ExpiredToken", "sign in again"),
        ("InvalidClientTokenId", "The credentials are invalid"),
        ("AccessDenied", "Allow this action"),
        ("Throttling", "repeat the command later"),
    ],
)
def test_an_error_of_aws_is_printed_with_advice(
    certificates: Certificates, cloud: Cloud, code: str, advice: str
) -> None:
    cloud.fail("sts", "GetCallerIdentity", code, "no", times=None)
    ended = certificates("scan")
    assert ended.code == 3
    assert code in ended.err
    assert advice in ended.err
    assert "ClientError" not in ended.err


def test_an_error_of_the_network_is_printed_with_advice_and_a_bug_says_so(
    certificates: Certificates, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    ended = certificates("scan")
    assert ended.code == 3
    assert ended.err.startswith("Error: Could not connect to the endpoint URL")
    assert "Check the network, the proxy" in ended.err

    def broken(_: object) -> None:
        raise KeyError("settings")

    environment.setattr("certificate_lifecycle.cli.scanning.open_session", broken)
    ended = certificates("scan")
    assert ended.code == 3
    assert ended.err.startswith("Error: unexpected key error: 'settings'\nThis is a bug.")


def test_missing_credentials_or_region_are_reported(
    certificates: Certificates, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("AWS_ACCESS_KEY_ID")
    environment.delenv("AWS_SECRET_ACCESS_KEY")
    assert "aws configure" in certificates("scan").err
    environment.delenv("AWS_REGION")
    environment.delenv("AWS_DEFAULT_REGION")
    ended = certificates("scan")
    assert ended.code == 2
    assert "no region is set" in ended.err


def test_a_profile_can_assume_a_role_and_an_unknown_profile_is_reported(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The profile assumes a role of the second account."""
    cloud.certificates.add(type="IMPORTED", account="210987654321", **USED, **ending_in(cloud, 3))
    config = tmp_path / "config"
    config.write_text(
        "[profile other]\nregion = eu-west-1\ncredential_source = Environment\n"
        "role_arn = arn:aws:iam::210987654321:role/reader\n",
        encoding="utf-8",
    )
    environment.setenv("AWS_CONFIG_FILE", str(config))
    environment.setenv("HOME", str(tmp_path))
    document = certificates("scan", "--profile", "other", "-o", "json").document
    assert [finding["account_id"] for finding in document["findings"]] == ["210987654321"]
    # The credentials are cached, as in the AWS CLI.
    again = certificates("scan", "--profile", "other")
    assert "AssumeRole" not in {call.operation for call in again.calls}
    ended = certificates("scan", "--profile", "nobody")
    assert ended.code == 2
    assert "aws configure list-profiles" in ended.err


def test_other_accounts_are_reached_through_the_role_that_is_named(
    certificates: Certificates, cloud: Cloud
) -> None:
    for account in ("123456789012", "210987654321"):
        cloud.certificates.add(type="IMPORTED", account=account, **USED, **ending_in(cloud, 3))
    both = "123456789012,210987654321"
    ended = certificates("scan", "--accounts", both, "--role-name", "reader", "-o", "json")
    found = [finding["account_id"] for finding in ended.document["findings"]]
    assert sorted(found) == ["123456789012", "210987654321"]
    only = certificates("scan", "--accounts", "210987654321", "--role-name", "reader", "-o", "json")
    assert [scope["account_id"] for scope in only.document["scopes"]] == ["210987654321"]


def test_the_first_interrupt_stops_and_prints_the_results(cloud: Cloud) -> None:
    showcase.fill(cloud)
    cloud.now = None
    cloud.latency = 0.3
    child = command_line(cloud, "scan")
    wait_for(cloud, "DescribeCertificate")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Stopping after the current call" in err
    assert "Interrupted: " in out
    assert "Traceback" not in err


@pytest.mark.nightly
def test_a_second_interrupt_ends_it_at_once(cloud: Cloud) -> None:
    showcase.fill(cloud)
    cloud.latency = 3.0
    child = command_line(cloud, "scan")
    wait_for(cloud, "ListCertificates")
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    started = time.monotonic()
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert time.monotonic() - started < 2.5


def wait_for(cloud: Cloud, operation: str) -> None:
    """Wait until a command in another process has made a call."""
    ends = time.monotonic() + 60
    while not any(call.operation == operation for call in cloud.calls):
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_closed_pipe_is_no_error(cloud: Cloud) -> None:
    showcase.fill(cloud)
    script = "$PYTHON -m certificate_lifecycle scan --all | head -n 1; echo ${PIPESTATUS[0]}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**shell(cloud.environment()), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].startswith("SEVERITY")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_colours_are_for_terminals_without_no_color(cloud: Cloud) -> None:
    cloud.now = None
    cloud.certificates.add(type="IMPORTED", not_after=cloud.now + timedelta(days=3), **USED)
    coloured = type_in(["scan"], cloud.environment())
    assert "\x1b[1;31mcritical" in coloured.raw
    plain = type_in(["scan"], {**cloud.environment(), "NO_COLOR": "1"})
    assert "\x1b[1;31m" not in plain.raw
    assert coloured.screen == plain.screen


def test_verbose_logs_each_call_and_certificate_on_one_line_of_standard_error(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.certificates.add(domain_name="shop.example.com", **USED, **ending_in(cloud, 30))
    cloud.certificates.add(account="210987654321", **USED, **ending_in(cloud, 30))
    cloud.fail("acm", "ListCertificates", "ThrottlingException", "no", times=1)
    other = ("--accounts", "123456789012,210987654321", "--role-name", "reader")
    ended = certificates("scan", "--verbose", "-o", "json", "--regions", "eu-west-1", *other)
    assert ended.document["findings"]
    lines = [line for line in ended.err.splitlines() if " DEBUG call to AWS " in line]
    logged = [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]
    made = Counter(call.operation for call in ended.calls if call.error is None)
    assert Counter(entry["operation"] for entry in logged) >= made
    listing = next(entry for entry in logged if entry["operation"] == "ListCertificates")
    assert (listing["service"], listing["region"]) == ("acm", "eu-west-1")
    assert int(listing["milliseconds"]) >= 0
    assert "1" in {entry["retries"] for entry in logged}
    assert all(entry["request_id"] for entry in logged)
    assert "domain_name=shop.example.com" in ended.err


def test_verbose_logs_no_parameter_and_no_result_of_a_call(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    deploy(cloud, environment, IMPORT_SOURCES=shop.sources)
    ended = certificates("scan", "--verbose", "-o", "json")
    assert "operation=GetSecretValue" in ended.err
    for name in ("PRIVATE KEY", "BEGIN CERTIFICATE", "SecretString", shop.secret_arn):
        assert name not in ended.err
