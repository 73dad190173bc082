"""A snapshot that somebody else may see: every name is another one, and decisions stay the same.

Equal texts stay equal, and names keep their labels: a name that was below a zone stays below it.
Whatever no rule is known for is replaced, so that a field which is added later shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from certificate_lifecycle.app.memory import AND
from certificate_lifecycle.cli.snapshots.files import dumps
from certificate_lifecycle.cli.snapshots.model import (
    Answer,
    RecordedAccount,
    RecordedLook,
    RecordedName,
    RecordedScope,
    RecordedSettings,
    RecordedSource,
    RecordedStore,
    Snapshot,
)
from certificate_lifecycle.config import default_settings, region
from certificate_lifecycle.core.checks import FOREIGN_MANAGERS, FOREIGN_TAG_KEYS, acm_reason
from certificate_lifecycle.core.consumers import Binding, Held, Move
from certificate_lifecycle.core.export import CURRENT_STAGE, ExportTarget, version_token
from certificate_lifecycle.core.memory import SCOPE, Memory, Note
from certificate_lifecycle.core.model import (
    Action,
    Certificate,
    Detail,
    DomainValidation,
    Reason,
    Renewal,
    Severity,
    ValidationRecord,
    Verdict,
)
from certificate_lifecycle.core.names import InvalidNameError, dns_form, is_same_or_below, normalise
from certificate_lifecycle.core.people import MUTE_TAG
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import REPLACED_BY_TAG, REPLACES_TAG, Journal
from certificate_lifecycle.core.run import ScopeStatus
from certificate_lifecycle.core.served import Sight
from certificate_lifecycle.core.sources import serial_number, serial_text
from certificate_lifecycle.core.validation import ExistingRecord, Zone
from certificate_lifecycle.core.x509 import Leaf, PublicKey

T = TypeVar("T")

_LEFT_OUT = "(left out)"
_DEFAULT = default_settings()
_MANAGER_TAG = "ManagedBy"
#: Where ACM's validation CNAMEs point: whether a record does so decides who may change it.
_ACM_TARGET = "acm-validations.aws"
#: Labels that stand for other names.
_WILDCARDS = frozenset({"*", "\\052"})
#: Prefixes of tag keys that a successor does not take over.
_TAG_PREFIXES = ("aws:", "certificate-lifecycle:")
_STAGES = frozenset({CURRENT_STAGE, "AWSPREVIOUS", "AWSPENDING"})
#: The services and types of resources that something of ours tells apart.
_SERVICES = frozenset(
    {
        *("acm", "acm-pca", "amplify", "apigateway", "appsync", "cloudfront", "cognito-idp", "ec2"),
        *("elasticbeanstalk", "elasticloadbalancing", "es", "iam", "iot", "network-firewall"),
        *("secretsmanager", "transfer", "vpc-lattice"),
    }
)
_RESOURCES = frozenset(
    {
        *("app", "certificate", "certificate-authority", "distribution", "distribution-tenant"),
        *("domain", "domainnames", "listener", "loadbalancer", "net", "role", "secret"),
        *("server-certificate", "userpool"),
    }
)
_PARTITION = re.compile(r"aws[a-z-]{0,12}")
_ACCOUNT = re.compile(r"\d{12}")
_ARN_PARTS = 6
#: As AWS writes them; anything longer or other is somebody's own text.
_KEY_ALGORITHM = re.compile(r"(RSA_\d{4}|EC_\w{1,12})?", re.ASCII)
_RECORD_TYPE = re.compile(r"[A-Z]{1,10}")
_USAGE = re.compile(r"[A-Z_]{1,40}")
_BAND = re.compile(
    r"(far|near|critical|3 days|1 day|over|muted until \d{4}-\d{2}-\d{2})?(, failing)?", re.ASCII
)
#: What may be told of an error: its class, the code of AWS's answer and the operation.
_AWS_ERROR = re.compile(
    r"(?P<name>\w{1,60}): An error occurred \((?P<code>[A-Za-z.]{1,60})\) "
    r"when calling the (?P<operation>[A-Za-z]{1,60}) operation",
    re.ASCII,
)
#: A word, an id or a serial number.
_TOKEN = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2})+|[^\W_]+")
_FIRST_SERIAL = 0x0A_00_00_00_00_00


def anonymised(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot with other names, accounts, ids, tags and texts, that is decided on alike.

    Times, states, numbers and regions stay: decisions are made from them.
    """
    names = _Pseudonyms(dumps(snapshot).lower(), snapshot.settings.owner_tag)
    # Of two that could take over, the later ARN does: the order of ARNs has to stay.
    listed = {arn for scope in snapshot.scopes for arn in scope.described}
    names.number(sorted(arn.rpartition("/")[2] for arn in listed))
    for scope in snapshot.scopes:
        _learn_versions(names, scope)
    return replace(names.of(snapshot, _Pseudonyms.word), anonymised=True)


def _learn_versions(names: _Pseudonyms, scope: RecordedScope) -> None:
    """Let versions of export targets keep their names' meaning: which issue each of them holds."""
    for arn, recorded in scope.described.items():
        described = recorded.described.value
        serial = described.detail.serial if described else None
        if serial is not None:
            named_anew = version_token(names.arn(arn), names.serial(serial))
            names.know(version_token(arn, serial), named_anew)


class _Pseudonyms:
    """What each text is replaced by; none of it is a word of the original."""

    def __init__(self, original: str, owner_tag: str) -> None:
        self._taken = set(_TOKEN.findall(original))
        self._owner_tag = owner_tag.lower()
        self._given: dict[tuple[str, object], str] = {}
        self._count = 0
        self._versions: dict[str, str] = {}

    def number(self, ids: Sequence[str]) -> None:
        """Give names to some ids that sort as these do."""
        for each in ids:
            self._new("word", each, lambda number: f"c{number:06}")

    def know(self, version: str, named_anew: str) -> None:
        self._versions[version] = named_anew

    def of(self, value: T, rule: _Rule) -> T:
        """Return a value with every text in it replaced: by its own rule in a dataclass."""
        return self._of(value, rule)  # type: ignore[no-any-return] # the same type comes back

    def _of(self, value: Any, rule: _Rule) -> Any:  # noqa: ANN401 - any field of a snapshot
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            return rule(self, value)
        if isinstance(value, bytes):
            return b""
        if isinstance(value, tuple):
            return tuple(self._of(each, rule) for each in value)
        if isinstance(value, frozenset):
            return frozenset(self._of(each, rule) for each in sorted(value))
        if isinstance(value, Mapping):
            return {self.arn(key): self._of(each, rule) for key, each in value.items()}
        if not is_dataclass(value) or isinstance(value, type):
            return value
        changes = {each.name: self._field(value, each.name, rule) for each in fields(value)}
        return replace(value, **changes)

    def _field(self, owner: Any, name: str, rule: _Rule) -> Any:  # noqa: ANN401 - any dataclass of a snapshot
        value = getattr(owner, name)
        if isinstance(owner, Answer):
            return self._of(value, _Pseudonyms.failure if name == "failure" else rule)
        if name == "tags":
            return self._tags(value)
        if name == "targets" and value is not None:
            return {self.arn(arn): self._versions_of(stages) for arn, stages in value.items()}
        if isinstance(owner, Leaf) and name == "serial":
            return serial_number(self.serial(serial_text(value)))
        return self._of(value, _RULES.get((type(owner), name), _Pseudonyms.word))

    def _tags(self, tags: Any) -> Any:  # noqa: ANN401 - tags, or the answer that has them
        if isinstance(tags, Answer):
            failure = None if tags.failure is None else self.failure(tags.failure)
            value = None if tags.value is None else self._tags(tags.value)
            return replace(tags, value=value, failure=failure)
        return tuple((self._tag_key(key), self._tag_value(key, value)) for key, value in tags)

    def _versions_of(
        self, answer: Answer[Mapping[str, tuple[str, ...]]]
    ) -> Answer[Mapping[str, tuple[str, ...]]]:
        stages = None
        if answer.value is not None:
            stages = {
                self._versions.get(version) or self.word(version): tuple(
                    label if label in _STAGES else self.word(label) for label in labels
                )
                for version, labels in answer.value.items()
            }
        failure = None if answer.failure is None else self.failure(answer.failure)
        return replace(answer, value=stages, failure=failure)

    # --- What a text is replaced by ---------------------------------------------------------------

    def word(self, text: str) -> str:
        """Return a word; blank ones, and the name that every instance has by default, stay."""
        if not text.strip() or text == _DEFAULT.name_prefix:
            return text
        return self._new("word", text, lambda number: f"n{number}")

    def same(self, text: str) -> str:
        """Return a text of our own."""
        return text

    def account(self, text: str) -> str:
        if not _ACCOUNT.fullmatch(text):
            return self.word(text)
        return self._new("account", text, lambda number: f"{number:012}")

    def region(self, text: str) -> str:
        try:
            return region(text)
        except ValueError:
            return self.word(text)

    def partition(self, text: str) -> str:
        return text if _PARTITION.fullmatch(text) else self.word(text)

    def zone(self, text: str) -> str:
        return self._new("zone", text, lambda number: f"Z{number:05}")

    def serial(self, text: str) -> str:
        """Return a serial number that differs where others do, however they are written."""
        number = serial_number(text)
        if number is None:
            return self.word(text)
        return self._new("serial", number, lambda count: serial_text(_FIRST_SERIAL + count))

    def arn(self, text: str) -> str:
        """Return an ARN with the same service, region and type, of something else."""
        parts = text.split(":", _ARN_PARTS - 1)
        if text == SCOPE:
            return text
        if len(parts) < _ARN_PARTS or parts[0] != "arn":
            return self.name(text) if "." in text else self.word(text)
        _, partition, service, where, account, resource = parts
        named = (
            each if each in {":", "/", *_RESOURCES} else self.arn(each)
            for each in re.split("([:/])", resource)
        )
        return ":".join(
            (
                "arn",
                self.partition(partition),
                service if service in _SERVICES else self.word(service),
                self.region(where),
                self.account(account),
                "".join(named),
            )
        )

    def name(self, text: str) -> str:
        """Return a name label by label: what was a domain name is one, what was none is none."""
        labels = text.lower().split(".")
        ends = len(labels) - (text.endswith(".") and len(labels) > 1)
        kept = 0
        if is_same_or_below(dns_form(text), _ACM_TARGET):
            kept = _ACM_TARGET.count(".") + 1
        return ".".join(
            label
            if index >= ends - kept or label in _WILDCARDS
            else self._label(label, last=index == ends - 1)
            for index, label in enumerate(labels)
        )

    def _label(self, label: str, *, last: bool) -> str:
        word = self.word(label)
        if not label.strip() or word == label:
            return label
        try:
            normalise(f"a.{label}" if last else f"{label}.aa")
        except InvalidNameError:
            return f"_{word}"
        return word

    def record_type(self, text: str) -> str:
        return text if _RECORD_TYPE.fullmatch(text) else self.word(text)

    def key_algorithm(self, text: str) -> str:
        return text if _KEY_ALGORITHM.fullmatch(text) else self.word(text)

    def usage(self, text: str) -> str:
        return text if _USAGE.fullmatch(text) else self.word(text)

    def manager(self, text: str) -> str:
        return text if text == "CLOUDFRONT" else self.word(text)

    def origin(self, text: str) -> str:
        known = ("AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED")
        return text if text in known else self.word(text)

    def acm_reason(self, text: str) -> str:
        """Return a reason of ACM's; what it means, and that it means nothing to us, stays."""
        return self.word(text) if acm_reason(text) is Reason.OTHER_FAILURE else text

    def remembered(self, text: str) -> str:
        """Return what the ledger says in words of ours."""
        known = {*Verdict, *ScopeStatus, *Reason, *Action, *(each.label for each in Severity)}
        return text if text in known or _BAND.fullmatch(text) else self.word(text)

    def failure(self, text: str) -> str:
        """Return of an error what AWS calls it, and nothing that it says."""
        known = _AWS_ERROR.match(text)
        if known is None:
            return _LEFT_OUT
        return f"{known[0]}: {_LEFT_OUT}"

    def story(self, text: str) -> str:
        """Return a text of the ledger without what it says; how many things it tells of, stays."""
        return AND.join(_LEFT_OUT for _ in text.split(AND)) if text else text

    def owner_tag(self, text: str) -> str:
        return self._tag_key(text)

    def _tag_key(self, key: str) -> str:
        """Return the key of a tag; those that decide something stay."""
        if key in (_MANAGER_TAG, MUTE_TAG, REPLACES_TAG, REPLACED_BY_TAG, *FOREIGN_TAG_KEYS):
            return key
        if key.lower() == self._owner_tag:
            own = self._owner_tag != _DEFAULT.owner_tag.lower()
            return self.word(self._owner_tag) if own else key
        prefix = next((each for each in _TAG_PREFIXES if key.lower().startswith(each)), "")
        return prefix + self.word(key[len(prefix) :])

    def _tag_value(self, key: str, value: str) -> str:
        if key == _MANAGER_TAG and value.lower() in FOREIGN_MANAGERS:
            return value
        if key == MUTE_TAG and _is_day(value):
            return value
        return self.arn(value) if key in (REPLACES_TAG, REPLACED_BY_TAG) else self.word(value)

    def _new(self, kind: str, text: object, make: Callable[[int], str]) -> str:
        """Return what was given for a text, or something new that is no word of the original."""
        if (kind, text) not in self._given:
            given = ""
            while not given or given.lower() in self._taken:
                self._count += 1
                given = make(self._count)
            self._given[kind, text] = given
        return self._given[kind, text]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text.strip()).isoformat() == text.strip()
    except ValueError:
        return False


_Rule = Callable[[_Pseudonyms, str], str]

#: What replaces a text, by where it stands; a field that is not here gets a mere word.
_RULES: Mapping[tuple[type, str], _Rule] = {
    (Snapshot, "format"): _Pseudonyms.same,
    (Snapshot, "program"): _Pseudonyms.same,
    (RecordedSettings, "owner_tag"): _Pseudonyms.owner_tag,
    (RecordedSettings, "import_sources"): _Pseudonyms.arn,
    (RecordedAccount, "account_id"): _Pseudonyms.account,
    (ExportTarget, "certificate_arn"): _Pseudonyms.arn,
    (ExportTarget, "secret_arn"): _Pseudonyms.arn,
    (ExportTarget, "passphrase_secret_arn"): _Pseudonyms.arn,
    (Place, "account_id"): _Pseudonyms.account,
    (Place, "region"): _Pseudonyms.region,
    (Place, "partition"): _Pseudonyms.partition,
    (RecordedScope, "unreachable"): _Pseudonyms.failure,
    (RecordedSource, "unusable"): _Pseudonyms.failure,
    (RecordedStore, "name"): _Pseudonyms.same,
    (RecordedName, "zone_id"): _Pseudonyms.zone,
    (RecordedName, "name"): _Pseudonyms.name,
    (RecordedLook, "name"): _Pseudonyms.name,
    (RecordedLook, "key_algorithm"): _Pseudonyms.key_algorithm,
    (Certificate, "arn"): _Pseudonyms.arn,
    (Certificate, "names"): _Pseudonyms.name,
    (Certificate, "key_algorithm"): _Pseudonyms.key_algorithm,
    (Certificate, "managed_by"): _Pseudonyms.manager,
    (Certificate, "key_pair_origin"): _Pseudonyms.origin,
    (Detail, "in_use_by"): _Pseudonyms.arn,
    (Detail, "failure_reason"): _Pseudonyms.acm_reason,
    (Detail, "certificate_authority_arn"): _Pseudonyms.arn,
    (Detail, "serial"): _Pseudonyms.serial,
    (Detail, "key_usages"): _Pseudonyms.usage,
    (Detail, "extended_key_usages"): _Pseudonyms.usage,
    (Renewal, "reason"): _Pseudonyms.acm_reason,
    (DomainValidation, "domain_name"): _Pseudonyms.name,
    (DomainValidation, "validation_domain"): _Pseudonyms.name,
    (ValidationRecord, "name"): _Pseudonyms.name,
    (ValidationRecord, "type"): _Pseudonyms.record_type,
    (ValidationRecord, "value"): _Pseudonyms.name,
    (Zone, "zone_id"): _Pseudonyms.zone,
    (Zone, "name"): _Pseudonyms.name,
    (Zone, "role_arn"): _Pseudonyms.arn,
    (ExistingRecord, "name"): _Pseudonyms.name,
    (ExistingRecord, "type"): _Pseudonyms.record_type,
    (ExistingRecord, "values"): _Pseudonyms.name,
    (Sight, "name"): _Pseudonyms.name,
    (Leaf, "names"): _Pseudonyms.name,
    (Leaf, "key_usages"): _Pseudonyms.usage,
    (Leaf, "extended_key_usages"): _Pseudonyms.usage,
    (PublicKey, "algorithm"): _Pseudonyms.key_algorithm,
    (Binding, "consumer"): _Pseudonyms.arn,
    (Held, "certificates"): _Pseudonyms.arn,
    (Held, "fault"): _Pseudonyms.failure,
    (Move, "before"): _Pseudonyms.arn,
    (Move, "note"): _Pseudonyms.story,
    (Journal, "certificate_arn"): _Pseudonyms.arn,
    (Journal, "successor_arn"): _Pseudonyms.arn,
    (Journal, "note"): _Pseudonyms.story,
    (Journal, "untold"): _Pseudonyms.story,
    (Memory, "certificate_arn"): _Pseudonyms.arn,
    (Memory, "verdict"): _Pseudonyms.remembered,
    (Memory, "reason"): _Pseudonyms.remembered,
    (Memory, "severity"): _Pseudonyms.remembered,
    (Memory, "band"): _Pseudonyms.remembered,
    (Note, "certificate_arn"): _Pseudonyms.arn,
    (Note, "action"): _Pseudonyms.remembered,
    (Note, "text"): _Pseudonyms.story,
}
