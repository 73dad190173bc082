"""The policy evaluator, against what the IAM user guide says about each element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.embedded_aws.calls import Permission
from tests.embedded_aws.policy import (
    Answer,
    Principal,
    UnjudgeablePolicyError,
    answers,
    conditions_hold,
    decide,
    judge,
    trusts,
)

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


def allows(
    *statements: Mapping[str, Any],
    action: str = "sns:Publish",
    resource: str = TOPIC,
    context: Mapping[str, tuple[str, ...]] | None = None,
) -> bool:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return judge([document], Permission(action, resource, context or {})).allowed


def allow(**elements: object) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}
    if "NotAction" in statement:
        del statement["Action"]
    if "NotResource" in statement:
        del statement["Resource"]
    return statement


def holds(operator: str, key: str, wanted: object, **context: tuple[str, ...]) -> bool:
    given = {name.replace("__", ":"): values for name, values in context.items()}
    return conditions_hold({operator: {key: wanted}}, given)


def test_what_no_statement_allows_is_denied() -> None:
    """reference_policies_evaluation-logic: by default, all requests are implicitly denied."""
    assert not allows(allow(Action="sns:Subscribe"))
    assert allows(allow(Action=["sns:Subscribe", "sns:Publish"]))


def test_an_explicit_deny_wins_over_every_allow() -> None:
    """reference_policies_evaluation-logic: an explicit deny overrides the allow."""
    deny = {"Effect": "Deny", "Action": "sns:*", "Resource": TOPIC}
    assert not allows(allow(), deny)
    assert not allows(deny, allow())


def test_actions_are_compared_without_case() -> None:
    """reference_policies_elements_action: iam:ListAccessKeys is the same as IAM:listaccesskeys."""
    assert allows(allow(Action="IAM:listaccesskeys"), action="iam:ListAccessKeys", resource="*")


def test_action_wildcards_match_any_run_of_characters() -> None:
    assert allows(allow(Action="kms:GenerateDataKey*"), action="kms:GenerateDataKey", resource="*")
    assert not allows(allow(Action="kms:GenerateDataKey?"), action="kms:GenerateDataKey")


def test_resources_are_compared_with_case() -> None:
    assert allows(allow(Resource=TOPIC))
    assert not allows(allow(Resource=TOPIC.upper().replace("ARN:AWS:SNS", "arn:aws:sns")))


def test_a_wildcard_in_an_arn_does_not_cross_a_colon() -> None:
    """reference_policies_elements_resource: wildcards work within the individual segments."""
    certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/1234"
    assert allows(allow(Resource="arn:aws:acm:*:123456789012:certificate/*"), resource=certificate)
    assert not allows(allow(Resource="arn:aws:acm:*:certificate/*:*:x"), resource=certificate)
    assert not allows(allow(Resource="arn:aws:acm:eu*:111122223333:*"), resource=certificate)


def test_the_last_part_of_an_arn_may_hold_colons() -> None:
    stream = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f:log-stream:s"
    granted = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f:*"
    assert allows(allow(Resource=granted), resource=stream)


def test_an_action_without_resource_types_needs_the_star() -> None:
    """Service Authorization Reference: ListCertificates names no resource type."""
    assert not allows(
        allow(Resource="arn:aws:acm:eu-west-1:123456789012:certificate/*"),
        action="acm:ListCertificates",
        resource="*",
    )
    assert allows(allow(Resource="*"), action="acm:ListCertificates", resource="*")


def test_not_action_grants_everything_else() -> None:
    """reference_policies_elements_notaction: NotAction iam:* allows every other service."""
    statement = allow(NotAction="iam:*")
    assert allows(statement)
    assert not allows(statement, action="iam:CreateRole")


def test_not_resource_grants_everywhere_else() -> None:
    statement = allow(NotResource="arn:aws:sns:*:*:secret")
    assert allows(statement)
    assert not allows(statement, resource="arn:aws:sns:eu-west-1:123456789012:secret")


def test_every_operator_and_every_key_must_hold_but_one_value_is_enough() -> None:
    """reference_policies_condition-logic-multiple-context-keys-or-values."""
    condition = {
        "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"], "aws:x": "1"},
        "Bool": {"aws:SecureTransport": True},
    }
    fits = {
        "aws:PrincipalTag/department": ("hr",),
        "aws:x": ("1",),
        "aws:SecureTransport": ("true",),
    }
    assert conditions_hold(condition, fits)
    assert not conditions_hold(condition, {**fits, "aws:x": ("2",)})
    assert not conditions_hold(condition, {**fits, "aws:SecureTransport": ("false",)})


def test_condition_keys_are_compared_without_case_and_values_with_it() -> None:
    """reference_policies_elements_condition: key names are not case-sensitive."""
    assert conditions_hold(
        {"StringEquals": {"AWS:requesttag/MANAGEDBY": "tool"}},
        {"aws:RequestTag/ManagedBy": ("tool",)},
    )
    assert not holds("StringEquals", "aws:x", "Tool", aws__x=("tool",))
    assert holds("StringEqualsIgnoreCase", "aws:x", "Tool", aws__x=("tool",))


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringLike", "_*.example.com", "_abc.example.com", True),
        ("StringLike", "_*.example.com", "www.example.com", False),
        ("StringLike", "?bc", "abc", True),
        ("StringNotLike", "a*", "abc", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("ArnLike", "arn:aws:sns:*:123456789012:*", TOPIC, True),
        ("ArnEquals", "arn:aws:sns:*:123456789012:al*", TOPIC, True),
        ("ArnNotLike", "arn:aws:sns:*:123456789012:*", TOPIC, False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericGreaterThan", "9", "10", True),
        ("NumericGreaterThanEquals", "11", "10", False),
        ("NumericEquals", "10.0", "10", True),
        ("NumericNotEquals", "10", "10", False),
        ("Bool", "true", "true", True),
    ],
)
def test_each_operator_compares_as_documented(
    operator: str, wanted: object, given: str, *, expected: bool
) -> None:
    """reference_policies_elements_condition_operators, one row an operator."""
    assert holds(operator, "aws:x", wanted, aws__x=(given,)) is expected


def test_a_missing_key_fails_a_positive_operator_and_passes_a_negated_one() -> None:
    """condition_operators: if the key is not present, the values do not match."""
    assert not holds("StringEquals", "aws:x", "a")
    assert holds("StringNotEquals", "aws:x", "a")
    assert holds("ArnNotLike", "aws:x", "arn:aws:sns:*:*:*")


def test_if_exists_passes_when_the_key_is_missing() -> None:
    """condition_operators, IfExists: true if the key is absent, compared if it is present."""
    wanted = ["t1.*", "t2.*"]
    assert holds("StringLikeIfExists", "ec2:InstanceType", wanted)
    assert holds("StringLikeIfExists", "ec2:InstanceType", wanted, ec2__InstanceType=("t1.x",))
    assert not holds("StringLikeIfExists", "ec2:InstanceType", wanted, ec2__InstanceType=("m1",))


def test_null_true_means_absent_and_null_false_means_present() -> None:
    """condition_operators, Null: true = the key must not be there."""
    assert holds("Null", "acm:CertificateAuthority", "true")
    assert not holds("Null", "acm:CertificateAuthority", "false")
    assert holds("Null", "acm:CertificateAuthority", "false", acm__CertificateAuthority=("arn",))
    assert not holds(
        "Null", "acm:CertificateAuthority", ["true"], acm__CertificateAuthority=("arn",)
    )


def test_for_all_values_needs_every_value_to_match_and_passes_an_absent_key() -> None:
    """reference_policies_condition-single-vs-multi-valued-context-keys, ForAllValues."""
    operator, key = "ForAllValues:StringEquals", "aws:TagKeys"
    wanted = ["environment", "cost-center"]
    assert holds(operator, key, wanted, aws__TagKeys=("environment",))
    assert not holds(operator, key, wanted, aws__TagKeys=("environment", "other"))
    assert holds(operator, key, wanted)


def test_for_any_value_needs_one_value_to_match_and_fails_an_absent_key() -> None:
    """reference_policies_condition-single-vs-multi-valued-context-keys, ForAnyValue."""
    operator, key = "ForAnyValue:StringEquals", "aws:TagKeys"
    wanted = ["webserver"]
    assert holds(operator, key, wanted, aws__TagKeys=("webserver", "other"))
    assert not holds(operator, key, wanted, aws__TagKeys=("other",))
    assert not holds(operator, key, wanted)


def test_a_set_operator_takes_an_empty_text_for_no_value() -> None:
    """condition-single-vs-multi-valued-context-keys: a null dataset, such as an empty string."""
    assert holds("ForAllValues:StringEquals", "k", ["a"], k=("",))
    assert not holds("ForAnyValue:StringEquals", "k", [""], k=("",))
    assert not holds("ForAnyValue:StringNotEquals", "k", ["a"], k=("",))


def test_a_question_mark_and_a_star_match_dots_too() -> None:
    """condition_operators: `?` is any character, so no pattern of a name stops at its dots."""
    assert holds("StringLike", "k", "_???.example.com", k=("_a.b.example.com",))
    assert holds("StringLike", "k", "_*.example.com", k=("_a.b.c.example.com",))
    assert not holds("StringLike", "k", "_???.example.com", k=("_ab.example.com",))
    assert not holds("StringLike", "k", "_???.example.com", k=("_abcd.example.com",))


def test_a_negated_set_operator_asks_each_value() -> None:
    assert holds("ForAllValues:StringNotEquals", "k", ["a", "b"], k=("c", "d"))
    assert not holds("ForAllValues:StringNotEquals", "k", ["a", "b"], k=("c", "a"))
    assert holds("ForAnyValue:StringNotLike", "k", ["a*"], k=("ab", "b"))


def test_a_null_condition_closes_the_trap_of_for_all_values() -> None:
    condition = {
        "ForAllValues:StringLike": {"acm:DomainNames": ["*.example.com"]},
        "Null": {"acm:DomainNames": "false"},
    }
    assert conditions_hold(condition, {"acm:DomainNames": ("a.example.com", "b.example.com")})
    assert not conditions_hold(condition, {"acm:DomainNames": ("a.example.com", "evil.test")})
    assert not conditions_hold(condition, {})


def test_policy_variables_are_filled_in_and_never_match_without_a_value() -> None:
    """reference_policies_variables: a variable without a value matches nothing."""
    statement = allow(Resource="arn:aws:s3:::bucket/${aws:username}/*")
    path = "arn:aws:s3:::bucket/jo/file"
    assert allows(statement, resource=path, context={"aws:username": ("jo",)})
    assert not allows(statement, resource=path, context={"aws:username": ("al",)})
    assert not allows(statement, resource=path)


def test_an_escaped_wildcard_is_the_character_itself() -> None:
    """reference_policies_variables: `${*}`, `${?}` and `${$}` are the characters."""
    assert holds("StringLike", "k", "${*}.*", k=("*.example.com",))
    assert not holds("StringLike", "k", "${*}.*", k=("www.example.com",))
    assert holds("StringEquals", "k", "a${$}${?}", k=("a$?",))


DENY_REQUEST = {"Effect": "Deny", "Action": "acm:RequestCertificate", "Resource": "*"}


@pytest.mark.parametrize(
    ("condition", "context", "denied"),
    [
        (
            {"StringLike": {"acm:ValidationMethod": "EMAIL"}},
            {"acm:ValidationMethod": ("EMAIL",)},
            True,
        ),
        (
            {"StringLike": {"acm:ValidationMethod": "EMAIL"}},
            {"acm:ValidationMethod": ("DNS",)},
            False,
        ),
        (
            {"ForAnyValue:StringLike": {"acm:DomainNames": ["${*}.*"]}},
            {"acm:DomainNames": ("example.com", "*.example.com")},
            True,
        ),
        (
            {"ForAnyValue:StringLike": {"acm:DomainNames": ["${*}.*"]}},
            {"acm:DomainNames": ("example.com", "www.example.com")},
            False,
        ),
        (
            {"ForAnyValue:StringNotLike": {"acm:DomainNames": ["*.amazonaws.com"]}},
            {"acm:DomainNames": ("a.amazonaws.com", "example.com")},
            True,
        ),
        (
            {"ForAnyValue:StringNotLike": {"acm:DomainNames": ["*.amazonaws.com"]}},
            {"acm:DomainNames": ("a.amazonaws.com",)},
            False,
        ),
    ],
    ids=["e-mail", "no e-mail", "wildcard", "no wildcard", "other domain", "own domain"],
)
def test_the_examples_of_acm_s_own_guide_mean_what_it_says(
    condition: Mapping[str, Any], context: Mapping[str, tuple[str, ...]], *, denied: bool
) -> None:
    """acm-conditions, examples 1 to 3."""
    deny = {**DENY_REQUEST, "Condition": condition}
    allowed = allows(allow(), deny, action="acm:RequestCertificate", context=context)
    assert allowed is not denied


def test_a_variable_whose_value_holds_a_wildcard_is_an_error() -> None:
    with pytest.raises(UnjudgeablePolicyError):
        holds("StringLike", "k", "${aws:username}", k=("jo",), aws__username=("*",))


@pytest.mark.parametrize(
    "statement",
    [
        allow(Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}),
        allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        allow(Condition={"ForSomeValues:StringEquals": {"aws:x": "1"}}),
        allow(Condition={"StringEquals": {"aws:x": "${aws:username, 'nobody'}"}}),
        allow(Resource="arn:aws:sns"),
        allow(Effect="allow"),
        allow(Conditions={"Bool": {"aws:SecureTransport": "true"}}),
        allow(Principal="*"),
        allow(Action="Publish"),
        {**allow(), "NotAction": "iam:*"},
        {**allow(), "NotResource": TOPIC},
        {"Effect": "Allow", "Action": "*"},
        allow(Resource="arn:aws:sns:*:alerts"),
        allow(Condition={"Bool": {"aws:x": "yes"}}),
        allow(Condition={"NumericLessThan": {"aws:x": "ten"}}),
        allow(Condition={"ForAnyValue:Null": {"aws:x": "true"}}),
        allow(Condition={"StringNotEquals": {"aws:x": "${aws:username}"}}),
    ],
    ids=[
        "dates",
        "addresses",
        "unknown quantifier",
        "default value",
        "half an ARN",
        "effect",
        "misspelt element",
        "principal of a role's own policy",
        "action without a service",
        "both kinds of action",
        "both kinds of resource",
        "no resource",
        "a wildcard across components",
        "neither true nor false",
        "no number",
        "Null of a set",
        "a negated variable without a value",
    ],
)
def test_what_the_evaluator_does_not_know_is_an_error_and_never_a_guess(
    statement: dict[str, Any],
) -> None:
    with pytest.raises(UnjudgeablePolicyError):
        allows(statement, context={"aws:x": ("1",)})


def test_a_policy_of_the_old_version_has_no_variables() -> None:
    """reference_policies_elements_version: 2008-10-17 takes a variable for a literal."""
    old = {"Version": "2008-10-17", "Statement": [allow(Resource="arn:aws:s3:::b/${aws:userid}")]}
    with pytest.raises(UnjudgeablePolicyError, match="variables"):
        judge([old], Permission("s3:GetObject", "arn:aws:s3:::b/x"))


def test_many_values_without_a_set_operator_are_an_error() -> None:
    with pytest.raises(UnjudgeablePolicyError, match="set operator"):
        holds("StringEquals", "aws:TagKeys", "a", aws__TagKeys=("a", "b"))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("1/test/object.jpg", True),
        ("1/2/test/object.jpg", True),
        ("1/2/test/3/object.jpg", True),
        ("1-test/object.jpg", False),
        ("test/object.jpg", False),
        ("1/2/test.jpg", False),
    ],
)
def test_an_asterisk_runs_over_slashes(key: str, *, expected: bool) -> None:
    """reference_policies_elements_resource: the guide's example of a bucket."""
    statement = allow(Resource="arn:aws:s3:::amzn-s3-demo-bucket/*/test/*")
    resource = f"arn:aws:s3:::amzn-s3-demo-bucket/{key}"
    assert allows(statement, resource=resource) is expected


def test_a_question_mark_is_one_character() -> None:
    """reference_policies_elements_resource: `?` represents any single character."""
    statement = allow(Resource="arn:aws:iam::123456789012:user/J?")
    assert allows(statement, resource="arn:aws:iam::123456789012:user/Jo")
    assert not allows(statement, resource="arn:aws:iam::123456789012:user/J")
    assert not allows(statement, resource="arn:aws:iam::123456789012:user/Jim")


def test_an_arn_in_a_condition_is_compared_component_by_component() -> None:
    """condition_operators, ARN: each of the six components is checked separately."""
    assert holds("ArnLike", "k", "arn:aws:sns:*:*:al?rts", k=(TOPIC,))
    assert not holds("ArnLike", "k", "arn:aws:sns:*:alerts:x", k=(TOPIC,))
    assert not holds("StringEquals", "k", "arn:aws:sns:*:*:alerts", k=(TOPIC,))


def test_not_action_with_deny_leaves_what_it_names_to_others() -> None:
    """reference_policies_elements_notaction, Deny: nothing is allowed by it."""
    deny = {"Effect": "Deny", "NotAction": "sns:*", "Resource": "*"}
    assert allows(allow(), deny)
    assert not allows(allow(), deny, action="sqs:SendMessage")
    assert not allows(deny)


def test_not_resource_with_deny_spares_what_it_names() -> None:
    """reference_policies_elements_notresource: Deny everything but one bucket."""
    spared = ["arn:aws:s3:::payroll", "arn:aws:s3:::payroll/*"]
    deny = {"Effect": "Deny", "Action": "s3:*", "NotResource": spared}
    assert allows(allow(), deny, action="s3:GetObject", resource="arn:aws:s3:::payroll/x")
    assert not allows(allow(), deny, action="s3:GetObject", resource="arn:aws:s3:::other/x")


BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket-logs"
CARLOS, ZHANG = "arn:aws:iam::111122223333:role/carlos", "arn:aws:iam::111122223333:role/zhang"
CARLOS_MAY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": f"{BUCKET}/carlos/*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": f"{BUCKET}/secret/*"},
    ],
}
BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": CARLOS},
            "Action": "s3:PutObject",
            "Resource": f"{BUCKET}/*",
        },
        {
            "Effect": "Deny",
            "Principal": {"AWS": ZHANG},
            "Action": "s3:*",
            "Resource": f"{BUCKET}/carlos/*",
        },
    ],
}


@pytest.mark.parametrize(
    ("who", "action", "key", "expected"),
    [
        (CARLOS, "s3:GetObject", "x", True),
        (CARLOS, "s3:PutObject", "x", True),
        (CARLOS, "s3:DeleteObject", "x", False),
        (CARLOS, "s3:PutObject", "secret/x", False),
        (ZHANG, "s3:GetObject", "x", True),
        (ZHANG, "s3:GetObject", "carlos/x", False),
    ],
    ids=[
        "his own policy alone allows",
        "the bucket's policy alone allows",
        "neither allows",
        "his own policy denies what the bucket's allows",
        "another with the same policy",
        "the bucket's policy denies what his own allows",
    ],
)
def test_in_one_account_either_side_allows_and_each_may_deny(
    who: str, action: str, key: str, *, expected: bool
) -> None:
    """reference_policies_evaluation-logic_policy-eval-basics: Carlos and Zhang."""
    permission = Permission(action, f"{BUCKET}/{key}")
    verdict = decide(
        Principal(who),
        permission,
        identity=[CARLOS_MAY],
        resource=BUCKET_POLICY,
        owner="111122223333",
    )
    assert verdict.allowed is expected


@pytest.mark.parametrize("own", [True, False], ids=["own policy", "no policy"])
@pytest.mark.parametrize("named", ["root", "role", None], ids=["account", "role", "nobody"])
def test_across_accounts_both_sides_have_to_allow(named: str | None, *, own: bool) -> None:
    """reference_policies_evaluation-logic-cross-account."""
    who = {"root": "arn:aws:iam::111122223333:root", "role": CARLOS, None: ZHANG}[named]
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": f"{BUCKET}/*"}
    verdict = decide(
        Principal(CARLOS),
        Permission("s3:GetObject", f"{BUCKET}/x"),
        identity=[{"Statement": [statement]}] if own else [],
        resource={"Statement": [{**statement, "Principal": {"AWS": who}}]},
        owner="444455556666",
    )
    assert verdict.allowed is (own and named is not None)


KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
USE = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}


@pytest.mark.parametrize(
    ("principal", "own", "expected"),
    [
        ("arn:aws:iam::111122223333:root", True, True),
        ("arn:aws:iam::111122223333:root", False, False),
        (CARLOS, False, True),
        (ZHANG, True, False),
    ],
    ids=["left to IAM", "left to IAM, which grants nothing", "named itself", "not named"],
)
def test_a_key_is_its_policy_s_alone(principal: str, *, own: bool, expected: bool) -> None:
    """key-policy-default (KMS): without the account in it, IAM policies have no effect."""
    verdict = decide(
        Principal(CARLOS),
        Permission("kms:Decrypt", KEY),
        identity=[{"Statement": [USE]}] if own else [],
        resource={"Statement": [{**USE, "Principal": {"AWS": principal}}]},
        owner="111122223333",
    )
    assert verdict.allowed is expected


def test_a_boundary_limits_what_a_resource_grants_a_role_too() -> None:
    """evaluation-logic_policy-eval-denyallow: a role's ARN is limited by an implicit deny."""
    verdict = decide(
        Principal(CARLOS),
        Permission("s3:PutObject", f"{BUCKET}/x"),
        identity=[],
        boundary={"Statement": [allow(Action="sns:*")]},
        resource=BUCKET_POLICY,
        owner="111122223333",
    )
    assert not verdict.allowed
    assert verdict.reason.startswith("boundary")


def test_an_explicit_deny_of_a_boundary_wins_over_everything() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    verdict = decide(
        Principal(CARLOS),
        Permission("s3:GetObject", f"{BUCKET}/x"),
        identity=[CARLOS_MAY],
        boundary={"Statement": [allow(), deny]},
    )
    assert verdict.explicit


ALARM = {
    "Effect": "Allow",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
}
IN_THE_CLEAR = {
    "Effect": "Deny",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Principal": {"AWS": "*"},
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.mark.parametrize(
    ("service", "account", "transport", "expected"),
    [
        ("cloudwatch.amazonaws.com", "123456789012", "true", Answer.GRANTED),
        ("cloudwatch.amazonaws.com", "123456789012", "false", Answer.DENIED),
        ("cloudwatch.amazonaws.com", "999999999999", "true", Answer.SILENT),
        ("events.amazonaws.com", "123456789012", "true", Answer.SILENT),
    ],
)
def test_a_resource_may_let_a_service_in(
    service: str, account: str, transport: str, *, expected: Answer
) -> None:
    """reference_policies_elements_principal: a service is named by its own kind of principal."""
    context = {"aws:SourceAccount": (account,), "aws:SecureTransport": (transport,)}
    permission = Permission("sns:Publish", TOPIC, context)
    document = {"Statement": [ALARM, IN_THE_CLEAR]}
    assert answers(document, Principal(service), permission) is expected


@pytest.mark.parametrize(
    "principal",
    [{"AWS": "arn:aws:iam::111122223333:role/*"}, {"Federated": "cognito"}, "nobody"],
)
def test_a_principal_that_the_evaluator_does_not_know_is_an_error(principal: object) -> None:
    """reference_policies_elements_principal: no wildcard stands for a part of a name."""
    statement = {**ALARM, "Principal": principal}
    with pytest.raises(UnjudgeablePolicyError):
        answers({"Statement": [statement]}, Principal(CARLOS), Permission("sns:Publish", TOPIC))


def test_a_resource_s_policy_without_a_principal_is_an_error() -> None:
    with pytest.raises(UnjudgeablePolicyError):
        answers({"Statement": [USE]}, Principal(CARLOS), Permission("kms:Decrypt", KEY))


HUB = "arn:aws:iam::111122223333:role/hub"


def trusted(statement: Mapping[str, Any], external_id: str | None = None) -> bool:
    document = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}]}
    context = {"sts:ExternalId": (external_id,)} if external_id else {}
    permission = Permission("sts:AssumeRole", "arn:aws:iam::222222222222:role/member", context)
    return trusts(document, HUB, permission).allowed


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (HUB, True),
        ("111122223333", True),
        ("arn:aws:iam::111122223333:root", True),
        ([f"{HUB}-other", HUB], True),
        ("*", True),
        ("arn:aws:iam::111122223333:role/other", False),
        ("arn:aws:iam::999999999999:root", False),
    ],
)
def test_a_trust_policy_names_a_role_or_its_account(principal: object, *, expected: bool) -> None:
    """reference_policies_elements_principal: an account stands for all its principals."""
    assert trusted({"Principal": {"AWS": principal}}) is expected


def test_a_trust_policy_for_a_service_trusts_no_role() -> None:
    assert not trusted({"Principal": {"Service": "lambda.amazonaws.com"}})


def test_a_trust_policy_may_deny_what_it_allows_elsewhere() -> None:
    anyone = {"Effect": "Allow", "Action": "sts:*", "Principal": "*"}
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": HUB}}
    permission = Permission("sts:AssumeRole", "arn:aws:iam::222222222222:role/member")
    assert trusts({"Statement": [anyone]}, HUB, permission).allowed
    assert not trusts({"Statement": [anyone, deny]}, HUB, permission).allowed
    with pytest.raises(UnjudgeablePolicyError):
        trusted({"NotPrincipal": {"AWS": HUB}})


def test_a_trust_policy_may_demand_an_external_id() -> None:
    """id_roles_common-scenarios_third-party: sts:ExternalId."""
    statement = {
        "Principal": {"AWS": HUB},
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}},
    }
    assert trusted(statement, "secret")
    assert not trusted(statement, "wrong")
    assert not trusted(statement)
