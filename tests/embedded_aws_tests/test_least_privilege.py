"""An assumed role may do what its policies say, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.condition_keys import not_evaluated

CERTIFICATES = "arn:aws:acm:*:123456789012:certificate/*"
MEMBER = "222222222222"
LAMBDA_TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "lambda.amazonaws.com"},
}
Statement = Mapping[str, Any]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    actions: str | Sequence[str], resource: str | Sequence[str] = "*", **more: object
) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def role(
    cloud: Cloud,
    *statements: Statement,
    name: str = "function",
    account: str = "123456789012",
    trust: Statement = LAMBDA_TRUST,
) -> str:
    iam = cloud.client("iam", account=account)
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(
            RoleName=name, PolicyName="policy", PolicyDocument=document(*statements)
        )
    cloud.forget_calls()
    return str(arn)


def code(call: Callable[..., object], **parameters: object) -> str | None:
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def test_a_role_without_a_policy_may_do_nothing(cloud: Cloud) -> None:
    acm = cloud.client("acm", role_arn=role(cloud))
    with pytest.raises(ClientError) as refused:
        acm.list_certificates()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "is not authorized to perform: acm:ListCertificates" in str(refused.value)
    (call,) = cloud.refusals
    assert call.principal == "arn:aws:iam::123456789012:role/function"
    assert (call.allowed, call.status) == (False, 400)


def test_enforcement_can_be_switched_off(cloud: Cloud) -> None:
    acm = cloud.client("acm", role_arn=role(cloud))
    cloud.enforcing = False
    acm.list_certificates()
    assert cloud.calls[-1].allowed


def test_attached_policies_count_and_only_their_version_in_force(cloud: Cloud) -> None:
    arn, iam = role(cloud), cloud.client("iam")
    policy = iam.create_policy(
        PolicyName="read", PolicyDocument=document(allow("acm:ListCertificates"))
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="function", PolicyArn=policy)
    acm = cloud.client("acm", role_arn=arn)
    assert code(acm.list_certificates) is None
    iam.create_policy_version(
        PolicyArn=policy, PolicyDocument=document(allow("sns:Publish")), SetAsDefault=True
    )
    assert code(acm.list_certificates) == "AccessDeniedException"


def test_a_permissions_boundary_limits_what_a_policy_grants(cloud: Cloud) -> None:
    """access_policies_boundaries: both the policy and the boundary must allow."""
    arn, iam = role(cloud, allow("acm:*")), cloud.client("iam")
    boundary = iam.create_policy(
        PolicyName="boundary", PolicyDocument=document(allow("acm:ListCertificates"))
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="function", PermissionsBoundary=boundary)
    acm = cloud.client("acm", role_arn=arn)
    assert code(acm.list_certificates) is None
    assert code(acm.get_account_configuration) == "AccessDeniedException"


def test_a_policy_that_cannot_be_judged_fails_loudly(cloud: Cloud) -> None:
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    acm = cloud.client("acm", role_arn=role(cloud, allow("acm:*", Condition=condition)))
    with pytest.raises(ClientError, match="UnjudgeablePolicyError: condition operator 'IpAddress'"):
        acm.list_certificates()
    assert [call.status for call in cloud.calls][-1] == 501


def test_an_operation_that_the_table_lacks_is_refused_loudly(cloud: Cloud) -> None:
    """New calls must be added to tests/embedded_aws/actions.py."""
    queues = cloud.client("sqs", role_arn=role(cloud, allow("*")))
    assert code(queues.list_queues) == "AccessDeniedException"
    (call,) = cloud.refusals
    assert "unknown action" in str(call.reason)


def test_a_role_that_does_not_exist_is_the_harness(cloud: Cloud) -> None:
    acm = cloud.client("acm", role_arn="arn:aws:iam::222222222222:role/anything")
    assert code(acm.list_certificates) is None
    assert cloud.calls[-1].account == MEMBER
    assert cloud.calls[-1].principal is None


# --- ACM: list_awscertificatemanager -------------------------------------------------------------

REQUEST = {
    "Sid": "RequestPublicCertificates",
    "Condition": {
        "ForAllValues:StringLike": {"acm:DomainNames": ["example.com", "*.example.com"]},
        "StringEquals": {
            "acm:ValidationMethod": "DNS",
            "aws:RequestTag/ManagedBy": "certificate-lifecycle",
        },
        "Null": {"acm:CertificateAuthority": "true", "acm:DomainNames": "false"},
    },
}
TAGGING = allow(
    "acm:AddTagsToCertificate",
    CERTIFICATES,
    Condition={"StringEquals": {"aws:RequestTag/ManagedBy": "certificate-lifecycle"}},
)
RIGHT = {
    "DomainName": "example.com",
    "SubjectAlternativeNames": ["*.example.com"],
    "ValidationMethod": "DNS",
    "Tags": [{"Key": "ManagedBy", "Value": "certificate-lifecycle"}],
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"SubjectAlternativeNames": ["evil.test"]}, "AccessDeniedException"),
        ({"SubjectAlternativeNames": ["WWW.Example.com"]}, "AccessDeniedException"),
        ({"ValidationMethod": "EMAIL"}, "AccessDeniedException"),
        ({"ValidationMethod": None}, "AccessDeniedException"),
        ({"Tags": None}, "AccessDeniedException"),
        ({"Tags": [{"Key": "ManagedBy", "Value": "me"}]}, "AccessDeniedException"),
        (
            {
                "CertificateAuthorityArn": "arn:aws:acm-pca:eu-west-1:123456789012:"
                "certificate-authority/1234",
            },
            "AccessDeniedException",
        ),
    ],
    ids=["right", "name", "case", "e-mail", "no method", "no tag", "other tag", "private"],
)
def test_a_request_is_judged_by_all_that_it_asks_for(
    cloud: Cloud, changes: dict[str, Any], expected: str | None
) -> None:
    """acm-conditions: DomainNames, ValidationMethod, CertificateAuthority, request tags."""
    granted = allow("acm:RequestCertificate", CERTIFICATES, **REQUEST)
    acm = cloud.client("acm", role_arn=role(cloud, granted, TAGGING))
    wanted = {key: value for key, value in {**RIGHT, **changes}.items() if value is not None}
    assert code(acm.request_certificate, **wanted) == expected


def test_a_tagged_request_also_needs_the_right_to_tag(cloud: Cloud) -> None:
    """list_awscertificatemanager: AddTagsToCertificate is a dependent permission."""
    granted = allow("acm:RequestCertificate", CERTIFICATES)
    acm = cloud.client("acm", role_arn=role(cloud, granted))
    assert code(acm.request_certificate, DomainName="example.com") is None
    assert code(acm.request_certificate, **RIGHT) == "AccessDeniedException"
    assert cloud.calls[-1].actions == ("acm:RequestCertificate", "acm:AddTagsToCertificate")
    assert "acm:AddTagsToCertificate" in str(cloud.calls[-1].reason)


def test_a_certificate_is_judged_by_its_arn_and_its_tags(cloud: Cloud) -> None:
    mine = cloud.certificates.add(tags={"ManagedBy": "certificate-lifecycle"})
    foreign = cloud.certificates.add()
    owned = {"StringEquals": {"aws:ResourceTag/ManagedBy": "certificate-lifecycle"}}
    acm = cloud.client(
        "acm",
        role_arn=role(
            cloud,
            allow("acm:DescribeCertificate", CERTIFICATES),
            allow("acm:DeleteCertificate", CERTIFICATES, Condition=owned),
        ),
    )
    assert code(acm.describe_certificate, CertificateArn=foreign) is None
    assert code(acm.delete_certificate, CertificateArn=foreign) == "AccessDeniedException"
    assert code(acm.delete_certificate, CertificateArn=mine) is None


def test_an_export_is_judged_by_the_names_of_the_certificate(cloud: Cloud) -> None:
    """acm-conditions: acm:DomainNames."""
    own = cloud.certificates.add(type="PRIVATE", domain_name="a.example.com")
    other = cloud.certificates.add(type="PRIVATE", domain_name="a.example.net")
    names = {"ForAllValues:StringLike": {"acm:DomainNames": ["*.example.com"]}}
    exporting = allow(
        "acm:ExportCertificate",
        CERTIFICATES,
        Condition={**names, "Null": {"acm:DomainNames": "false"}},
    )
    export = cloud.client("acm", role_arn=role(cloud, exporting)).export_certificate
    assert code(export, CertificateArn=own, Passphrase=b"correct horse") is None
    denied = "AccessDeniedException"
    assert code(export, CertificateArn=other, Passphrase=b"correct horse") == denied
    assert code(export, CertificateArn=f"{own}0", Passphrase=b"correct horse") == denied


def test_a_condition_key_that_aws_does_not_evaluate_grants_nothing(cloud: Cloud) -> None:
    """list_acm: ListCertificateDomainValidations is no action with tags of the certificate."""
    mine = cloud.certificates.add(tags={"ManagedBy": "certificate-lifecycle"})
    action = "acm:ListCertificateDomainValidations"
    owned = {"StringEquals": {"aws:ResourceTag/ManagedBy": "certificate-lifecycle"}}
    granted = [allow(action, CERTIFICATES, Condition=owned)]
    acm = cloud.client("acm", role_arn=role(cloud, *granted))
    denied = "AccessDeniedException"
    assert code(acm.list_certificate_domain_validations, CertificateArn=mine) == denied
    document = {"Version": "2012-10-17", "Statement": [{**granted[0], "Action": [action]}]}
    assert not_evaluated(document) == [f"None: {action}: aws:ResourceTag/ManagedBy"]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("StringEquals", "AccessDeniedException"), ("StringEqualsIfExists", None)],
)
def test_a_tag_in_a_request_is_no_tag_of_a_certificate_yet(
    cloud: Cloud, operator: str, expected: str | None
) -> None:
    """list_acm: RequestCertificate has no resource type, and AddTagsToCertificate has one."""
    owned = {operator: {"aws:ResourceTag/ManagedBy": "certificate-lifecycle"}}
    granted = (
        allow("acm:RequestCertificate", CERTIFICATES),
        allow("acm:AddTagsToCertificate", CERTIFICATES, Condition=owned),
    )
    acm = cloud.client("acm", role_arn=role(cloud, *granted))
    assert code(acm.request_certificate, **RIGHT) == expected


def test_listing_certificates_is_granted_by_the_star_only(cloud: Cloud) -> None:
    acm = cloud.client("acm", role_arn=role(cloud, allow("acm:ListCertificates", CERTIFICATES)))
    assert code(acm.list_certificates) == "AccessDeniedException"


# --- Route 53: specifying-conditions-route53 -----------------------------------------------------

RECORD = {
    "Name": "_Abc.Example.com.",
    "Type": "CNAME",
    "TTL": 300,
    "ResourceRecords": [{"Value": "_d.acm-validations.aws."}],
}


def write_only_validation_records(zone: str) -> Statement:
    prefix = "route53:ChangeResourceRecordSets"
    return allow(
        "route53:ChangeResourceRecordSets",
        f"arn:aws:route53:::hostedzone/{zone}",
        Condition={
            "ForAllValues:StringEquals": {
                f"{prefix}RecordTypes": ["CNAME"],
                f"{prefix}Actions": ["UPSERT"],
            },
            "ForAllValues:StringLike": {f"{prefix}NormalizedRecordNames": ["_*.example.com"]},
            "Null": {f"{prefix}NormalizedRecordNames": "false"},
        },
    )


@pytest.mark.parametrize(
    ("action", "changes", "expected"),
    [
        ("UPSERT", {}, None),
        ("CREATE", {}, "AccessDenied"),
        ("DELETE", {}, "AccessDenied"),
        ("UPSERT", {"Name": "www.example.com"}, "AccessDenied"),
        ("UPSERT", {"Type": "TXT", "ResourceRecords": [{"Value": '"x"'}]}, "AccessDenied"),
        ("UPSERT", {"Name": "\\137abc.example.com"}, None),
    ],
    ids=["right", "create", "delete", "other name", "other type", "escaped underscore"],
)
def test_a_change_is_judged_by_every_record_in_it(
    cloud: Cloud, action: str, changes: dict[str, Any], expected: str | None
) -> None:
    zone = cloud.zones.add("example.com")
    arn = role(cloud, write_only_validation_records(zone))
    route53 = cloud.client("route53", role_arn=arn)
    change = {"Action": action, "ResourceRecordSet": {**RECORD, **changes}}
    batch = {"Changes": [change]}
    call = route53.change_resource_record_sets
    assert code(call, HostedZoneId=zone, ChangeBatch=batch) == expected


def test_one_wrong_record_condemns_the_batch_and_the_zone_is_judged_too(cloud: Cloud) -> None:
    zone, other = cloud.zones.add("example.com"), cloud.zones.add("example.net")
    arn = role(cloud, write_only_validation_records(zone))
    call = cloud.client("route53", role_arn=arn).change_resource_record_sets
    right = {"Action": "UPSERT", "ResourceRecordSet": RECORD}
    wrong = {"Action": "UPSERT", "ResourceRecordSet": {**RECORD, "Name": "www.example.com"}}
    assert code(call, HostedZoneId=zone, ChangeBatch={"Changes": [right, wrong]}) == "AccessDenied"
    assert code(call, HostedZoneId=other, ChangeBatch={"Changes": [right]}) == "AccessDenied"
    assert cloud.zones.records(zone) == {}
    assert cloud.refusals[0].context["route53:ChangeResourceRecordSetsNormalizedRecordNames"] == (
        "_abc.example.com",
        "www.example.com",
    )


def test_a_global_service_is_asked_in_its_home_region(cloud: Cloud) -> None:
    """condition-keys-requestedregion: global services answer in us-east-1."""
    cloud.client("route53").list_hosted_zones()
    cloud.client("acm").list_certificates()
    regions = [call.context["aws:RequestedRegion"] for call in cloud.calls]
    assert regions == [("us-east-1",), ("eu-west-1",)]


def test_names_are_normalised_for_the_condition_key_as_documented(cloud: Cloud) -> None:
    r"""specifying-conditions-route53: lower case, no trailing dot, `*` as `\052`."""
    zone = cloud.zones.add("example.com")
    record = {**RECORD, "Name": "*.EXAMPLE.com."}
    cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    assert cloud.calls[-1].context[key] == ("\\052.example.com",)


# --- Secrets Manager: list_awssecretsmanager -----------------------------------------------------


def test_a_secret_is_judged_by_its_whole_arn_and_each_action_on_its_own(cloud: Cloud) -> None:
    secrets = cloud.client("secretsmanager")
    own = secrets.create_secret(Name="own", SecretString="a")["ARN"]
    other = secrets.create_secret(Name="other", SecretString="b")["ARN"]
    writing = allow(["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"], own)
    arn = role(cloud, writing, allow("secretsmanager:GetSecretValue", other))
    client = cloud.client("secretsmanager", role_arn=arn)
    assert code(client.describe_secret, SecretId=own) is None
    assert code(client.put_secret_value, SecretId=own, SecretString="c") is None
    assert code(client.get_secret_value, SecretId=other) is None
    denied = "AccessDeniedException"
    assert code(client.get_secret_value, SecretId=own) == denied
    assert code(client.describe_secret, SecretId=other) == denied
    assert code(client.put_secret_value, SecretId=other, SecretString="c") == denied
    assert code(client.describe_secret, SecretId="own") == denied


def test_reading_a_secret_can_be_bound_to_a_stage(cloud: Cloud) -> None:
    secret = cloud.client("secretsmanager").create_secret(Name="own", SecretString="a")["ARN"]
    stage = {"StringEquals": {"secretsmanager:VersionStage": "AWSPREVIOUS"}}
    arn = role(cloud, allow("secretsmanager:GetSecretValue", secret, Condition=stage))
    client = cloud.client("secretsmanager", role_arn=arn)
    assert code(client.get_secret_value, SecretId=secret) == "AccessDeniedException"


# --- SNS, KMS and CloudWatch Logs ----------------------------------------------------------------


def test_publishing_is_judged_by_the_topic(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    own, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("own", "other"))
    publish = cloud.client("sns", role_arn=role(cloud, allow("sns:Publish", own))).publish
    assert code(publish, TopicArn=own, Message="hello") is None
    assert code(publish, TopicArn=other, Message="hello") == "AuthorizationError"
    assert [message.bodies["default"] for message in cloud.topics.messages(own)] == ["hello"]
    assert cloud.topics.messages(other) == []


@pytest.mark.parametrize("naming", ["arn", "id", "alias"])
def test_an_encrypted_topic_needs_the_use_of_its_key(cloud: Cloud, naming: str) -> None:
    """sns-key-management: kms:GenerateDataKey* and kms:Decrypt for the publisher."""
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/alerts", TargetKeyId=key["KeyId"])
    shown = {"arn": key["Arn"], "id": key["KeyId"], "alias": "alias/alerts"}[naming]
    topic = cloud.client("sns").create_topic(Name="alerts", Attributes={"KmsMasterKeyId": shown})[
        "TopicArn"
    ]
    publishing = allow("sns:Publish", topic)
    plain = role(cloud, publishing, name="plain")
    full = role(
        cloud, publishing, allow(["kms:GenerateDataKey*", "kms:Decrypt"], key["Arn"]), name="full"
    )
    wanted = {"TopicArn": topic, "Message": "hello"}
    assert code(cloud.client("sns", role_arn=plain).publish, **wanted) == "AuthorizationError"
    assert code(cloud.client("sns", role_arn=full).publish, **wanted) is None
    assert cloud.calls[-1].actions == ("sns:Publish", "kms:GenerateDataKey", "kms:Decrypt")


def test_a_topic_under_the_service_s_own_key_needs_no_key_permission(cloud: Cloud) -> None:
    topic = cloud.client("sns").create_topic(
        Name="alerts", Attributes={"KmsMasterKeyId": "alias/aws/sns"}
    )["TopicArn"]
    publish = cloud.client("sns", role_arn=role(cloud, allow("sns:Publish", topic))).publish
    assert code(publish, TopicArn=topic, Message="hello") is None


def test_reading_a_secret_is_judged_by_its_arn(cloud: Cloud) -> None:
    secrets = cloud.client("secretsmanager")
    own, other = (
        secrets.create_secret(Name=name, SecretString="x")["ARN"] for name in ("own", "other")
    )
    arn = role(cloud, allow("secretsmanager:GetSecretValue", own))
    read = cloud.client("secretsmanager", role_arn=arn).get_secret_value
    assert code(read, SecretId=own) is None
    assert code(read, SecretId=other) == "AccessDeniedException"


def test_reading_a_secret_under_a_customers_key_needs_the_key_for_that_secret(
    cloud: Cloud,
) -> None:
    """security-encryption: the encryption context names the secret."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = cloud.client("secretsmanager").create_secret(
        Name="own", SecretString="x", KmsKeyId=key
    )["ARN"]
    reading = allow("secretsmanager:GetSecretValue", secret)

    def bound(arn: str) -> Statement:
        condition = {"StringEquals": {"kms:EncryptionContext:SecretARN": [arn]}}
        return allow("kms:Decrypt", key, Condition=condition)

    roles = {
        "plain": role(cloud, reading, name="plain"),
        "bound": role(cloud, reading, bound(secret), name="bound"),
        "other": role(cloud, reading, bound(f"{secret}x"), name="other"),
    }
    found = {
        name: code(cloud.client("secretsmanager", role_arn=arn).get_secret_value, SecretId=secret)
        for name, arn in roles.items()
    }
    refusal = "AccessDeniedException"
    assert found == {"plain": refusal, "bound": None, "other": refusal}


def test_writing_a_secret_under_a_customers_key_needs_the_key_for_that_secret(cloud: Cloud) -> None:
    """security-encryption: PutSecretValue asks KMS for a data key, and decrypts it."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = cloud.client("secretsmanager").create_secret(Name="own", KmsKeyId=key)["ARN"]
    writing = allow("secretsmanager:PutSecretValue", secret)
    condition = {"StringEquals": {"kms:EncryptionContext:SecretARN": [secret]}}
    using = allow(["kms:Decrypt", "kms:GenerateDataKey"], key, Condition=condition)
    roles = {
        "plain": role(cloud, writing, name="plain"),
        "with the key": role(cloud, writing, using, name="with"),
    }
    found = {
        name: code(
            cloud.client("secretsmanager", role_arn=arn).put_secret_value,
            SecretId=secret,
            SecretString="x",
        )
        for name, arn in roles.items()
    }
    assert found == {"plain": "AccessDeniedException", "with the key": None}


@pytest.mark.parametrize("named", [True, False], ids=["this topic", "another topic"])
def test_a_key_may_be_granted_for_the_messages_of_one_topic(cloud: Cloud, *, named: bool) -> None:
    """sns-enable-encryption-for-topic: the encryption context is the topic, through SNS."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    topic = cloud.client("sns").create_topic(Name="alerts", Attributes={"KmsMasterKeyId": key})[
        "TopicArn"
    ]
    condition = {
        "StringEquals": {
            "kms:EncryptionContext:aws:sns:topicArn": topic if named else f"{topic}-2",
            "kms:ViaService": "sns.eu-west-1.amazonaws.com",
        }
    }
    using = allow(["kms:Decrypt", "kms:GenerateDataKey*"], key, Condition=condition)
    arn = role(cloud, allow("sns:Publish", topic), using)
    found = code(cloud.client("sns", role_arn=arn).publish, TopicArn=topic, Message="x")
    assert found == (None if named else "AuthorizationError")
    direct = cloud.client("kms", role_arn=arn).generate_data_key
    context = {"aws:sns:topicArn": topic}
    assert code(direct, KeyId=key, KeySpec="AES_256", EncryptionContext=context) is not None


def test_a_key_may_be_granted_for_the_environment_of_one_function(cloud: Cloud) -> None:
    """configuration-envvars-encryption: Lambda names the function in the encryption context."""
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    own, other = (f"arn:aws:lambda:eu-west-1:123456789012:function:{name}" for name in "ab")
    condition = {"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": own}}
    decrypt = cloud.client(
        "kms", role_arn=role(cloud, allow("kms:Decrypt", key, Condition=condition))
    ).decrypt
    found = {}
    for function in (own, other):
        context = {"aws:lambda:FunctionArn": function}
        hidden = kms.encrypt(KeyId=key, Plaintext=b"{}", EncryptionContext=context)[
            "CiphertextBlob"
        ]
        found[function] = code(decrypt, KeyId=key, CiphertextBlob=hidden, EncryptionContext=context)
    assert found == {own: None, other: "AccessDeniedException"}


def test_a_key_is_judged_by_its_arn(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    own, other = (kms.create_key()["KeyMetadata"] for _ in range(2))
    arn = role(cloud, allow(["kms:Encrypt", "kms:GenerateDataKey*"], own["Arn"]))
    encrypt = cloud.client("kms", role_arn=arn).encrypt
    for name in (own["Arn"], own["KeyId"]):
        assert code(encrypt, KeyId=name, Plaintext=b"x") is None
    assert code(encrypt, KeyId=other["KeyId"], Plaintext=b"x") == "AccessDeniedException"


def test_log_events_go_to_the_granted_group_only(cloud: Cloud) -> None:
    """list_amazoncloudwatchlogs: PutLogEvents is on the stream, below `log-group:name:*`."""
    group = "/aws/lambda/function"
    for name in (group, "/aws/lambda/other"):
        cloud.client("logs").create_log_group(logGroupName=name)
    granted = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}:*"
    arn = role(cloud, allow(["logs:CreateLogStream", "logs:PutLogEvents"], granted))
    logs = cloud.client("logs", role_arn=arn)
    stream = {"logGroupName": group, "logStreamName": "s"}
    assert code(logs.create_log_stream, **stream) is None
    events = [{"timestamp": 0, "message": "hello"}]
    assert code(logs.put_log_events, **stream, logEvents=events) is None
    stream["logGroupName"] = "/aws/lambda/other"
    assert code(logs.create_log_stream, **stream) == "AccessDeniedException"


# --- STS across accounts -------------------------------------------------------------------------


def member(cloud: Cloud, trusted: str, *statements: Statement, **condition: object) -> str:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": trusted}}
    if condition:
        trust["Condition"] = condition
    return role(cloud, *statements, name="member", account=MEMBER, trust=trust)


def assume(cloud: Cloud, hub: str, target: str, **options: str) -> str | None:
    sts = cloud.client("sts", role_arn=hub)
    return code(sts.assume_role, RoleArn=target, RoleSessionName="run", **options)


def test_a_role_of_another_account_is_assumed_with_both_sides_consent(cloud: Cloud) -> None:
    """tutorial_cross-account-with-roles: the caller's policy and the role's trust policy."""
    target = f"arn:aws:iam::{MEMBER}:role/member"
    hub = role(cloud, allow("sts:AssumeRole", target), name="hub")
    stranger = role(cloud, allow("sts:AssumeRole", target), name="stranger")
    ungranted = role(cloud, name="ungranted")
    assert assume(cloud, hub, target) == "AccessDenied"  # there is no such role yet
    member(cloud, hub)
    assert assume(cloud, hub, target) is None
    assert assume(cloud, stranger, target) == "AccessDenied"
    assert assume(cloud, ungranted, target) == "AccessDenied"


def test_the_external_id_is_checked(cloud: Cloud) -> None:
    hub = role(cloud, allow("sts:AssumeRole"), name="hub")
    hub_anywhere = f"arn:aws:iam::{MEMBER}:role/*"
    cloud.client("iam").put_role_policy(
        RoleName="hub",
        PolicyName="policy",
        PolicyDocument=document(allow("sts:AssumeRole", hub_anywhere)),
    )
    target = member(cloud, hub, StringEquals={"sts:ExternalId": "secret"})
    assert assume(cloud, hub, target, ExternalId="secret") is None
    assert assume(cloud, hub, target, ExternalId="wrong") == "AccessDenied"
    assert assume(cloud, hub, target) == "AccessDenied"


def test_an_assumed_role_works_in_its_own_account_with_its_own_rights(cloud: Cloud) -> None:
    hub = role(cloud, allow("sts:AssumeRole", f"arn:aws:iam::{MEMBER}:role/member"), name="hub")
    target = member(cloud, hub, allow("route53:ListHostedZones"))
    cloud.zones.add("here.test")
    cloud.zones.add("there.test", account=MEMBER)
    sts = cloud.client("sts", role_arn=hub)
    found = sts.assume_role(RoleArn=target, RoleSessionName="run")["Credentials"]
    keys = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }
    route53 = cloud.client("route53", credentials=keys)
    assert [z["Name"] for z in route53.list_hosted_zones()["HostedZones"]] == ["there.test."]
    assert code(route53.list_hosted_zones_by_name) == "AccessDenied"
    assert cloud.calls[-1].principal == target


def test_get_caller_identity_needs_no_permission(cloud: Cloud) -> None:
    """API_GetCallerIdentity: no permissions are required."""
    identity = cloud.client("sts", role_arn=role(cloud)).get_caller_identity()
    assert identity["Arn"].startswith("arn:aws:sts::123456789012:assumed-role/function/")


def test_events_are_judged_by_their_bus_and_by_what_they_call_themselves(cloud: Cloud) -> None:
    """Service authorization reference, EventBridge: events:source, events:detail-type."""
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
    condition = {"StringEquals": {"events:source": "shop"}}
    arn = role(cloud, allow("events:PutEvents", bus, Condition=condition))
    events = cloud.client("events", role_arn=arn)
    ours = {"Source": "shop", "DetailType": "Order", "Detail": "{}"}
    assert code(events.put_events, Entries=[ours]) is None
    refused = [
        [{**ours, "Source": "other"}],
        [ours, {**ours, "Source": "other"}],
        [{**ours, "EventBusName": "security"}],
    ]
    assert [code(events.put_events, Entries=entries) for entries in refused] == [
        "AccessDeniedException"
    ] * 3


def test_findings_are_judged_by_their_product_and_by_the_hub(cloud: Cloud) -> None:
    """Service authorization reference, Security Hub."""
    own = "arn:aws:securityhub:eu-west-1:123456789012"
    product = f"{own}:product/123456789012/default"
    arn = role(
        cloud,
        allow("securityhub:BatchImportFindings", product),
        allow("securityhub:GetFindings", f"{own}:hub/default"),
    )
    cloud.security_hub.enable()
    hub = cloud.client("securityhub", role_arn=arn)
    finding = {
        **dict.fromkeys(("Id", "GeneratorId", "Title", "Description"), "x"),
        **dict.fromkeys(("CreatedAt", "UpdatedAt"), "2026-06-15T12:00:00Z"),
        "SchemaVersion": "2018-10-08",
        "ProductArn": product,
        "AwsAccountId": "123456789012",
        "FindingProviderFields": {"Severity": {"Label": "LOW"}},
        "Resources": [{"Type": "Other", "Id": "x"}],
    }
    foreign = {**finding, "ProductArn": f"{own}:product/shop/scanner"}
    assert code(hub.get_findings) is None
    assert code(hub.batch_import_findings, Findings=[finding]) is None
    assert code(hub.batch_import_findings, Findings=[foreign]) == "AccessDeniedException"


# --- What resources say themselves ---------------------------------------------------------------


def test_a_topic_may_refuse_a_principal_that_its_policy_allows(cloud: Cloud) -> None:
    """reference_policies_evaluation-logic: an explicit deny in any of the policies."""
    topic = cloud.client("sns").create_topic(Name="alerts")["TopicArn"]
    arn = role(cloud, allow("sns:Publish", topic))
    sns = cloud.client("sns", role_arn=arn)
    assert code(sns.publish, TopicArn=topic, Message="x") is None
    deny = {"Effect": "Deny", "Action": "sns:Publish", "Principal": "*", "Resource": topic}
    cloud.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=document(deny)
    )
    assert code(sns.publish, TopicArn=topic, Message="x") == "AuthorizationError"


def test_a_key_without_iam_delegation_is_only_for_its_principals(cloud: Cloud) -> None:
    """key-policy-default (KMS): without the account in it, IAM policies have no effect."""
    named, other = (role(cloud, name=name) for name in ("named", "other"))
    iam = cloud.client("iam")
    iam.put_role_policy(
        RoleName="other", PolicyName="policy", PolicyDocument=document(allow("kms:*"))
    )
    use = {"Effect": "Allow", "Action": "kms:*", "Principal": {"AWS": named}, "Resource": "*"}
    key = cloud.client("kms").create_key(Policy=document(use))["KeyMetadata"]["Arn"]
    answers = [
        code(cloud.client("kms", role_arn=arn).encrypt, KeyId=key, Plaintext=b"x")
        for arn in (named, other)
    ]
    assert answers == [None, "AccessDeniedException"]


def test_a_secret_of_another_account_needs_both_sides(cloud: Cloud) -> None:
    """auth-and-access_examples_cross (Secrets Manager)."""
    owner = cloud.client("secretsmanager", account=MEMBER)
    secret = owner.create_secret(Name="shared", SecretString="x")["ARN"]
    arn = role(cloud, allow("secretsmanager:GetSecretValue", secret))
    reader = cloud.client("secretsmanager", role_arn=arn)
    assert code(reader.get_secret_value, SecretId=secret) == "AccessDeniedException"
    read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret}
    owner.put_resource_policy(
        SecretId=secret, ResourcePolicy=document({**read, "Principal": {"AWS": arn}})
    )
    # moto looks in the caller's account, where there is no such secret: IAM has let it through.
    assert code(reader.get_secret_value, SecretId=secret) == "ResourceNotFoundException"


def test_a_bucket_may_refuse_its_own_account(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(
        Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    arn = role(cloud, allow("s3:PutObject", "arn:aws:s3:::reports/*"))
    s3 = cloud.client("s3", role_arn=arn)
    thing = {"Bucket": "reports", "Key": "x", "Body": b"x"}
    assert code(s3.put_object, **thing) is None
    deny = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Principal": "*",
        "Resource": "arn:aws:s3:::reports/*",
    }
    cloud.client("s3").put_bucket_policy(Bucket="reports", Policy=document(deny))
    assert code(s3.put_object, **thing) == "AccessDenied"


def test_an_encryption_context_is_a_condition_key(cloud: Cloud) -> None:
    """conditions-kms: kms:EncryptionContext:context-key."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    condition = {"StringEquals": {"kms:EncryptionContext:for": "logs"}}
    arn = role(cloud, allow("kms:Encrypt", key, Condition=condition))
    kms = cloud.client("kms", role_arn=arn)
    answers = [
        code(kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=context)
        for context in ({"for": "logs"}, {"for": "other"}, {})
    ]
    assert answers == [None, "AccessDeniedException", "AccessDeniedException"]


def test_a_private_domain_name_is_named_by_its_id_and_its_account(cloud: Cloud) -> None:
    """list_amazonapigatewaymanagement: PrivateDomainName."""
    certificate = cloud.certificates.add()
    cloud.consumers.domain_name("api.example.com", certificate, endpoint="PRIVATE")
    gateway = "arn:aws:apigateway:eu-west-1"
    private = f"{gateway}:123456789012:/domainnames/*"
    arn = role(cloud, allow("apigateway:GET", [f"{gateway}::/domainnames", private]))
    client = cloud.client("apigateway", role_arn=arn)
    (found,) = client.get_domain_names()["items"]
    named = {"domainName": "api.example.com", "domainNameId": found["domainNameId"]}
    assert code(client.get_domain_name, **named) is None
    assert code(client.get_domain_name, domainName="api.example.com") == "AccessDeniedException"
