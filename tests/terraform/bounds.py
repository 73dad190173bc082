"""The requests that each statement of our policies must deny, derived from the requests it grants.

A region, account or name that is not listed as free is bound to its value.
Nothing here is read from a policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.harness.proof import Bounds, Change, about_another, by, given, moved, without

REPLACES = "aws:RequestTag/certificate-lifecycle:replaces"
REPLACED_BY = "aws:ResourceTag/certificate-lifecycle:replaced-by"
RECORDS = "route53:ChangeResourceRecordSets"
NAMES, TYPES, CHANGES = (
    f"{RECORDS}NormalizedRecordNames",
    f"{RECORDS}RecordTypes",
    f"{RECORDS}Actions",
)
EXPORT_KEY = "kms:EncryptionContext:SecretARN"
TOPIC_CONTEXT = "kms:EncryptionContext:aws:sns:topicArn"
FUNCTION_CONTEXT = "kms:EncryptionContext:aws:lambda:FunctionArn"

#: The name of one certificate, zone, listener and so on is free.
ONE_OF_ALL = Bounds(free=range(1, 9))
JUST_THIS = Bounds()

BAD_RECORDS: Mapping[str, Change] = {
    "a record that is deleted": given(CHANGES, "DELETE"),
    "a record that is deleted beside one that is written": given(CHANGES, "UPSERT", "DELETE"),
    "an address": given(TYPES, "A"),
    "an address beside an alias": given(TYPES, "CNAME", "A"),
    "no word of what is done": without(CHANGES),
    "no word of the types": without(TYPES),
    "no word of the names": without(NAMES),
}


#: A label of ACM's form: `_` and 32 hexadecimal digits.
LABEL = "_" + "0f" * 16


#: Underscore names with which other services recognise the owner of a domain, or find its settings.
WELL_KNOWN = (
    "_acme-challenge",  # certificates of any CA (RFC 8555 section 8.4)
    "_amazonses",  # Amazon SES
    "_atproto",  # Bluesky
    "_cf-custom-hostname",  # Cloudflare for SaaS
    "_dmarc",  # RFC 7489
    "_dnsauth",  # Azure Front Door, DigiCert
    "_dnslink",  # IPFS
    "_domainconnect",  # providers that may change the zone
    "_github-challenge-example-org",  # organizations
    "_github-pages-challenge-example",
    "_gitlab-pages-verification-code",
    "_mta-sts",  # RFC 8461
    "_spf",
    "_validation-contactemail",  # CA/B Baseline Requirements 3.2.2.4.14
    "_validation-contactphone",  # CA/B Baseline Requirements 3.2.2.4.17
    "_validation-persist",  # CA/B Baseline Requirements 3.2.2.4.22
    "_vercel",
    "_443._tcp",  # DANE (RFC 6698)
    "_sip._tcp",  # services (RFC 2782)
    "_smtp._tls",  # RFC 8460
    "abc._domainkey",  # DKIM (RFC 6376)
    "default._bimi",
)


def other_records(domain: str) -> tuple[str, ...]:
    """Return record names below a domain that are not ACM's.

    In the dotted ones, the labels before the domain have the length of ACM's label.
    """
    dotted = [
        f"{label}.{'b' * (len(LABEL) - len(label) - 1)}"
        for label in (*(f"_{'a' * length}" for length in range(16)), *WELL_KNOWN)
        if len(label) < len(LABEL) - 1
    ]
    labels = (
        *dotted,
        *WELL_KNOWN,
        *(f"{LABEL}.{label}" for label in WELL_KNOWN),
        *(f"{LABEL}.www.{label}" for label in WELL_KNOWN),
        f"_github-pages-challenge-{'c' * 9}",
        f"_validation-{'c' * 21}",
        f"_gitlab-{'c' * 25}",
        f"_cf-{'c' * 29}",
        f"{LABEL}0",
        LABEL[:-1],
        f"x{LABEL}",
        "www",
    )
    return tuple(f"{label}.{domain}" for label in labels)


def _beside(name: str) -> Change:
    return lambda ask: ask.given(NAMES, *ask.permission.context[NAMES], name)


def _records(*names: str) -> Mapping[str, Change]:
    """Return forbidden record names, alone and with an allowed one."""
    return {
        **BAD_RECORDS,
        **{f"the record {name}": given(NAMES, name) for name in names},
        **{
            f"{name} beside one of ours": _beside(name)
            for name in (names[0], names[-1], f"_.{'b' * 31}.{names[-1].partition('.')[2]}")
        },
    }


DOMAIN_NAMES = "acm:DomainNames"
REQUEST_OWNER, OWNER = "aws:RequestTag/ManagedBy", "aws:ResourceTag/ManagedBy"


def _names(*domains: str) -> Mapping[str, Change]:
    """Return requests for names outside of these domains."""
    return {
        "a foreign name": given(DOMAIN_NAMES, "www.example.net"),
        "a foreign name beside one of ours": lambda ask: ask.given(
            DOMAIN_NAMES, *ask.permission.context[DOMAIN_NAMES], "www.example.net"
        ),
        "no word of names": without(DOMAIN_NAMES),
        **{
            name: given(DOMAIN_NAMES, name)
            for domain in domains
            for name in (f"not{domain}", f"{domain}.example.net", f"a.{domain}.example.net")
        },
    }


def _owner(key: str) -> Mapping[str, Change]:
    """Return requests about certificates that the instance did not issue, by their tag."""
    return {
        "another owner": given(key, "another"),
        "the owner with more in its name": given(key, "certificate-lifecycle-2"),
        "no owner": without(key),
    }


def _public(change: Change) -> Change:
    """Change only requests of public certificates, because a private CA validates no names."""
    return lambda ask: ask if "acm:CertificateAuthority" in ask.permission.context else change(ask)


_OTHER_VALIDATION: Mapping[str, Change] = {
    "a request that people must approve": _public(given("acm:ValidationMethod", "EMAIL")),
    "a request without a word on its validation": _public(without("acm:ValidationMethod")),
    "neither a validation nor an authority": without("acm:CertificateAuthority"),
}


def _elsewhere(part: str, other: str) -> Change:
    """Return the request with a part of its resource, a regular expression, changed."""
    return lambda ask: ask.on(re.sub(part, other, ask.permission.resource))


#: Another path of API Gateway than the list of domain names, or one of them.
_beyond_domain_names = _elsewhere("/domainnames", "/domainnames-another")


def access(*domains: str) -> Mapping[str, Bounds]:
    """Limit a role of `modules/certificate-access` to certificates that the instance issued.

    Without domains, `unmanaged_rotation_mode` is `replace`, for any name.
    """
    issued = _owner(OWNER) if domains else {}
    foreign = [f"{LABEL}.{name}" for each in domains for name in (f"not{each}", f"{each}.x.net")]
    unreplaced = {"a request that says not what it replaces": without(REPLACES)}
    successors = Bounds(free=range(1, 9), never={**unreplaced, **_OTHER_VALIDATION})
    requests = (
        {
            "RequestSuccessors": replace(
                successors,
                never={**successors.never, **_names(*domains), **_owner(REQUEST_OWNER)},
            )
        }
        if domains
        else {"RequestUnmanagedSuccessors": successors}
    )
    unowned: Mapping[str, Change] = {"a certificate of another": given(OWNER, "another")}
    return {
        "ListAccount": JUST_THIS,
        "ReadAccount": Bounds(
            free=range(1, 9),
            any_region=True,
            never={"something else than domain names": _beyond_domain_names},
        ),
        "RestoreValidationRecords": Bounds(
            free=range(1, 9),
            never=_records(
                *foreign,
                *other_records("example.com"),
                *(name for domain in domains for name in other_records(domain)),
            ),
        ),
        "RefuseOtherRecords": JUST_THIS,
        "RepairValidation": Bounds(free=range(1, 9), never=issued),
        **requests,
        "RefuseOtherValidation": JUST_THIS,
        "TagSuccessors": Bounds(
            free=range(1, 9),
            never={
                "a foreign tag": lambda ask: ask.given(REPLACES).given("aws:TagKeys", "x"),
                **({**unowned, **_owner(REQUEST_OWNER)} if domains else {}),
            },
        ),
        "MarkReplaced": Bounds(
            free=range(1, 9),
            never={
                "another tag": given("aws:TagKeys", "x"),
                "another tag beside the mark": lambda ask: ask.given(
                    "aws:TagKeys", *ask.permission.context["aws:TagKeys"], "x"
                ),
                "no word of tags": without("aws:TagKeys"),
                **issued,
            },
        ),
        "DeleteReplaced": Bounds(
            free=range(1, 9), never={"one that is not replaced": without(REPLACED_BY), **issued}
        ),
        "MoveConsumers": Bounds(
            free=range(1, 9),
            never={
                "something else than domain names": _beyond_domain_names,
                # A gateway has no certificates.
                "a listener of a gateway": _elsewhere("listener/[a-z]+/", "listener/gwy/"),
                "another part of an app": _elsewhere("/domains/", "/branches/"),
            },
        ),
        # Distributions of other services belong to accounts of AWS.
        "MoveDistributions": Bounds(free=range(9), any_account=True),
    }


#: modules/function: the statements of both functions.
OWN: Mapping[str, Bounds] = {
    # Parts 0 to 4 are `log-group:/aws/lambda/name`, followed by the stream.
    "WriteOwnLogs": Bounds(free=range(5, 9)),
    "PublishToTopic": JUST_THIS,
    "EncryptForTopic": Bounds(
        fields={TOPIC_CONTEXT: ()},
        never={
            "something that is no message": without(TOPIC_CONTEXT),
            "through another service": given("kms:ViaService", "s3.eu-west-1.amazonaws.com"),
            "directly": without("kms:ViaService"),
        },
    ),
    "ReadOwnEnvironment": Bounds(
        fields={FUNCTION_CONTEXT: ()},
        never={"something that is no environment": without(FUNCTION_CONTEXT)},
    ),
}


#: The path of the pointers is `parameter/name_prefix/certificates`, with the key and `arn` below.
_POINTERS = Bounds(free=(3, 4, 5))


def vpc(function: str) -> Mapping[str, Bounds]:
    """Limit what Lambda may do in a VPC to Lambda itself: the code of the function may not.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    code = {"the code of the function": given("lambda:SourceFunctionArn", function)}
    return {"ConnectToTheVpc": Bounds(never=code), "RefuseTheCodeOfTheFunction": JUST_THIS}


def creation(*domains: str) -> Mapping[str, Bounds]:
    """Limit the creation function to its allowed names."""
    foreign = [
        f"{LABEL}.{name}"
        for domain in domains
        for name in (f"not{domain}", f"{domain}.example.net", f"a.{domain}.example.net")
    ]
    others = [name for domain in domains for name in other_records(domain)]
    anywhere: Mapping[str, Any] = {"free": range(1, 9), "any_region": True}
    return {
        **OWN,
        "ListCertificates": JUST_THIS,
        "ReadCertificates": Bounds(**anywhere),
        "RequestCertificates": Bounds(
            **anywhere,
            never={
                **_names(*domains),
                **_owner(REQUEST_OWNER),
                **_OTHER_VALIDATION,
            },
        ),
        "RefuseOtherValidation": JUST_THIS,
        "TagCertificatesAsManaged": Bounds(
            **anywhere,
            never={**_owner(REQUEST_OWNER), "a certificate of another": given(OWNER, "another")},
        ),
        "TagIssuedCertificates": Bounds(**anywhere, never=_owner(OWNER)),
        "DeleteIssuedCertificates": Bounds(**anywhere, never=_owner(OWNER)),
        "FindPointers": JUST_THIS,
        "UsePointers": _POINTERS,
        "FindPublicHostedZones": JUST_THIS,
        "ReadValidationRecords": ONE_OF_ALL,
        "WriteValidationRecords": Bounds(
            free=range(1, 9), never=_records(f"{LABEL}.example.net", *foreign, *others)
        ),
        "RefuseOtherRecords": JUST_THIS,
        "ReachOtherAccounts": JUST_THIS,
    }


#: iam.tf: the other statements of the rotation function's role.
ROTATION: Mapping[str, Bounds] = {
    **access(),
    **OWN,
    "FindPointers": JUST_THIS,
    "UsePointers": _POINTERS,
    "ReachOtherAccounts": JUST_THIS,
    "ReachAccountsOfTheOrganization": Bounds(
        any_account=True,
        never={
            "an account of another organization": given("aws:ResourceOrgID", "o-somebody00"),
            "an account of no organization": without("aws:ResourceOrgID"),
        },
    ),
    "ListAccountsOfTheOrganization": JUST_THIS,
    "KeepWhatARunFinds": Bounds(free=range(2, 9)),
    "ListWhatARunFound": Bounds(
        never={
            "what the reports are called": given("s3:prefix", "reports/1/accounts/"),
            "more of a run": given("s3:prefix", "runs/1/"),
            "everything": without("s3:prefix"),
        }
    ),
    "ReadSecrets": JUST_THIS,
    "ImportNewerVersions": JUST_THIS,
    "DecryptImportSources": Bounds(
        never={
            "another secret of that key": given(EXPORT_KEY, "arn:aws:secretsmanager:x:1:secret:y"),
            "something that is no secret": without(EXPORT_KEY),
        }
    ),
    "ExportAndRenewCertificates": JUST_THIS,
    "WriteExports": JUST_THIS,
    "RememberInTheLedger": JUST_THIS,
    "WriteReports": Bounds(free=range(3, 9)),
    "SendEvents": Bounds(never={"events of another name": given("events:source", "aws.acm")}),
    "ReportFindings": JUST_THIS,
    "SeeReportedFindings": JUST_THIS,
}


# --- Who may assume a role ------------------------------------------------------------------------

_OTHERS: Mapping[str, Change] = {
    "another service": by("ec2.amazonaws.com"),
    "a role of another account": by("arn:aws:iam::666666666666:role/another"),
}


def _for_one(source: str) -> Bounds:
    """Limit a service to one source without a free part."""
    return Bounds(
        fields={"aws:SourceArn": ()},
        never={
            **_OTHERS,
            f"no word of {source}": without("aws:SourceArn"),
            "another account": given("aws:SourceAccount", "666666666666"),
            "no word of the account": without("aws:SourceAccount"),
        },
    )


TRUST: Mapping[str, Bounds] = {
    "LetLambdaRunTheFunction": Bounds(never=_OTHERS),
    "LetTheRotationFunctionIn": Bounds(
        never={
            "another role of that account": by(
                "arn:aws:iam::310000000001:role/certificate-lifecycle-creation"
            ),
            "a role of another account": by("arn:aws:iam::666666666666:role/another"),
            "another external id": given("sts:ExternalId", "guessed"),
            "no external id": without("sts:ExternalId"),
        }
    ),
    "LetTheStateMachineIn": _for_one("the state machine"),
    "LetTheRuleIn": _for_one("the rule"),
}

# --- modules/organization: the state machine and the rule that starts it --------------------------

STATE_MACHINE: Mapping[str, Bounds] = {
    "InvokeTheRotationFunction": JUST_THIS,
    "ReadTheListOfAccounts": Bounds(free=(2,)),
    "StartTheChildrenOfTheMap": JUST_THIS,
    # The last part is the child execution, after the name or the label.
    "FollowTheChildrenOfTheMap": Bounds(free=(2, 3), never={"another map": moved("Accounts")}),
    "StartTheStateMachine": JUST_THIS,
}

# --- What resources let others do -----------------------------------------------------------------

_IN_THE_CLEAR: Mapping[str, Change] = {
    "not over TLS": given("aws:SecureTransport", "false"),
}

_FOREIGN_ALARMS: Mapping[str, Change] = {
    "a foreign alarm": about_another("aws:SourceArn"),
    "alarms of another account": given("aws:SourceAccount", "666666666666"),
    "no word of the account": without("aws:SourceAccount"),
    "no word of the alarm": without("aws:SourceArn"),
}

#: In a key policy, `*` is that key.
_THE_KEY: Mapping[str, Any] = {"free": range(9), "any_region": True, "any_account": True}

KEY: Mapping[str, Bounds] = {
    "LetIamOfThisAccountGovernTheKey": Bounds(**_THE_KEY, never=_OTHERS),
    "LetOwnAlarmsEncrypt": Bounds(
        **_THE_KEY,
        # `alarm:prefix-name`: the part after the prefix is free.
        fields={"aws:SourceArn": (1,), TOPIC_CONTEXT: ()},
        never={
            **_OTHERS,
            **_FOREIGN_ALARMS,
            "something that is no message": without(TOPIC_CONTEXT),
        },
    ),
}

TOPIC: Mapping[str, Bounds] = {
    "LetOwnAlarmsPublish": Bounds(
        # `alarm:prefix-name`: the part after the prefix is free.
        fields={"aws:SourceArn": (1,)},
        never={
            **_OTHERS,
            **_FOREIGN_ALARMS,
        },
    ),
    "RefusePublishingInTheClear": Bounds(always=True, never=_IN_THE_CLEAR),
}

BUCKET: Mapping[str, Bounds] = {"RefusePlainHttp": Bounds(always=True, never=_IN_THE_CLEAR)}

FUNCTION: Mapping[str, Bounds] = dict.fromkeys(
    ("LetEventsInvoke", "LetTheScheduleInvoke"),
    Bounds(
        fields={"aws:SourceArn": ()},
        never={**_OTHERS, "no word of the rule": without("aws:SourceArn")},
    ),
)

# --- What the examples bring ----------------------------------------------------------------------

#: The account and role that may read exports.
READER = "arn:aws:iam::210987654321:role/edge-proxy"
_ANOTHER_READER = READER.replace("edge-proxy", "another")
_READER: Mapping[str, Change] = {
    "another role of that account": lambda ask: ask.by(_ANOTHER_READER).given(
        "aws:PrincipalArn", _ANOTHER_READER
    ),
    "a role of another account": lambda ask: ask.by(
        "arn:aws:iam::666666666666:role/edge-proxy"
    ).given("aws:PrincipalArn", "arn:aws:iam::666666666666:role/edge-proxy"),
    "no word of who asks": without("aws:PrincipalArn"),
}
_SECRETS: Mapping[str, Change] = {
    "something else than the two secrets": given(EXPORT_KEY, "arn:aws:secretsmanager:x:1:secret:y"),
    "something that is no secret": without(EXPORT_KEY),
    "not through Secrets Manager": given("kms:ViaService", "s3.eu-west-1.amazonaws.com"),
    "directly": without("kms:ViaService"),
}
LOG_GROUP = "kms:EncryptionContext:aws:logs:arn"

EXPORT_SECRET: Mapping[str, Bounds] = {"LetTheReaderOfTheOtherAccountRead": Bounds(never=_READER)}

EXPORT_KEY_POLICY: Mapping[str, Bounds] = {
    "LetIamOfThisAccountGovernTheKey": Bounds(**_THE_KEY, never=_OTHERS),
    "LetTheReaderOfTheOtherAccountDecrypt": Bounds(**_THE_KEY, never={**_READER, **_SECRETS}),
    "LetTheRotationFunctionWriteTheSecret": Bounds(**_THE_KEY, never={**_OTHERS, **_SECRETS}),
}

EXPORT_READER: Mapping[str, Bounds] = {
    "ReadTheExportedCertificate": JUST_THIS,
    "DecryptTheExportedCertificate": JUST_THIS,
}

LOGS_KEY: Mapping[str, Bounds] = {
    "LetIamOfThisAccountGovernTheKey": Bounds(**_THE_KEY, never=_OTHERS),
    "LetCloudWatchLogsEncryptTheFunctionsLogs": Bounds(
        **_THE_KEY,
        fields={LOG_GROUP: (4,)},
        never={
            **_OTHERS,
            "foreign logs": about_another(LOG_GROUP),
            "something else than logs": without(LOG_GROUP),
        },
    ),
}

ADOPTED_TOPIC: Mapping[str, Bounds] = {
    "LetAlarmsPublish": Bounds(fields={"aws:SourceArn": (1,)}, never={**_OTHERS, **_FOREIGN_ALARMS})
}

TICKETS_ROLE: Mapping[str, Bounds] = {"SendTickets": JUST_THIS}
#: Rules have the prefix in their names, as alarms do.
_TICKETS = Bounds(fields={"aws:SourceArn": (1,)}, never={**_OTHERS, **_FOREIGN_ALARMS})
TICKETS_TRUST: Mapping[str, Bounds] = {"LetTheRulesOfTicketsAssume": _TICKETS}
TICKETS_QUEUE: Mapping[str, Bounds] = {"LetTheRulesKeepUndeliveredTickets": _TICKETS}

#: It grants nothing: another test compares it with the policies of the roles.
BOUNDARY = ("StayWithinTheServicesOfThisModule",)

# --- Which stack shows what not every one has -----------------------------------------------------

#: Zones in other accounts: tests/terraform/test_deployed.py, away.
AWAY = ("ReachOtherAccounts",)
#: Deletion on destroy: tests/terraform/test_issue.py.
DESTROYED = ("DeleteIssuedCertificates", "FindPointers")
#: tests/terraform/test_member_account.py.
MEMBERS = ("ReachOtherAccounts",)
#: tests/terraform/test_organization.py.
ORGANIZATION = (
    "KeepWhatARunFinds",
    "ListAccountsOfTheOrganization",
    "ListWhatARunFound",
    "ReachAccountsOfTheOrganization",
)

#: Accepted survivors with their reasons. Any other survivor is an error.
KNOWN: Mapping[str, str] = {
    "EncryptForTopic: kms:GenerateDataKey*": (
        "The developer guide of SNS asks publishers for it in this form."
    ),
    "LetOwnAlarmsEncrypt: kms:GenerateDataKey*": (
        "The same for CloudWatch, whose own documentation gives the statement so."
    ),
    "LetCloudWatchLogsEncryptTheFunctionsLogs: kms:GenerateDataKey*": (
        "The user guide of CloudWatch Logs gives the statement so."
    ),
    "LetCloudWatchLogsEncryptTheFunctionsLogs: kms:ReEncrypt*": (
        "The user guide of CloudWatch Logs gives the statement so."
    ),
    "LetIamOfThisAccountGovernTheKey: kms:*": (
        "With less, the key's policy might become unchangeable: the developer guide of "
        "KMS warns of a key that cannot be managed any more."
    ),
    "RefusePlainHttp: s3:*": "It denies, and must deny all requests.",
}


#: Accepted findings of parliament about the functions' policies, with their reasons.
PARLIAMENT: Mapping[str, str] = {
    **{
        f'UNKNOWN_ACTION: "Unknown action acm:{name}"': (
            "Its list of actions is older than this one."
        )
        for name in (
            "DescribeAcmeDomainValidation",
            "ListAcmeDomainValidations",
            "ListAcmeEndpoints",
            "ListAcmeExternalAccountBindings",
            "ListCertificateDomainValidations",
            "ListTagsForResource",
            "SearchCertificates",
        )
    },
    **{
        f'UNKNOWN_ACTION: "Unknown action cloudfront:{name}"': (
            "Its list of actions is older than distribution tenants."
        )
        for name in (
            "GetDistributionTenant",
            "ListDistributionTenantsByCustomization",
            "UpdateDistributionTenant",
        )
    },
    'RESOURCE_MISMATCH: [{"action": "acm:RequestCertificate", "required_format": "*"}]': (
        "The user guide of ACM, API permissions, has certificates as the resource."
    ),
    'RESOURCE_STAR: ["cloudfront:UpdateDistribution"]': (
        "Other services ask for it on everything, for distributions that are AWS's own."
    ),
}

#: The same for the state machine's policies.
PARLIAMENT_ON_THE_MACHINE: Mapping[str, str] = {
    'RESOURCE_MISMATCH: [{"action": "states:DescribeExecution", '
    '"required_format": "arn:*:states:*:*:express:*:*:*"}]': (
        "The children of the map are standard executions; none is an express one."
    ),
}


def statements() -> set[str]:
    """Return the names of all bound statements."""
    tables = (
        ROTATION,
        access("example.com"),
        creation(),
        vpc(""),
        TRUST,
        STATE_MACHINE,
        KEY,
        TOPIC,
        BUCKET,
        FUNCTION,
        EXPORT_SECRET,
        EXPORT_KEY_POLICY,
        EXPORT_READER,
        LOGS_KEY,
        ADOPTED_TOPIC,
        TICKETS_ROLE,
        TICKETS_TRUST,
        TICKETS_QUEUE,
    )
    return {*BOUNDARY, *(name for table in tables for name in table)}
