"""The subject of a message: the worst certificate, how many others, and where."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from certificate_lifecycle.model.certificate import Verdict
from certificate_lifecycle.model.run import Outcome, Run
from tests.unit.builders import certificate, judged, run, scope
from tests.unit.render.message_samples import (
    BLOCKED,
    DUE,
    FAILED_SCOPE,
    HEALTHY,
    MUTED,
    PARTIAL,
    RESOLVED,
    STUCK,
    acted,
    due_in,
    message_of,
    subject,
)

ELSEWHERE = replace(scope(), region="us-east-1")


@pytest.mark.parametrize(
    ("whole", "text"),
    [
        (run(due_in(4.5)), "[critical] shop.example.com expires in 4 days eu-west-1"),
        (run(due_in(0.5)), "[critical] shop.example.com expires in less than a day eu-west-1"),
        (run(due_in(-1)), "[critical] shop.example.com expired 1 day ago eu-west-1"),
        (run(BLOCKED, DUE), "[warning] shop.example.com expires in 20 days (+1) eu-west-1"),
        (run(STUCK), "[info] shop.example.com waits for validation eu-west-1"),
        (run(DUE, scopes=(scope(), ELSEWHERE)), "shop.example.com expires in 20 days 2 regions"),
        (
            run(DUE, scopes=(scope(), replace(ELSEWHERE, account_id="222222222222"))),
            "shop.example.com expires in 20 days 2 accounts, 2 regions",
        ),
        (
            run(DUE, scopes=(scope(), FAILED_SCOPE)),
            "[warning] shop.example.com expires in 20 days (+1), run incomplete eu-west-1",
        ),
        (run(MUTED), "[warning] shop.example.com (muted) expires in 20 days eu-west-1"),
        (run(MUTED, STUCK), "[warning] shop.example.com waits for validation (+1) eu-west-1"),
        (
            run(judged(certificate(ends_in=None, names=()))),
            "a certificate without a name could not be judged eu-west-1",
        ),
        (run(scopes=(FAILED_SCOPE,)), "[warning] scan failed eu-west-1"),
        (
            run(HEALTHY, scopes=(scope(), FAILED_SCOPE)),
            "[warning] 1 scan failed, run incomplete eu-west-1",
        ),
        (run(HEALTHY, scopes=(PARTIAL,)), "[warning] run incomplete eu-west-1"),
        (run(HEALTHY), "[ok] no open findings eu-west-1"),
        (run(HEALTHY, changes=(RESOLVED,)), "[ok] 1 resolved, no open findings eu-west-1"),
        (
            run(HEALTHY, actions=(acted(HEALTHY, Outcome.DONE, "exported"),)),
            "[ok] 1 repaired, no open findings eu-west-1",
        ),
    ],
)
def test_the_subject_names_the_worst_certificate_and_the_number_of_others(
    whole: Run, text: str
) -> None:
    assert subject(whole, summary=True).endswith(text)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_clause(verdict: Verdict) -> None:
    """Of a certificate without an end, too."""
    entry = replace(DUE, decision=replace(DUE.decision, verdict=verdict))
    endless = replace(entry, certificate=replace(entry.certificate, not_after=None))
    for text in (subject(run(entry)), subject(run(endless))):
        assert re.fullmatch(r"\[warning\] shop\.example\.com \S.* eu-west-1", text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"{'a' * 40}.{'b' * 30}.example.com", f"...{'b' * 30}.example.com expires"),
        (f"a.{'b' * 63}.example.com", "...example.com expires"),
        ("x" * 90, "a certificate expires"),
        ("\u00fc.example.com", "?.example.com expires"),
        ("a.example.com\r\nBcc: all\x1b", "a.example.com Bcc: all expires"),
    ],
)
def test_a_long_name_loses_whole_labels_and_the_rest_stays(name: str, shown: str) -> None:
    text = subject(run(due_in(20, name), BLOCKED))
    assert text == f"[warning] {shown} in 20 days (+1) eu-west-1"
    assert len(text) < 100


def test_without_room_the_place_gives_way_and_no_word_is_cut() -> None:
    name = f"{'a' * 30}.example.com"
    others = [due_in(20, name, name=str(n)) for n in range(1200)]
    scopes = [replace(FAILED_SCOPE, account_id=f"{n:012}", region=f"r{n}") for n in range(1000)]
    text = subject(run(*others, scopes=(scope(), *scopes)))
    assert text == f"[warning] {name} expires in 20 days (+2,199), run incomplete"


NOTHING_IS_WRONG = re.compile("no open finding|all is well|nothing", re.IGNORECASE)


@pytest.mark.parametrize(
    "whole",
    [
        run(MUTED),
        run(DUE),
        run(STUCK),
        run(HEALTHY, scopes=(PARTIAL,)),
        run(scopes=(FAILED_SCOPE,)),
        run(HEALTHY, scopes=(scope(), FAILED_SCOPE)),
        run(HEALTHY, actions=(acted(HEALTHY, Outcome.FAILED, "no"),)),
        run(HEALTHY, problems=("the report could not be written: AccessDenied",)),
        run(DUE, scopes=(scope(), FAILED_SCOPE), changes=(RESOLVED,)),
        run(MUTED, HEALTHY, changes=(RESOLVED,)),
    ],
    ids=[
        *("muted", "urgent", "minor", "a certificate unread", "all unread", "a region unread"),
        *("an action failed", "the report failed", "open, unread and resolved", "resolved, muted"),
    ],
)
def test_no_text_says_that_nothing_is_open_while_anything_is_open_unread_or_failed(
    whole: Run,
) -> None:
    message = message_of(whole, summary=True)
    texts = [
        message.subject,
        *(message.bodies[p] for p in ("default", "email", "https")),
    ]
    assert not [text for text in texts if NOTHING_IS_WRONG.search(text)]
    assert not message.subject.startswith("[ok]")
