"""The message for chats: short lines without markup, links or commands of others."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from certificate_lifecycle.model.run import Outcome, Run, ScopeStatus
from tests.unit.builders import arn, certificate, days, imported, judged, observation, run, scope
from tests.unit.render.message_samples import (
    BLOCKED,
    DUE,
    FAILED_SCOPE,
    FUNCTION,
    HEALTHY,
    MUTED,
    RESOLVED,
    RUNBOOK,
    acted,
    chat,
    description,
    due_in,
    message_of,
)


def test_chat_gets_the_custom_notification_of_its_client() -> None:
    done = acted(BLOCKED, Outcome.DONE, "created the record")
    whole = run(DUE, BLOCKED, actions=(done,), runbook_url=RUNBOOK)
    found = chat(whole)
    assert (found["version"], found["source"], found["id"]) == ("1.0", "custom", whole.run_id)
    assert found["content"] == {
        "textType": "client-markdown",
        "title": message_of(whole).subject,
        "description": (
            "2 need you · 1 repaired\n"
            "Account 123456789012, eu-west-1\n"
            "*THIS MONTH*\n"
            "shop.example.com · expires in 20 days · "
            "ImportDue: A new version has to be imported under its ARN.\n"
            "*LATER*\n"
            "shop.example.com · expires in 40 days · "
            "RenewalBlocked: A validation CNAME does not exist.\n"
            "*REPAIRED IN THIS RUN*\n"
            "shop.example.com: created the record"
        ),
        "nextSteps": [
            f"shop.example.com: {DUE.decision.action.meaning} {RUNBOOK}#importdue",
        ],
        "keywords": ["certificates", "warning"],
    }
    assert found["metadata"] == {
        "threadId": "certificate-lifecycle",
        "summary": "2 need you · 1 repaired",
        "eventType": "certificate-lifecycle",
        "relatedResources": [DUE.certificate.arn, BLOCKED.certificate.arn],
    }


def everything_long() -> Run:
    long = "x" * 5000
    many = [
        judged(
            observation(
                certificate(arn=arn(str(n)), names=(f"{long}.d{n}.example",), ends_in=days(3)),
                detail_error=long,
            )
        )
        for n in range(30)
    ]
    fine = [judged(certificate(arn=arn(f"fine{n}"), names=(long,))) for n in range(9)]
    return run(
        *many,
        *fine,
        *(replace(MUTED, owner=long) for _ in range(9)),
        scopes=[scope(ScopeStatus.PARTIAL, error=long) for _ in range(9)],
        actions=[
            acted(entry, outcome, long)
            for entry in fine
            for outcome in (Outcome.DONE, Outcome.FAILED)
        ],
        changes=[replace(RESOLVED, certificate_arn=arn(f"gone{n}"), name=long) for n in range(9)],
    )


def test_chat_stays_within_its_limits_however_much_there_is() -> None:
    content = chat(everything_long())["content"]
    assert len(content["title"]) <= 250
    assert len(content["description"]) <= 8000
    assert all(len(step) <= 350 for step in content["nextSteps"])
    assert all(len(keyword) <= 75 for keyword in content["keywords"])


def test_chat_counts_what_it_does_not_show() -> None:
    many = [
        replace(entry, decision=replace(entry.decision, reason=reason))
        for entry in [due_in(3)]
        for reason in list(type(entry.decision.reason))[:20]
    ]
    text = description(run(*many, changes=[replace(RESOLVED, name=str(n)) for n in range(5)]))
    assert text.endswith("\nAnd 8 more findings.")
    assert "\nand 2 more\n" in text
    assert "more" not in description(run(*many[:12]))


def test_chat_names_what_was_not_scanned_resolved_or_muted() -> None:
    text = description(run(DUE, MUTED, scopes=(scope(), FAILED_SCOPE), changes=(RESOLVED,)))
    assert f"*INCOMPLETE*\n{FAILED_SCOPE.label}: {FAILED_SCOPE.error}\n" in text
    assert "*RESOLVED*\nfine.example.com · was RenewalBlocked · 198 days are left." in text
    assert "*MUTED*\nshop.example.com until 2026-07-01: ImportDue" in text


def test_where_nothing_has_to_be_done_the_next_step_is_the_link_to_everything() -> None:
    foreign = judged(certificate(managed_by="CLOUDFRONT", ends_in=days(3)))
    (step,) = chat(run(foreign, function_arn=FUNCTION))["content"]["nextSteps"]
    assert step.startswith("Read everything: https://eu-west-1.console.aws.amazon.com/cloudwatch/")
    done = acted(BLOCKED, Outcome.DONE, "created")
    assert chat(run(BLOCKED, actions=(done,)))["content"]["nextSteps"] == [
        "Read everything: the log of the run"
    ]


def test_one_finding_has_a_next_step() -> None:
    assert len(chat(run(DUE))["content"]["nextSteps"]) == 1


HOSTILE = "<!channel> `rm` [click](https://evil.example) HTTPS://other.example *x*"


@pytest.mark.parametrize("place", ["name", "owner", "consumer", "error", "action", "resolved"])
def test_no_text_of_others_is_a_link_code_or_a_mention(place: str) -> None:
    entry = judged(imported(names=(HOSTILE,), ends_in=days(3))) if place == "name" else due_in(3)
    entry = replace(
        entry,
        owner=HOSTILE if place == "owner" else None,
        used_by=(HOSTILE,) if place == "consumer" else (),
    )
    whole = run(
        entry,
        HEALTHY,
        actions=[acted(HEALTHY, Outcome.FAILED, HOSTILE)] if place == "action" else (),
        scopes=[scope(ScopeStatus.PARTIAL, error=HOSTILE if place == "error" else "no")],
        changes=[replace(RESOLVED, name=HOSTILE)] if place == "resolved" else (),
    )
    content = chat(whole)["content"]
    title = content["title"].removeprefix("[critical] ")
    for text in (title, content["description"], *content["nextSteps"]):
        left = text.replace("[:]//", "")
        assert not re.search(r"://|[<>`\[\]]", left)
    mail = message_of(whole).bodies["email"]
    assert not re.search(r"(?<!file)(?<!fileb)://", mail)
    assert "://" not in message_of(whole).subject
    if place != "consumer":
        assert "https[:]//evil.example" in mail
