"""The account of `make playground`: an embedded AWS with public DNS, in a process of its own.

`python -m tests.harness.playground_server PID FOLDER` prints the variables of the account as one
line of JSON, and serves the account until process PID has ended, or until a signal.
Every temporary file is below FOLDER, which is removed at the end.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import Gateway, HostedZones, serving_https
from tests.embedded_aws.protocol import Request
from tests.estates import front, showcase
from tests.harness.state_table import create_state_table
from tests.harness.terminal import ROOT

INSTANCE = "certificate-lifecycle"
TABLE = f"{INSTANCE}-ledger"
ARCHIVE = ROOT / "lambda" / "dist" / "certificate_lifecycle.zip"
#: A certificate of a real listener: `certificates apply` replaces it and moves the listener.
CHECKOUT = f"checkout.{showcase.ZONE}"
_POLL_SECONDS = 0.2
_TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
_ANYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
#: The playground's `certificates` asks the playground's resolvers, also without an instance.
_CERTIFICATES = """\
#!/bin/sh
SSL_CERT_FILE={authority} PYTHONPATH={package} exec {python} -P -c '
from certificate_lifecycle.cli import main, session
session.DEFAULT_RESOLVERS = {resolvers}
main.run()
' "$@"
"""
_RUN_ROTATION = """\
#!/bin/sh
PYTHONPATH={root} exec {python} -P -m tests.harness.playground run-rotation {mail}
"""


class Account(Cloud):
    """An embedded AWS that stores the e-mails of its functions as files in `mail`.

    `invoking` is locked during an invocation, and the end of the account waits for that lock.
    """

    def __init__(self) -> None:
        self.mail: Path | None = None
        self.invoking = threading.Lock()
        super().__init__()

    def _invoke(self, request: Request) -> dict[str, Any]:
        with self.invoking:
            answer = super()._invoke(request)
            self._deliver()
            return answer

    def _deliver(self) -> None:
        assert self.mail is not None
        messages = self.topics.messages(_topic_arn())
        for number, message in enumerate(messages, start=1):
            text = f"Subject: {message.subject}\n\n{message.to('email')}\n"
            (self.mail / f"{number:03}.txt").write_text(text, encoding="utf-8")


def serve(parent: int, folder: Path) -> None:
    """Serve the account until `parent` has ended; raises SystemExit at a signal."""
    tempfile.tempdir = str(folder)
    (folder / "mail").mkdir()
    with Account.start() as account, serving_https(HostedZones(account.zones)) as gateway:
        account.mail = folder / "mail"
        # The functions run in this process's environment, see `tests.harness.deployed`.
        os.environ["SSL_CERT_FILE"] = gateway.certificates
        fill(account, gateway)
        _write_programs(folder, gateway)
        print(json.dumps(_variables(account, folder)), flush=True)
        stopped = threading.Event()
        try:
            while os.getppid() == parent and not stopped.wait(_POLL_SECONDS):
                pass
        finally:
            account.invoking.acquire()


def fill(account: Cloud, gateway: Gateway) -> None:
    """Fill the account with certificates in every state, and deploy both functions."""
    showcase.fill(account)
    showcase.fill_other_stores(account)
    _add_checkout(account)
    _add_topic(account)
    _add_rules(account)
    create_state_table(account.client("dynamodb"), TABLE)
    resolvers = gateway.environment["PUBLIC_DNS_RESOLVERS"]
    _deploy(account, "creation", ALLOWED_DOMAINS=json.dumps([showcase.ZONE]), DNS=resolvers)
    _deploy(
        account,
        "rotation",
        SNS_TOPIC_ARN=_topic_arn(),
        LEDGER_TABLE=TABLE,
        UNMANAGED_ROTATION_MODE="replace",
        REBIND_CONSUMERS="true",
        DNS=resolvers,
    )


def _add_checkout(account: Cloud) -> None:
    ends = account.now + timedelta(days=4, hours=12)
    arn = account.certificates.add(
        domain_name=CHECKOUT,
        not_after=ends,
        not_before=ends - timedelta(days=198),
        tags={"Owner": "payments"},
        renewal_status="PENDING_AUTO_RENEWAL",
    )
    elb = account.client("elbv2")
    load_balancer = front.fill(account, "checkout")
    (group,) = elb.describe_target_groups(Names=["checkout"])["TargetGroups"]
    elb.create_listener(
        LoadBalancerArn=load_balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )


def _add_topic(account: Cloud) -> None:
    account.client("sqs").create_queue(QueueName=INSTANCE)
    topics = account.client("sns")
    topics.create_topic(Name=INSTANCE)
    queue = f"arn:aws:sqs:eu-west-1:123456789012:{INSTANCE}"
    topics.subscribe(TopicArn=_topic_arn(), Protocol="sqs", Endpoint=queue)


def _add_rules(account: Cloud) -> None:
    """Add the rules of the module without targets: a newcomer starts the function."""
    rules = account.client("events")
    rules.put_rule(Name=f"{INSTANCE}-rotation", ScheduleExpression="rate(1 day)")
    pattern = json.dumps({"source": ["aws.acm"]})
    rules.put_rule(Name=f"{INSTANCE}-acm-events", EventPattern=pattern)


def _deploy(account: Cloud, name: str, *, DNS: str, **settings: str) -> None:  # noqa: N803 - settings are variables
    iam = account.client("iam")
    role = f"{INSTANCE}-{name}"
    created = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=json.dumps(_ANYTHING))
    account.client("lambda").create_function(
        FunctionName=role,
        Role=created["Role"]["Arn"],
        Runtime="python3.13",
        Timeout=900,
        MemorySize=512,
        Handler=f"certificate_lifecycle.handlers.{name}.lambda_handler",
        Code={"ZipFile": ARCHIVE.read_bytes()},
        Environment={"Variables": {"PUBLIC_DNS_RESOLVERS": DNS, **settings}},
    )


def _topic_arn() -> str:
    return f"arn:aws:sns:eu-west-1:123456789012:{INSTANCE}"


def _write_programs(folder: Path, gateway: Gateway) -> None:
    quoted = {
        "authority": shlex.quote(gateway.certificates),
        "mail": shlex.quote(str(folder / "mail")),
        "package": shlex.quote(str(ROOT / "lambda")),
        "python": shlex.quote(sys.executable),
        "root": shlex.quote(str(ROOT)),
        "resolvers": json.dumps(gateway.urls),
    }
    programs = {"certificates": _CERTIFICATES, "run-rotation": _RUN_ROTATION}
    (folder / "bin").mkdir()
    for name, text in programs.items():
        program = folder / "bin" / name
        program.write_text(text.format(**quoted), encoding="utf-8")
        program.chmod(0o755)


def _variables(account: Cloud, folder: Path) -> dict[str, str]:
    return {
        **account.environment(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "PATH": f"{folder / 'bin'}:{os.environ.get('PATH', os.defpath)}",
    }


def main() -> None:
    """Serve the account of a playground, and remove its folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    parent, folder = int(sys.argv[1]), Path(sys.argv[2])
    if os.getppid() != parent:  # it was interrupted, and has removed the folder
        return
    try:
        serve(parent, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
