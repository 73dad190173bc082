"""Runs with everything that a message can contain, for tests and recorded messages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from certificate_lifecycle.model.certificate import CertificateDetail, Reason
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeStatus,
)
from certificate_lifecycle.policy.validation import RecordState
from certificate_lifecycle.render.notification.message import Message, compose
from tests.unit.builders import (
    APPROVAL,
    EXPIRED,
    NOW,
    PLACE,
    arn,
    blocked,
    certificate,
    days,
    detail,
    dns_problem,
    finding,
    imported,
    judged,
    observation,
    renewing,
    request,
    run,
    scope,
    validation,
)

HEALTHY = judged(certificate(arn=arn("11111111-0000-4000-8000-000000000001")))
UNUSED = judged(certificate(arn=arn("unused"), in_use=False))
DUE = judged(imported(arn=arn("due"), ends_in=days(20), detail=detail()))
DUE_ARN = DUE.certificate.arn
BLOCKED = judged(observation(blocked(), finding(RecordState.MISSING)))
STUCK = judged(observation(request(arn=arn("stuck")), finding(RecordState.MISSING)))
FAILED_SCOPE = scope(ScopeStatus.FAILED, error="the certificates could not be listed: AccessDenied")
PARTIAL = scope(ScopeStatus.PARTIAL, certificates=3, error="one could not be read: Throttling")
MUTED = replace(DUE, muted_until=date(2026, 7, 1))
LONG_AGO = NOW - days(12)
RESOLVED = FindingChange(
    arn("fine"),
    ChangeKind.RESOLVED,
    previous_verdict="RenewalBlocked",
    since=LONG_AGO,
    name="fine.example.com",
    current_state="198 days are left.",
)
FUNCTION = PLACE.arn("lambda", "function:certificate-lifecycle-rotation")
RUNBOOK = "https://wiki.example.com/runbook.md"
REPORT = "s3://reports/certificate-lifecycle/2026/06/01/run-1.html"


def message_of(whole: Run, *, summary: bool = False) -> Message:
    message = compose(whole, summary=summary)
    assert message is not None
    return message


def mail(whole: Run, *, summary: bool = False) -> str:
    return message_of(whole, summary=summary).bodies["email"]


def unwrapped(text: str) -> str:
    """Return a mail on one line, without the marks of quoted texts."""
    return " ".join(text.replace("| ", "").split())


def subject(whole: Run, *, summary: bool = False) -> str:
    return message_of(whole, summary=summary).subject


def document(whole: Run) -> Any:  # noqa: ANN401 - JSON has any type
    return json.loads(message_of(whole).bodies["sqs"])


def chat(whole: Run, *, summary: bool = False) -> Any:  # noqa: ANN401 - JSON has any type
    return json.loads(message_of(whole, summary=summary).bodies["https"])


def description(whole: Run) -> str:
    text: str = chat(whole)["content"]["description"]
    return text


def acted(entry: Assessment, outcome: Outcome, text: str) -> ActionRecord:
    return ActionRecord(entry.certificate.arn, entry.decision.action, outcome, text)


def due_in(number: float, *names: str, name: str = "due", **changes: Any) -> Assessment:  # noqa: ANN401 - any field
    """Return an imported certificate in use that ends in so many days."""
    given = {"names": names} if names else {}
    seen = imported(arn=arn(name), ends_in=days(number), detail=detail(), **given, **changes)
    return judged(seen)


def a_day_with_everything() -> Run:
    """Return a run in which something is wrong, something was repaired and something failed."""
    expired = judged(
        certificate(
            arn=arn("11111111-0000-4000-8000-000000000002"),
            names=("pay.example.com",),
            status=EXPIRED,
            ends_in=-days(2),
            detail=detail(),
        )
    )
    repaired = judged(
        observation(
            replace(blocked(), arn=arn("11111111-0000-4000-8000-000000000003")),
            finding(RecordState.MISSING),
        )
    )
    due = judged(
        imported(
            arn=arn("11111111-0000-4000-8000-000000000004"),
            names=tuple(f"{name}.example.com" for name in ("api", "b", "c", "d")),
            ends_in=days(20),
            detail=detail(),
        )
    )
    approval = judged(
        observation(replace(renewing(APPROVAL), arn=arn("11111111-0000-4000-8000-000000000005")))
    )
    stuck = judged(
        observation(
            request(
                arn=arn("11111111-0000-4000-8000-000000000006"),
                names=("new.example.com",),
                detail=CertificateDetail(validations=(validation("new.example.com"),)),
            ),
            finding(RecordState.ZONE_NOT_FOUND, "new.example.com"),
        )
    )
    return run(
        HEALTHY,
        UNUSED,
        expired,
        repaired,
        due,
        approval,
        stuck,
        actions=(
            acted(repaired, Outcome.DONE, "created _a1.shop.example.com."),
            acted(approval, Outcome.FAILED, "AccessDenied: not authorized to resend"),
            acted(due, Outcome.ADVISED, due.decision.action.meaning),
            acted(expired, Outcome.ADVISED, expired.decision.action.meaning),
        ),
        scopes=(
            scope(
                ScopeStatus.PARTIAL,
                certificates=8,
                error=f"{arn('11111111-0000-4000-8000-000000000007')}: ThrottlingException",
            ),
        ),
    )


def a_day_with_news() -> Run:
    """Return a run with changes, first reports, an owner and a resolved finding."""
    due = replace(
        DUE,
        owner="payments",
        used_by=("load balancer web, listener HTTPS:443 (default certificate)",),
        probe_results=("shop.example.com (203.0.113.7) serves what ACM has",),
    )
    muted = replace(
        judged(imported(arn=arn("muted"), names=("old.example.com",), ends_in=days(20))),
        muted_until=date(2026, 7, 1),
    )
    return run(
        due,
        muted,
        HEALTHY,
        changes=(
            FindingChange(DUE_ARN, ChangeKind.WORSE, previous_verdict="Unused", since=LONG_AGO),
            RESOLVED,
        ),
        recovered_scopes=("account 222222222222, eu-west-1",),
        since={DUE_ARN: LONG_AGO},
        report=REPORT,
        function_arn=FUNCTION,
        runbook_url=RUNBOOK,
    )


def a_day_with_three_hundred_findings() -> Run:
    """Return a run over two regions with 300 findings of four causes, with commands and repairs."""
    kinds = [_kind(number) for number in range(300)]
    found = [
        replace(judged(kinds[number]), owner="payments" if number % 7 == 0 else None)
        for number in range(300)
    ]
    commands = [
        ActionRecord(
            entry.certificate.arn,
            entry.decision.action,
            Outcome.ADVISED,
            f"{entry.decision.action.meaning}\n# If a tool manages it, change it there.\n"
            "aws elbv2 describe-load-balancers --region eu-west-1\n"
            f"aws elbv2 modify-listener --region eu-west-1 --listener-arn {LISTENER}{number} "
            f"--certificates CertificateArn={arn('new')}",
        )
        for number, entry in enumerate(found)
        if entry.certificate.status is EXPIRED
    ]
    repaired = [
        ActionRecord(entry.certificate.arn, entry.decision.action, Outcome.DONE, "created _a1.x.")
        for entry in found
        if entry.decision.reason is Reason.VALIDATION_RECORD_MISSING
    ]
    scopes = (scope(certificates=400), replace(scope(certificates=179), region="us-east-1"))
    return run(
        *found,
        scopes=scopes,
        actions=(*commands, *repaired),
        healthy={"Healthy": 279},
        report=REPORT,
        function_arn=FUNCTION,
        runbook_url=RUNBOOK,
    )


LISTENER = PLACE.arn("elasticloadbalancing", "listener/app/web/50dc6c495c0c9188/")


def _kind(number: int) -> Any:  # noqa: ANN401 - a certificate or an observation
    """Return one of four kinds of trouble in one of 60 domains."""
    names = (f"n{number}.shop{number % 60}.example",)
    name = f"11111111-0000-4000-8000-{number:012}"
    match number % 4:
        case 0:
            ended = certificate(arn=arn(name), names=names, status=EXPIRED, ends_in=-days(2))
            return replace(ended, detail=detail())
        case 1:
            return imported(arn=arn(name), names=names, ends_in=days(5 + number / 15))
        case 2:
            seen = replace(blocked(), arn=arn(name), names=names)
            return observation(seen, finding(RecordState.MISSING, names[0]))
        case _:
            seen = replace(blocked(), arn=arn(name), names=names)
            return observation(seen, dns=dns_problem(Reason.CAA_FORBIDS))
