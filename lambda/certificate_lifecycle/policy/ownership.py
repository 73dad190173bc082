"""Who manages a certificate, and the mode that rotation has for it.

A tag only ever lowers the mode: otherwise anyone who may tag a certificate could have it changed.
A certificate whose tags were not read is never changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from certificate_lifecycle.model.certificate import Action, Certificate, CertificateType
from certificate_lifecycle.model.dns_names import is_allowed
from certificate_lifecycle.model.ownership import CertificateMode, OwnerKind
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.tags import INSTANCE_TAG, MODE_TAG, mode_tag
from certificate_lifecycle.policy.coverage import Coverage
from certificate_lifecycle.policy.settings import RotationMode

Tag = tuple[str, str]

#: The mode that each action needs; other actions are the task of a person.
NEEDED_MODE = {
    **dict.fromkeys(
        (Action.RESTORE_RECORDS, Action.RENEW_BY_EMAIL, Action.REIMPORT, Action.EXPORT),
        CertificateMode.REPAIR,
    ),
    **dict.fromkeys((Action.REPLACE, Action.REQUEST_AGAIN, Action.REBIND), CertificateMode.REPLACE),
}
#: Actions on certificates that the configuration names, see `Modes.configured`.
_CONFIGURED_ACTIONS = frozenset({Action.REIMPORT, Action.EXPORT})

#: CloudFormation sets it on every resource of a stack (user guide, "Resource tags").
_STACK_TAG = "aws:cloudformation:stack-name"
#: Tools by the value of the tag `ManagedBy` with which they say that they declare a certificate.
DECLARING_TOOLS = {
    "cloudformation": "CloudFormation",
    "opentofu": "OpenTofu",
    "pulumi": "Pulumi",
    "terraform": "Terraform",
}
#: Tags of the AWS Load Balancer Controller on load balancers, and on certificates that it requests.
#: It deletes certificates with its tags, and their validation records, that no Ingress needs
#: (https://github.com/kubernetes-sigs/aws-load-balancer-controller, `pkg/deploy/acm`).
_CLUSTER_TAG = "elbv2.k8s.aws/cluster"
CONTROLLER_TAGS = frozenset({_CLUSTER_TAG, "ingress.k8s.aws/stack", "ingress.k8s.aws/resource"})
#: Certificates of one name and account share their validation record (ACM user guide, "DNS
#: validation").
_RECORDS_ARE_SHARED = (
    "With a certificate that it requested and does not need any more, the controller deletes the "
    "validation record, which other certificates of the same name share."
)
#: Length of a name from a tag in a sentence.
_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who manages a certificate: `kind` is None while its tags are unknown.

    `note` names another tool, and a mode tag that limits; empty if there is neither.
    """

    kind: OwnerKind | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the mode of a certificate.

    `reason` is a clause about its cause, `remedy` the input or the tag that sets it, or empty.
    """

    mode: CertificateMode
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """The modes of an instance in one account.

    `unmanaged` is the mode for certificates that the instance did not issue.
    `configured` are the ARNs that `import_sources` and `export_targets` name.
    `held_back` is why nothing may be changed in this run, if there is a reason.
    """

    instance: str
    allowed_domains: Sequence[str]
    managed: RotationMode
    unmanaged: RotationMode
    coverage: Coverage
    configured: Collection[str] = ()
    held_back: str | None = None

    def mode(self, certificate: Certificate, action: Action) -> CertificateMode:
        """Return the mode for an action on a certificate."""
        found = (limit.mode for limit in self.limits(certificate, action))
        return min(found, key=lambda mode: mode.rank)

    def blocked_reason(self, certificate: Certificate, action: Action) -> str | None:
        """Return why the mode of a certificate does not allow an action, or None.

        The sentences name each input and tag that would have to change.
        """
        if self.held_back is not None:
            return self.held_back
        needed = NEEDED_MODE.get(action, CertificateMode.REPLACE)
        blocking = [
            limit for limit in self.limits(certificate, action) if not limit.mode.allows(needed)
        ]
        if not blocking:
            return None
        remedies = [f'{limit.remedy} = "{needed}"' for limit in blocking if limit.remedy]
        allow = f" To allow it, set {' and '.join(remedies)}." if remedies else ""
        return f"{', and '.join(limit.reason for limit in blocking)}.{allow}"

    def is_configured(self, certificate: Certificate, action: Action) -> bool:
        """Whether the configuration names a certificate for an import or export."""
        return action in _CONFIGURED_ACTIONS and certificate.arn in self.configured

    def limits(self, certificate: Certificate, action: Action) -> list[Limit]:
        """Return every limit of the mode for an action on a certificate."""
        limits = [_of_input("rotation_mode", self.managed)]
        if not certificate.detail.tags_read:
            limits.append(Limit(CertificateMode.NOTIFY, "its tags could not be read"))
        issued_here = is_issued_by(certificate, self.instance, self.allowed_domains)
        if not issued_here and not self.is_configured(certificate, action):
            cause = f", which applies because {self.instance} did not issue it"
            limits.append(_of_input("unmanaged_rotation_mode", self.unmanaged, cause))
            if not self.coverage.covers(certificate):
                outside = f"it is outside the scope of {self.instance}"
                limits.append(Limit(CertificateMode.NOTIFY, outside))
        return [*limits, *_of_tag(certificate)]


def ownership(
    certificate: Certificate,
    instance: str,
    allowed_domains: Sequence[str],
    consumer_tags: Iterable[Tag] = (),
    *,
    record_removed: bool = False,
) -> Ownership:
    """Return who manages a certificate; `consumer_tags` are those of its load balancers.

    `record_removed` is whether a validation record was removed that a run had written.
    """
    declared = _declared_by(certificate)
    controller = controller_of((*certificate.detail.tags, *consumer_tags))
    selected = selected_by(controller) if controller else ""
    if controller and record_removed:
        selected = f"{selected} {_RECORDS_ARE_SHARED}"
    note = " ".join(filter(None, (declared, selected, _tag_note(certificate))))
    if not certificate.detail.tags_read:
        return Ownership(None, note)
    if is_issued_by(certificate, instance, allowed_domains):
        return Ownership(OwnerKind.OURS, note)
    if declared:
        return Ownership(OwnerKind.DECLARED, note)
    return Ownership(OwnerKind.SELECTED if controller else OwnerKind.OTHER, note)


def controller_of(tags: Iterable[Tag]) -> str:
    """Return the controller that selects certificates by name, by the tags of load balancers.

    Empty if there is none.
    """
    found = {key: value for key, value in tags if key in CONTROLLER_TAGS}
    if not found:
        return ""
    cluster = clean(found.get(_CLUSTER_TAG, ""), _LONGEST_NAME)
    return f"the AWS Load Balancer Controller{f' of cluster {cluster}' if cluster else ''}"


def returned_by(controller: str) -> str:
    """Return the text about a setting to which a controller returned the old certificate."""
    return (
        f"selected by name: {controller} returned it to the old certificate; set the annotation "
        "`alb.ingress.kubernetes.io/certificate-arn` of the Ingress to the successor"
    )


def selected_by(controller: str) -> str:
    """Return the sentence about a controller, with what its user has to set.

    It attaches every issued certificate with the name of an Ingress host, unless the annotation
    names one (`pkg/certs/cert_discovery.go` of the controller).
    """
    return (
        f"It is attached by name by {controller}: set `alb.ingress.kubernetes.io/certificate-arn` "
        "to the certificate that is to serve."
    )


def is_issued_by(
    certificate: Certificate, instance: str, allowed_domains: Sequence[str]
) -> bool | None:
    """Return whether an instance issued a certificate; None while names or tags are unknown.

    Anyone who may tag a certificate can set `ManagedBy`, so that its names decide, too: each is
    equal to or below one of `allowed_domains`. A declared certificate is known by its key only.
    """
    if certificate.type is CertificateType.DECLARED:
        return True
    names = certificate.names
    if not names or not all(is_allowed(name, allowed_domains) for name in names):
        return False
    if not certificate.names_complete or not certificate.detail.tags_read:
        return None
    return dict(certificate.detail.tags).get(INSTANCE_TAG) == instance


def _declared_by(certificate: Certificate) -> str:
    tags = dict(certificate.detail.tags)
    stack = clean(tags.get(_STACK_TAG, ""), _LONGEST_NAME)
    if stack:
        return f"It is declared by CloudFormation stack {stack}."
    tool = DECLARING_TOOLS.get(tags.get(INSTANCE_TAG, "").lower())
    return f"It is declared by {tool}." if tool else ""


def _of_input(name: str, mode: RotationMode, cause: str = "") -> Limit:
    return Limit(CertificateMode.of(mode.value), f"{name} is {mode}{cause}", name)


def _tag_note(certificate: Certificate) -> str:
    """Return a sentence about a mode tag that allows less than everything; empty without one."""
    limits = (limit for limit in _of_tag(certificate) if limit.mode is not CertificateMode.REPLACE)
    return "".join(f"I{limit.reason[1:]}." for limit in limits)


def _of_tag(certificate: Certificate) -> list[Limit]:
    value = mode_tag(certificate)
    if value is None:
        return []
    remedy = f"the tag {MODE_TAG}"
    if value in tuple(CertificateMode):
        return [Limit(CertificateMode.of(value), f"its tag {MODE_TAG} is {value}", remedy)]
    problem = (
        f"its tag {MODE_TAG} is {clean(value, _LONGEST_NAME)!r}, which is treated as notify; "
        f"known values are {', '.join(CertificateMode)}"
    )
    return [Limit(CertificateMode.NOTIFY, problem, remedy)]
