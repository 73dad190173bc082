"""Who manages a certificate, and that a tag or a doubt never widens what may be done to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import Action, Certificate, CertificateType
from certificate_lifecycle.model.ownership import CertificateMode, OwnerKind
from certificate_lifecycle.policy.coverage import Coverage
from certificate_lifecycle.policy.ownership import (
    NEEDED_MODE,
    Modes,
    controller_of,
    is_issued_by,
    ownership,
    selected_by,
)
from certificate_lifecycle.policy.settings import RotationMode
from tests.unit.builders import certificate

INSTANCE = "certificate-lifecycle"
OURS = {"ManagedBy": INSTANCE}
DOMAINS = ("example.com",)
MODES = Modes(
    instance=INSTANCE,
    allowed_domains=DOMAINS,
    managed=RotationMode.REPLACE,
    unmanaged=RotationMode.NOTIFY,
    coverage=Coverage(),
)
CLUSTER = ("elbv2.k8s.aws/cluster", "shop")
MODE_TAG = "certificate-lifecycle:mode"
ELSEWHERE = Coverage(include_domains=("other.example.com",))


def tagged(tags: dict[str, str], *names: str) -> Certificate:
    names = names or ("shop.example.com",)
    return certificate(names=names).with_tags(tuple(tags.items()))


def kind(found: Certificate, *consumer_tags: tuple[str, str]) -> OwnerKind | None:
    return ownership(found, INSTANCE, DOMAINS, consumer_tags).kind


def note(found: Certificate) -> str:
    return ownership(found, INSTANCE, DOMAINS).note


# --- Who --------------------------------------------------------------------------------------


def test_a_certificate_with_the_tag_and_only_allowed_names_was_issued_here() -> None:
    assert kind(tagged(OURS, "example.com", "*.shop.example.com")) is OwnerKind.OURS


def test_a_declared_certificate_that_is_missing_is_of_this_instance() -> None:
    missing = certificate(type=CertificateType.DECLARED, names=("main",))
    assert is_issued_by(missing, INSTANCE, ()) is True


@pytest.mark.parametrize(
    "found",
    [
        tagged(OURS, "shop.example.com", "example.net"),
        tagged({"ManagedBy": "another-instance"}),
        tagged({"managedby": INSTANCE}),
        tagged({}),
        certificate(names=()).with_tags(tuple(OURS.items())),
        replace(tagged(OURS), names_complete=False),
    ],
    ids=["another name", "another instance", "another key", "no tag", "no name", "unseen names"],
)
def test_the_tag_alone_the_names_alone_or_a_doubt_make_no_certificate_ours(
    found: Certificate,
) -> None:
    assert kind(found) is OwnerKind.OTHER


def test_without_allowed_domains_nothing_was_issued_here() -> None:
    assert ownership(tagged(OURS), INSTANCE, ()).kind is OwnerKind.OTHER


def test_whether_it_was_issued_here_is_unknown_while_its_tags_or_names_are() -> None:
    assert is_issued_by(certificate(names=("shop.example.com",)), INSTANCE, DOMAINS) is None
    assert is_issued_by(replace(tagged(OURS), names_complete=False), INSTANCE, DOMAINS) is None
    assert is_issued_by(certificate(names=("example.net",)), INSTANCE, DOMAINS) is False


@pytest.mark.parametrize(
    ("tags", "by"),
    [
        ({"aws:cloudformation:stack-name": "edge\r\n"}, "CloudFormation stack edge"),
        ({"ManagedBy": "Terraform"}, "Terraform"),
        ({"ManagedBy": "opentofu"}, "OpenTofu"),
        ({"ManagedBy": "pulumi"}, "Pulumi"),
        ({"ManagedBy": "CloudFormation"}, "CloudFormation"),
    ],
)
def test_the_finding_says_which_tool_declares_a_certificate(tags: dict[str, str], by: str) -> None:
    found = ownership(tagged(tags), INSTANCE, DOMAINS)
    assert (found.kind, found.note) == (OwnerKind.DECLARED, f"It is declared by {by}.")


@pytest.mark.parametrize(
    ("tag", "controller"),
    [
        (CLUSTER, "the AWS Load Balancer Controller of cluster shop"),
        (("ingress.k8s.aws/stack", "web"), "the AWS Load Balancer Controller"),
        (("ingress.k8s.aws/resource", "Certificate"), "the AWS Load Balancer Controller"),
    ],
)
def test_a_controller_is_known_by_the_tags_of_a_certificate_or_of_its_load_balancers(
    tag: tuple[str, str], controller: str
) -> None:
    assert controller_of([("Name", "x"), tag]) == controller
    by_itself = ownership(tagged(dict([tag])), INSTANCE, DOMAINS)
    by_consumer = ownership(tagged({}), INSTANCE, DOMAINS, [tag])
    assert by_itself == by_consumer
    assert by_itself.kind is OwnerKind.SELECTED
    assert by_itself.note == selected_by(controller)
    assert "alb.ingress.kubernetes.io/certificate-arn" in by_itself.note


def test_a_controller_is_said_to_delete_records_only_if_a_record_was_removed() -> None:
    for tags, shared in (([CLUSTER], True), ([], False)):
        removed = ownership(tagged({}), INSTANCE, DOMAINS, tags, record_removed=True)
        assert ("deletes the validation record" in removed.note) is shared
    assert "deletes" not in ownership(tagged({}), INSTANCE, DOMAINS, [CLUSTER]).note


def test_our_certificate_stays_ours_on_a_controllers_load_balancer_and_the_finding_says_so() -> (
    None
):
    found = ownership(tagged(OURS), INSTANCE, DOMAINS, [CLUSTER])
    assert found.kind is OwnerKind.OURS
    assert "of cluster shop" in found.note


def test_without_tags_the_owner_is_unknown() -> None:
    assert kind(certificate(names=("shop.example.com",)), CLUSTER) is None


# --- What is permitted ------------------------------------------------------------------------


def test_ours_has_the_mode_of_the_account_and_another_one_the_unmanaged_mode() -> None:
    assert MODES.mode(tagged(OURS), Action.REPLACE) is CertificateMode.REPLACE
    assert MODES.mode(tagged({}), Action.REPLACE) is CertificateMode.NOTIFY
    assert MODES.blocked_reason(tagged(OURS), Action.REPLACE) is None


def test_the_reason_names_every_input_and_tag_that_has_to_change() -> None:
    modes = replace(MODES, managed=RotationMode.REPAIR)
    found = tagged({MODE_TAG: "off"})
    assert modes.blocked_reason(found, Action.REBIND) == (
        "rotation_mode is repair, and unmanaged_rotation_mode is notify, which applies because "
        "certificate-lifecycle did not issue it, and its tag certificate-lifecycle:mode is off. "
        'To allow it, set rotation_mode = "replace" and unmanaged_rotation_mode = "replace" and '
        'the tag certificate-lifecycle:mode = "replace".'
    )


def test_unread_tags_have_a_reason_and_no_input_that_allows_the_action() -> None:
    found = certificate(names=("shop.example.com",))
    modes = replace(MODES, unmanaged=RotationMode.REPLACE)
    assert modes.blocked_reason(found, Action.RESTORE_RECORDS) == "its tags could not be read."


def test_a_certificate_that_the_configuration_names_is_imported_and_exported_like_ours() -> None:
    found = tagged({})
    modes = replace(MODES, configured=(found.arn,))
    for action in (Action.REIMPORT, Action.EXPORT):
        assert modes.blocked_reason(found, action) is None
        capped = tagged({MODE_TAG: "notify"})
        assert modes.blocked_reason(capped, action) is not None
    assert modes.blocked_reason(found, Action.RESTORE_RECORDS) is not None


def test_outside_the_scope_only_certificates_of_this_instance_are_changed() -> None:
    modes = replace(MODES, unmanaged=RotationMode.REPLACE, coverage=ELSEWHERE)
    assert modes.blocked_reason(tagged(OURS), Action.REPLACE) is None
    assert modes.blocked_reason(tagged({}), Action.RESTORE_RECORDS) == (
        "it is outside the scope of certificate-lifecycle."
    )


def test_a_run_that_is_held_back_allows_nothing() -> None:
    modes = replace(MODES, held_back="too much")
    assert modes.blocked_reason(tagged(OURS), Action.RESTORE_RECORDS) == "too much"


@pytest.mark.parametrize("value", ["Replace", "none", "", "replace;"])
def test_an_unknown_value_of_the_mode_tag_is_treated_as_notify_and_is_reported(value: str) -> None:
    found = tagged({**OURS, MODE_TAG: value})
    assert MODES.mode(found, Action.REPLACE) is CertificateMode.NOTIFY
    known = "treated as notify; known values are off, notify, repair, replace."
    assert note(found).endswith(known)


@pytest.mark.parametrize("value", ["off", "notify", " repair "])
def test_a_mode_tag_that_limits_is_in_the_finding(value: str) -> None:
    assert note(tagged({MODE_TAG: value})) == f"Its tag {MODE_TAG} is {value.strip()}."


def test_a_mode_tag_that_allows_everything_is_not_in_the_finding() -> None:
    assert note(tagged({MODE_TAG: "replace"})) == ""


# --- Properties -------------------------------------------------------------------------------

values = st.sampled_from([*CertificateMode, INSTANCE, "terraform", "Replace", "*", ""])
keys = st.sampled_from(
    [MODE_TAG, "certificate-lifecycle:Mode", "aws:cloudformation:stack-name", *dict([CLUSTER])]
)
tag_sets = st.dictionaries(keys, values)
modes = st.builds(
    Modes,
    instance=st.just(INSTANCE),
    allowed_domains=st.sampled_from([(), DOMAINS, ("example.net",)]),
    managed=st.sampled_from(RotationMode),
    unmanaged=st.sampled_from(RotationMode),
    coverage=st.sampled_from([Coverage(), ELSEWHERE, Coverage(exclude_tags=((MODE_TAG, ("*",)),))]),
    configured=st.sampled_from([(), (tagged({}).arn,)]),
)
actions = st.sampled_from([*NEEDED_MODE])


@given(modes, tag_sets, st.booleans(), keys, values, actions)
def test_a_tag_never_widens(
    given_modes: Modes,
    tags: dict[str, str],
    ours: bool,  # noqa: FBT001
    key: str,
    value: str,
    action: Action,
) -> None:
    """Only ManagedBy can, together with the names, see the tests above."""
    base = OURS if ours else {}
    without = {name: text for name, text in tags.items() if name != key}
    before = given_modes.mode(tagged({**base, **without}), action)
    after = given_modes.mode(tagged({**base, **without, key: value}), action)
    assert after.rank <= before.rank


@given(modes, tag_sets, actions)
def test_unread_tags_never_widen(given_modes: Modes, tags: dict[str, str], action: Action) -> None:
    read = tagged({**OURS, **tags})
    unread = replace(read, detail=replace(read.detail, tags_read=False))
    known = given_modes.mode(read, action)
    assert given_modes.mode(unread, action).rank <= known.rank or known is CertificateMode.OFF
    assert given_modes.blocked_reason(unread, action) is not None


@given(modes, tag_sets, actions)
def test_no_mode_exceeds_the_mode_of_the_account(
    given_modes: Modes, tags: dict[str, str], action: Action
) -> None:
    found = given_modes.mode(tagged({**OURS, **tags}), action)
    assert CertificateMode.of(given_modes.managed.value).allows(found)
    blocked = given_modes.blocked_reason(tagged({**OURS, **tags}), action)
    assert (blocked is None) == found.allows(NEEDED_MODE[action])
