"""The proof of least privilege, on policies that are just what is needed, and on others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.embedded_aws.calls import Permission
from tests.embedded_aws.policy import Principal
from tests.harness.mutants import mutants
from tests.harness.proof import Ask, Bounds, by, faults, given, without

ROLE = "arn:aws:iam::111122223333:role/function"
TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/ledger"
ZONE = "arn:aws:route53:::hostedzone/Z1"
NAMES = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
LIST: Mapping[str, Any] = {
    "Sid": "List",
    "Effect": "Allow",
    "Action": ["acm:ListCertificates"],
    "Resource": ["*"],
}
REMEMBER: Mapping[str, Any] = {
    "Sid": "Remember",
    "Effect": "Allow",
    "Action": ["dynamodb:PutItem", "dynamodb:Query"],
    "Resource": [TABLE],
}
WRITE: Mapping[str, Any] = {
    "Sid": "Write",
    "Effect": "Allow",
    "Action": ["route53:ChangeResourceRecordSets"],
    "Resource": ["arn:aws:route53:::hostedzone/*"],
    "Condition": {
        "ForAllValues:StringLike": {NAMES: ["_*.example.com"]},
        "Null": {NAMES: "false"},
    },
}
BOUNDS = {
    "List": Bounds(),
    "Remember": Bounds(),
    "Write": Bounds(
        free=(1,),
        never={
            "another name": given(NAMES, "www.example.com"),
            "another domain": given(NAMES, "_x.example.net"),
            "half a label": given(NAMES, "_x.notexample.com"),
            "one of two": given(NAMES, "_x.example.com", "www.example.com"),
            "no names": without(NAMES),
        },
    ),
}


def ask(action: str, resource: str, **context: tuple[str, ...]) -> Ask:
    return Ask(Principal(ROLE), Permission(action, resource, context))


NEEDED = [
    ask("acm:ListCertificates", "*"),
    ask("dynamodb:PutItem", TABLE),
    ask("dynamodb:Query", TABLE),
    ask("route53:ChangeResourceRecordSets", ZONE, **{NAMES: ("_x.example.com",)}),
]


def wrong(*statements: Mapping[str, Any], **known: str) -> list[str]:
    return faults({"Statement": list(statements)}, NEEDED, BOUNDS, known=known)


def test_nothing_is_wrong_with_what_is_needed() -> None:
    assert wrong(LIST, REMEMBER, WRITE) == []


@pytest.mark.parametrize("number", range(3))
def test_every_single_difference_is_found(number: int) -> None:
    """The very promise: whatever is removed, added or loosened, something is said."""
    statements = [LIST, REMEMBER, WRITE]
    others = [*statements[:number], *statements[number + 1 :]]
    found = list(mutants(statements[number]))
    assert found
    for mutant in found:
        assert wrong(*others, *mutant.statements) != [], mutant.what


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({**REMEMBER, "Action": ["dynamodb:PutItem"]}, "refused: needed: " + ROLE),
        (
            {**REMEMBER, "Action": [*REMEMBER["Action"], "dynamodb:Scan"]},
            "Remember: without dynamodb:Scan on " + TABLE,
        ),
        (
            {**REMEMBER, "Resource": [TABLE, TABLE.replace("ledger", "other")]},
            "Remember: without dynamodb:PutItem on " + TABLE.replace("ledger", "other"),
        ),
        (
            {**REMEMBER, "Resource": [TABLE.replace("ledger", "*")]},
            "let through: Remember, another ledger",
        ),
        ({**REMEMBER, "Action": ["dynamodb:*"]}, "Remember: dynamodb:*"),
        ({**REMEMBER, "Resource": ["*"]}, "Remember: dynamodb:Query on everything"),
    ],
    ids=["less", "an action more", "a resource more", "wider", "a wildcard", "everything"],
)
def test_what_is_wrong_is_named(changed: Mapping[str, Any], said: str) -> None:
    assert [entry for entry in wrong(LIST, changed, WRITE) if entry.startswith(said)] != []


def test_a_condition_that_nothing_needs_is_named() -> None:
    idle = {**LIST, "Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}
    assert wrong(idle, REMEMBER, WRITE)[0].startswith("refused")
    idle = {**LIST, "Condition": {"Bool": {"aws:x": "true"}}}
    held = [ask("acm:ListCertificates", "*", **{"aws:x": ("true",)}), *NEEDED[1:]]
    found = faults({"Statement": [idle, REMEMBER, WRITE]}, held, BOUNDS, known={})
    assert found == ["List: without Bool of aws:x"]


def test_what_is_known_is_left_and_missed_once_it_is_gone() -> None:
    more = {**REMEMBER, "Action": [*REMEMBER["Action"], "dynamodb:Scan"]}
    known = {f"Remember: without dynamodb:Scan on {TABLE}": "A reason."}
    assert wrong(LIST, more, WRITE, **known) == []
    assert wrong(LIST, REMEMBER, WRITE, **known) == [f"no longer: {next(iter(known))}"]


def test_a_statement_without_bounds_is_an_error() -> None:
    with pytest.raises(KeyError, match="Another"):
        wrong({**LIST, "Sid": "Another"}, REMEMBER, WRITE)


TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
PUBLISH: Mapping[str, Any] = {
    "Sid": "Publish",
    "Effect": "Allow",
    "Action": ["sns:Publish"],
    "Resource": [TOPIC],
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:1:alarm:us-*"}},
}
CLEAR: Mapping[str, Any] = {
    "Sid": "Clear",
    "Effect": "Deny",
    "Action": ["sns:Publish"],
    "Resource": [TOPIC],
    "Principal": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
OF_TOPIC = {
    "Publish": Bounds(
        fields={"aws:SourceArn": (1,)},
        never={
            "another alarm": given("aws:SourceArn", "arn:aws:cloudwatch:eu-west-1:1:alarm:x"),
            "no alarm": without("aws:SourceArn"),
            "another account": by("arn:aws:iam::666666666666:role/x"),
        },
    ),
    "Clear": Bounds(always=True, never={"in the clear": given("aws:SecureTransport", "false")}),
}
ALARM = Ask(
    Principal("cloudwatch.amazonaws.com"),
    Permission(
        "sns:Publish",
        TOPIC,
        {
            "aws:SourceArn": ("arn:aws:cloudwatch:eu-west-1:1:alarm:us-1",),
            "aws:SecureTransport": ("true",),
        },
    ),
)
OWN = ask("sns:Publish", TOPIC, **{"aws:SecureTransport": ("true",)})


def wrong_topic(*statements: Mapping[str, Any]) -> list[str]:
    document = {"Statement": list(statements)}
    return faults(document, [ALARM, OWN], OF_TOPIC, alone=False, known={})


def test_what_a_role_may_by_itself_need_not_be_granted_by_a_resource() -> None:
    assert wrong_topic(PUBLISH, CLEAR) == []


@pytest.mark.parametrize("number", range(2))
def test_every_single_difference_of_a_resource_s_policy_is_found(number: int) -> None:
    statements = [PUBLISH, CLEAR]
    for mutant in mutants(statements[number]):
        assert wrong_topic(*mutant.statements, statements[1 - number]) != [], mutant.what


def test_a_resource_that_lets_the_whole_account_do_something_more_is_found() -> None:
    account = {"AWS": "arn:aws:iam::111122223333:root"}
    bounds = {**OF_TOPIC, "Own": Bounds()}
    more = {**PUBLISH, "Sid": "Own", "Action": ["sns:DeleteTopic"], "Principal": account}
    document = {"Statement": [PUBLISH, CLEAR, more]}
    found = faults(document, [ALARM, OWN], bounds, alone=False, known={})
    assert f"Own: without sns:DeleteTopic on {TOPIC}" in found
