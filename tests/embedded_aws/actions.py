"""Which IAM permissions each operation needs: action, resource and condition keys.

Read from AWS's Service Authorization Reference, one page a service:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
An operation that is missing here is refused to every judged role, and loudly: the table is what
the proof of least privilege stands on, so nothing in it may be guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.embedded_aws.calls import Permission
from tests.embedded_aws.deployment_actions import DEPLOYMENT, tagging
from tests.embedded_aws.protocol import Request
from tests.embedded_aws.zones import normalised

# Global services live in one region, whatever region their client was made for.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
HOME = {"cloudfront": "us-east-1", "iam": "us-east-1", "route53": "us-east-1"}

Context = dict[str, tuple[str, ...]]
Needs = Callable[["Scene"], list[Permission]]


@dataclass(frozen=True)
class Scene:
    """A request, and what the table has to know about the things that it names."""

    request: Request
    principal: str | None
    tags_of: Callable[[str], Mapping[str, str]]
    topic_key: Callable[[str], str | None]
    names_of: Callable[[str], tuple[str, ...]]
    secret_key: Callable[[str], str | None]
    organization_of: Callable[[str], str | None]

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.request.parameters

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        where = f"{self.request.region}:{self.request.account}" if region else ":"
        return f"arn:{self.request.partition}:{service}:{where}:{resource}"

    @property
    def everywhere(self) -> Context:
        """The global condition keys that every request carries.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        context: Context = {
            "aws:RequestedRegion": (HOME.get(self.request.service, self.request.region),),
            "aws:SecureTransport": ("true",),
        }
        if self.principal:
            context["aws:PrincipalArn"] = (self.principal,)
            context["aws:PrincipalAccount"] = (self.principal.split(":")[4],)
            context["aws:PrincipalType"] = ("AssumedRole",)
        return context

    def permission(self, action: str, resource: str) -> Permission:
        return Permission(action, resource, self.everywhere)


def _with(permission: Permission, context: Context) -> Permission:
    return Permission(permission.action, permission.resource, {**permission.context, **context})


def request_tags(tags: Iterable[Mapping[str, str]]) -> Context:
    """`aws:RequestTag/key` for each tag, and all keys as `aws:TagKeys`."""
    listed = list(tags)
    context: Context = {f"aws:RequestTag/{t['Key']}": (t.get("Value", ""),) for t in listed}
    if listed:
        context["aws:TagKeys"] = tuple(tag["Key"] for tag in listed)
    return context


def resource_tags(tags: Mapping[str, str]) -> Context:
    return {f"aws:ResourceTag/{key}": (value,) for key, value in tags.items()}


# --- ACM: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html


def _account_wide(action: str) -> Needs:
    """Need an action for which AWS knows no resource: only `*` grants it."""
    return lambda scene: [scene.permission(action, "*")]


def _certificate(action: str) -> Needs:
    """Need an action on one certificate, with that certificate's tags."""

    def needs(scene: Scene) -> list[Permission]:
        arn = scene.parameters.get("CertificateArn", "")
        return [_with(scene.permission(action, arn), resource_tags(scene.tags_of(arn)))]

    return needs


def _domain_validations(scene: Scene) -> list[Permission]:
    """Need to read a certificate's validations, without its tags.

    The reference lists no condition keys for this action.
    """
    arn = scene.parameters.get("CertificateArn", "")
    return [scene.permission("acm:ListCertificateDomainValidations", arn)]


def _authority(action: str) -> Needs:
    """Need an action on one private CA.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsprivatecertificateauthority.html
    """
    return lambda scene: [scene.permission(action, scene.parameters["CertificateAuthorityArn"])]


def _acme(name: str, parameter: str) -> Needs:
    """Need an action on an ACME endpoint, or on a validation or binding of one."""
    return lambda scene: [scene.permission(f"acm:{name}", scene.parameters[parameter])]


def _server_certificate(action: str) -> Needs:
    """Need an action on one server certificate, of those without a path.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """

    def needs(scene: Scene) -> list[Permission]:
        name = scene.parameters["ServerCertificateName"]
        owner = f"arn:{scene.request.partition}:iam::{scene.request.account}"
        return [scene.permission(action, f"{owner}:server-certificate/{name}")]

    return needs


def _export_certificate(scene: Scene) -> list[Permission]:
    """Need ExportCertificate, which also knows the certificate's names.

    https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
    """
    names = scene.names_of(scene.parameters.get("CertificateArn", ""))
    context: Context = {"acm:DomainNames": names} if names else {}
    return [_with(p, context) for p in _certificate("acm:ExportCertificate")(scene)]


def _add_tags(scene: Scene) -> list[Permission]:
    tags = request_tags(scene.parameters.get("Tags", []))
    return [_with(p, tags) for p in _certificate("acm:AddTagsToCertificate")(scene)]


def _remove_tags(scene: Scene) -> list[Permission]:
    tags = request_tags(scene.parameters.get("Tags", []))
    return [_with(p, tags) for p in _certificate("acm:RemoveTagsFromCertificate")(scene)]


def _request_certificate(scene: Scene) -> list[Permission]:
    """RequestCertificate, and AddTagsToCertificate when it carries tags.

    A public request without a validation method counts as EMAIL.
    The names are judged as they were sent: whether ACM lower-cases them first is not documented,
    and this refuses more.
    https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
    """
    wanted = scene.parameters
    resource = scene.arn("acm", "certificate/*")
    names = [wanted.get("DomainName", ""), *wanted.get("SubjectAlternativeNames", [])]
    tags = request_tags(wanted.get("Tags", []))
    context: Context = {
        "acm:DomainNames": _distinct(names),
        "acm:KeyAlgorithm": (wanted.get("KeyAlgorithm", "RSA_2048"),),
        "acm:Export": ((wanted.get("Options") or {}).get("Export", "DISABLED"),),
        "acm:CertificateTransparencyLogging": (
            (wanted.get("Options") or {}).get(
                "CertificateTransparencyLoggingPreference", "ENABLED"
            ),
        ),
        **tags,
    }
    authority = wanted.get("CertificateAuthorityArn")
    if authority:
        context["acm:CertificateAuthority"] = (authority,)
    else:
        context["acm:ValidationMethod"] = (wanted.get("ValidationMethod", "EMAIL"),)
    permissions = [_with(scene.permission("acm:RequestCertificate", resource), context)]
    if tags:
        tagging = scene.permission("acm:AddTagsToCertificate", resource)
        permissions.append(_with(tagging, tags))
    return permissions


def _import_certificate(scene: Scene) -> list[Permission]:
    arn = scene.parameters.get("CertificateArn")
    resource = arn or scene.arn("acm", "certificate/*")
    tags = request_tags(scene.parameters.get("Tags", []))
    held = resource_tags(scene.tags_of(arn)) if arn else {}
    permissions = [_with(scene.permission("acm:ImportCertificate", resource), {**tags, **held})]
    if tags:
        permissions.append(_with(scene.permission("acm:AddTagsToCertificate", resource), tags))
    return permissions


# --- Route 53: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html


def _zone_arn(scene: Scene, key: str) -> str:
    zone = str(scene.parameters.get(key, "")).rpartition("/")[2]
    return f"arn:{scene.request.partition}:route53:::hostedzone/{zone}"


def _zone(action: str, key: str) -> Needs:
    return lambda scene: [scene.permission(action, _zone_arn(scene, key))]


def _change_records(scene: Scene) -> list[Permission]:
    """Give each of the three keys all values of the batch, normalised as AWS says."""
    changes = (scene.parameters.get("ChangeBatch") or {}).get("Changes", [])
    sets = [change["ResourceRecordSet"] for change in changes]
    prefix = "route53:ChangeResourceRecordSets"
    context: Context = {
        f"{prefix}NormalizedRecordNames": _distinct(record_name(row["Name"]) for row in sets),
        f"{prefix}RecordTypes": _distinct(row["Type"].upper() for row in sets),
        f"{prefix}Actions": _distinct(change["Action"].upper() for change in changes),
    }
    resource = _zone_arn(scene, "HostedZoneId")
    return [_with(scene.permission("route53:ChangeResourceRecordSets", resource), context)]


def record_name(name: str) -> str:
    r"""Lower case, without a trailing dot; other characters than a-z 0-9 - _ . as `\octal`.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
    """
    plain = normalised(name)
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else _octal(c) for c in plain)


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode())


def _change(scene: Scene) -> list[Permission]:
    change = str(scene.parameters.get("Id", "")).rpartition("/")[2]
    resource = f"arn:{scene.request.partition}:route53:::change/{change}"
    return [scene.permission("route53:GetChange", resource)]


# --- Secrets Manager: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html


def _secret(action: str) -> Needs:
    """Need an action on one secret, which must be named by its complete ARN here.

    A name is completed with six random characters, which the table cannot know.
    """

    def needs(scene: Scene) -> list[Permission]:
        arn = str(scene.parameters.get("SecretId", ""))
        return [_with(scene.permission(action, arn), {"secretsmanager:SecretId": (arn,)})]

    return needs


def _get_secret(scene: Scene) -> list[Permission]:
    """Need to read the secret, and to use its customer managed key when it has one.

    The AWS managed key lets the account use it through Secrets Manager.
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    stage: Context = {
        "secretsmanager:VersionStage": (scene.parameters.get("VersionStage", "AWSCURRENT"),)
    }
    permissions = [_with(p, stage) for p in _secret("secretsmanager:GetSecretValue")(scene)]
    return [*permissions, *_with_the_key_of_the_secret(scene, "kms:Decrypt")]


def _put_secret(scene: Scene) -> list[Permission]:
    """Need to write the secret, and to encrypt with its customer managed key when it has one.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    permissions = _secret("secretsmanager:PutSecretValue")(scene)
    encrypting = _with_the_key_of_the_secret(scene, "kms:GenerateDataKey", "kms:Decrypt")
    return [*permissions, *encrypting]


def _with_the_key_of_the_secret(scene: Scene, *actions: str) -> list[Permission]:
    arn = str(scene.parameters.get("SecretId", ""))
    key = scene.secret_key(arn)
    if not key:
        return []
    through: Context = {
        "kms:ViaService": (f"secretsmanager.{scene.request.region}.amazonaws.com",),
        "kms:EncryptionContext:SecretARN": (arn,),
    }
    return [_with(scene.permission(action, key), through) for action in actions]


# --- Systems Manager: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html


def _parameter(action: str) -> Needs:
    """Need an action on one parameter: the ARN has no second slash before a path.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
    """

    def needs(scene: Scene) -> list[Permission]:
        name = str(scene.parameters.get("Name", ""))
        return [scene.permission(action, scene.arn("ssm", f"parameter/{name.removeprefix('/')}"))]

    return needs


def _put_parameter(scene: Scene) -> list[Permission]:
    """Need PutParameter, which also knows whether it may overwrite.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policy-conditions.html
    """
    overwrite = str(bool(scene.parameters.get("Overwrite"))).lower()
    context: Context = {"ssm:Overwrite": (overwrite,)}
    return [_with(p, context) for p in _parameter("ssm:PutParameter")(scene)]


def _parameters_by_path(scene: Scene) -> list[Permission]:
    """Need the action on the path itself; a path ending in `/*` does not grant it.

    "This operation is authorized [...] for the path that you specify in the request. It isn't
    authorized against the individual parameters that it returns" (API reference,
    GetParametersByPath). Observed refusals name the path without a slash at its end.
    """
    path = str(scene.parameters.get("Path", "")).strip("/")
    recursive: Context = {"ssm:Recursive": (str(bool(scene.parameters.get("Recursive"))).lower(),)}
    arn = scene.arn("ssm", f"parameter/{path}")
    return [_with(scene.permission("ssm:GetParametersByPath", arn), recursive)]


# --- SNS, KMS: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html


def _publish(scene: Scene) -> list[Permission]:
    """Need to publish, and to use the topic's customer managed key when it has one."""
    topic = scene.parameters.get("TopicArn") or scene.parameters.get("TargetArn") or ""
    permissions = [scene.permission("sns:Publish", topic)]
    key = scene.topic_key(topic)
    if key:
        through: Context = {
            "kms:ViaService": (f"sns.{scene.request.region}.amazonaws.com",),
            "kms:EncryptionContext:aws:sns:topicArn": (topic,),
        }
        actions = ("kms:GenerateDataKey", "kms:Decrypt")
        permissions += [_with(scene.permission(action, key), through) for action in actions]
    return permissions


def _topic(action: str) -> Needs:
    """Need an action on one topic.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    """
    return lambda scene: [scene.permission(action, str(scene.parameters["TopicArn"]))]


def _key(action: str) -> Needs:
    """Need an action on a key, with each pair of the encryption context as a key of its own.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """

    def needs(scene: Scene) -> list[Permission]:
        key = str(scene.parameters.get("KeyId", "*"))
        resource = key if key.startswith("arn:") or key == "*" else scene.arn("kms", f"key/{key}")
        pairs = scene.parameters.get("EncryptionContext") or {}
        context: Context = {f"kms:EncryptionContext:{k}": (v,) for k, v in pairs.items()}
        return [_with(scene.permission(action, resource), context)]

    return needs


# --- STS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html


def _assume_role(scene: Scene) -> list[Permission]:
    wanted = scene.parameters
    context: Context = {"sts:RoleSessionName": (wanted.get("RoleSessionName", ""),)}
    if wanted.get("ExternalId"):
        context["sts:ExternalId"] = (wanted["ExternalId"],)
    arn = wanted.get("RoleArn", "")
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    owner = arn.split(":")[4] if arn.count(":") > 4 else ""
    organization = scene.organization_of(owner)
    context |= {"aws:ResourceAccount": (owner,)}
    context |= {"aws:ResourceOrgID": (organization,)} if organization else {}
    return [_with(scene.permission("sts:AssumeRole", arn), context)]


# --- DynamoDB: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html


def _table(action: str) -> Needs:
    """Need an action on a table, and on the partition of it that is named.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    return lambda scene: [
        scene.permission(action, scene.arn("dynamodb", f"table/{scene.parameters['TableName']}"))
    ]


#: The action of each member of a transaction.
_TRANSACTED = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}


def _transaction(scene: Scene) -> list[Permission]:
    """Need the action of each write; a transaction has none of its own.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    needed = {
        (_TRANSACTED[kind], operation["TableName"])
        for entry in scene.parameters["TransactItems"]
        for kind, operation in entry.items()
    }
    return [
        scene.permission(action, scene.arn("dynamodb", f"table/{table}"))
        for action, table in sorted(needed)
    ]


# --- Elastic Load Balancing: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
# and https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html


def _listener(action: str) -> Needs:
    return lambda scene: [scene.permission(action, scene.parameters["ListenerArn"])]


def _classic(scene: Scene) -> list[Permission]:
    name = scene.parameters["LoadBalancerName"]
    action = "elasticloadbalancing:SetLoadBalancerListenerSSLCertificate"
    return [scene.permission(action, scene.arn("elasticloadbalancing", f"loadbalancer/{name}"))]


# --- CloudFront: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html


def _distribution(action: str) -> Needs:
    def needs(scene: Scene) -> list[Permission]:
        where = f"{scene.request.account}:distribution/{scene.parameters['Id']}"
        return [scene.permission(action, f"arn:{scene.request.partition}:cloudfront::{where}")]

    return needs


def _tenant(action: str, parameter: str) -> Needs:
    """Need an action on a tenant; the policy AWSWAFConsoleFullAccess names its ARN."""

    def needs(scene: Scene) -> list[Permission]:
        name = str(scene.parameters[parameter]).rpartition("/")[2]
        where = f"{scene.request.account}:distribution-tenant/{name}"
        return [scene.permission(action, f"arn:{scene.request.partition}:cloudfront::{where}")]

    return needs


# --- API Gateway: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html


def _domain_name(scene: Scene) -> str:
    """Name a domain name, or all of them; only private ones have an account and an id."""
    wanted = scene.parameters
    name, found = wanted.get("domainName"), wanted.get("domainNameId")
    path = f"/domainnames/{name}" if name else "/domainnames"
    where = f"arn:{scene.request.partition}:apigateway:{scene.request.region}"
    return f"{where}:{scene.request.account}:{path}+{found}" if found else f"{where}::{path}"


def _get_domain_name(scene: Scene) -> list[Permission]:
    return [scene.permission("apigateway:GET", _domain_name(scene))]


def _update_domain_name(scene: Scene) -> list[Permission]:
    """Need to change it, and to let go of one certificate and take another.

    An edge-optimised one changes a distribution, which is AWS's own, so that no ARN of ours names
    it.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-edge-optimized-custom-domain-name.html
    """
    resource = _domain_name(scene)
    actions = ("PATCH", "AddCertificateToDomain", "RemoveCertificateFromDomain")
    permissions = [scene.permission(f"apigateway:{action}", resource) for action in actions]
    paths = [parameter.get("path") for parameter in scene.parameters.get("patchOperations", [])]
    if "/certificateArn" in paths and not scene.parameters.get("domainNameId"):
        permissions.append(scene.permission("cloudfront:UpdateDistribution", _ANY_DISTRIBUTION))
    return permissions


# --- Cognito: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html

# A distribution in an account of AWS's own: both services ask for the action "on '*' resources".
# https://github.com/amplify-education/serverless-domain-manager/issues/161
_ANY_DISTRIBUTION = "*"


def _user_pool(action: str) -> Needs:
    def needs(scene: Scene) -> list[Permission]:
        return [
            scene.permission(
                action, scene.arn("cognito-idp", f"userpool/{scene.parameters['UserPoolId']}")
            )
        ]

    return needs


def _update_user_pool_domain(scene: Scene) -> list[Permission]:
    """Need to change it, and the distribution of AWS's own that it stands on.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-add-custom-domain.html
    """
    return [
        *_user_pool("cognito-idp:UpdateUserPoolDomain")(scene),
        scene.permission("cloudfront:UpdateDistribution", _ANY_DISTRIBUTION),
    ]


# --- Amplify: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amplify.html


def _amplify(action: str) -> Needs:
    """Need an action on an app, or on a custom domain of it; an update may pass a role."""

    def needs(scene: Scene) -> list[Permission]:
        wanted = scene.parameters
        domain = f"/domains/{wanted['domainName']}" if "domainName" in wanted else ""
        resource = scene.arn("amplify", f"apps/{wanted['appId']}{domain}")
        role = wanted.get("autoSubDomainIAMRole")
        passed = [scene.permission("iam:PassRole", role)] if role else []
        return [scene.permission(action, resource), *passed]

    return needs


# --- S3: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html


def _object(action: str) -> Needs:
    def needs(scene: Scene) -> list[Permission]:
        wanted = scene.parameters
        owner = f"arn:{scene.request.partition}:s3:::{wanted['Bucket']}"
        return [scene.permission(action, f"{owner}/{wanted['Key']}")]

    return needs


def _list_objects(scene: Scene) -> list[Permission]:
    wanted = scene.parameters
    bucket = f"arn:{scene.request.partition}:s3:::{wanted['Bucket']}"
    context: Context = {"s3:prefix": (wanted["Prefix"],)} if "Prefix" in wanted else {}
    return [_with(scene.permission("s3:ListBucket", bucket), context)]


# --- EventBridge: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html


def _put_events(scene: Scene) -> list[Permission]:
    """Need to put each event on its bus, judged by what the event calls itself."""
    permissions = {}
    for entry in scene.parameters.get("Entries", []):
        bus = str(entry.get("EventBusName", "default"))
        arn = bus if bus.startswith("arn:") else scene.arn("events", f"event-bus/{bus}")
        context: Context = {
            "events:detail-type": (entry.get("DetailType", ""),),
            "events:source": (entry.get("Source", ""),),
        }
        permission = _with(scene.permission("events:PutEvents", arn), context)
        permissions[arn, *context.values()] = permission
    return list(permissions.values())


# --- Security Hub: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html


def _get_findings(scene: Scene) -> list[Permission]:
    return [scene.permission("securityhub:GetFindings", scene.arn("securityhub", "hub/default"))]


def _import_findings(scene: Scene) -> list[Permission]:
    """Need to import for each product, and for each account that a finding is of."""
    findings = scene.parameters.get("Findings", [])
    pairs = dict.fromkeys((finding["ProductArn"], finding["AwsAccountId"]) for finding in findings)
    return [
        _with(
            scene.permission("securityhub:BatchImportFindings", product),
            {"securityhub:TargetAccount": (account,)},
        )
        for product, account in pairs
    ]


# --- What only the command line asks for:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html


def _alarms(scene: Scene) -> list[Permission]:
    return [scene.permission("cloudwatch:DescribeAlarms", scene.arn("cloudwatch", "alarm:*"))]


def _rule(action: str) -> Needs:
    """Need an action on a rule of the default event bus."""
    return lambda scene: [
        scene.permission(action, scene.arn("events", f"rule/{scene.parameters['Name']}"))
    ]


def _role(scene: Scene) -> list[Permission]:
    """Need to read a role, of those without a path."""
    owner = f"arn:{scene.request.partition}:iam::{scene.request.account}"
    return [scene.permission("iam:GetRole", f"{owner}:role/{scene.parameters['RoleName']}")]


def _simulate(scene: Scene) -> list[Permission]:
    return [scene.permission("iam:SimulatePrincipalPolicy", scene.parameters["PolicySourceArn"])]


# --- Lambda: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html


def _invoke(scene: Scene) -> list[Permission]:
    name = scene.parameters["FunctionName"].rpartition(":")[2]
    return [scene.permission("lambda:InvokeFunction", scene.arn("lambda", f"function:{name}"))]


def _function(action: str) -> Needs:
    return lambda scene: [
        scene.permission(
            action, scene.arn("lambda", f"function:{scene.parameters['FunctionName']}")
        )
    ]


# --- Step Functions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html


def _states(action: str, parameter: str) -> Needs:
    return lambda scene: [scene.permission(action, scene.parameters[parameter])]


# --- CloudWatch Logs: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html


def _log_group(action: str) -> Needs:
    """Need an action on a log group: the policy's resource ends in `:*`."""
    return lambda scene: [
        scene.permission(action, scene.arn("logs", f"log-group:{_group(scene)}:*")),
    ]


def _log_stream(action: str) -> Needs:
    def needs(scene: Scene) -> list[Permission]:
        stream = scene.parameters.get("logStreamName", "")
        resource = f"log-group:{_group(scene)}:log-stream:{stream}"
        return [scene.permission(action, scene.arn("logs", resource))]

    return needs


def _group(scene: Scene) -> str:
    return str(scene.parameters.get("logGroupName", "*"))


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


CERTIFICATE_ACTIONS = (
    "DeleteCertificate",
    "DescribeCertificate",
    "GetCertificate",
    "ListTagsForCertificate",
    "RenewCertificate",
    "ResendValidationEmail",
    "RevokeCertificate",
    "UpdateCertificateOptions",
)

TABLE: Mapping[tuple[str, str], Needs] = {
    **DEPLOYMENT,
    **{("acm", name): _certificate(f"acm:{name}") for name in CERTIFICATE_ACTIONS},
    ("acm", "AddTagsToCertificate"): _add_tags,
    ("acm", "DescribeAcmeDomainValidation"): _acme(
        "DescribeAcmeDomainValidation", "AcmeDomainValidationArn"
    ),
    ("acm", "ExportCertificate"): _export_certificate,
    ("acm", "GetAccountConfiguration"): _account_wide("acm:GetAccountConfiguration"),
    ("acm", "ImportCertificate"): _import_certificate,
    ("acm", "ListAcmeDomainValidations"): _acme("ListAcmeDomainValidations", "AcmeEndpointArn"),
    ("acm", "ListAcmeEndpoints"): _account_wide("acm:ListAcmeEndpoints"),
    ("acm", "ListAcmeExternalAccountBindings"): _acme(
        "ListAcmeExternalAccountBindings", "AcmeEndpointArn"
    ),
    ("acm", "ListCertificateDomainValidations"): _domain_validations,
    ("acm", "ListCertificates"): _account_wide("acm:ListCertificates"),
    ("acm", "ListTagsForResource"): _acme("ListTagsForResource", "ResourceArn"),
    ("acm", "PutAccountConfiguration"): _account_wide("acm:PutAccountConfiguration"),
    ("acm", "RemoveTagsFromCertificate"): _remove_tags,
    ("acm", "RequestCertificate"): _request_certificate,
    ("acm", "SearchCertificates"): _account_wide("acm:SearchCertificates"),
    ("acm-pca", "GetCertificateAuthorityCertificate"): _authority(
        "acm-pca:GetCertificateAuthorityCertificate"
    ),
    ("acm-pca", "ListCertificateAuthorities"): _account_wide("acm-pca:ListCertificateAuthorities"),
    ("acm-pca", "ListPermissions"): _authority("acm-pca:ListPermissions"),
    ("amplify", "GetDomainAssociation"): _amplify("amplify:GetDomainAssociation"),
    ("amplify", "ListApps"): _account_wide("amplify:ListApps"),
    ("amplify", "ListDomainAssociations"): _amplify("amplify:ListDomainAssociations"),
    ("amplify", "UpdateDomainAssociation"): _amplify("amplify:UpdateDomainAssociation"),
    ("apigateway", "GetDomainName"): _get_domain_name,
    ("apigateway", "GetDomainNames"): _get_domain_name,
    ("apigateway", "UpdateDomainName"): _update_domain_name,
    ("cloudfront", "GetDistribution"): _distribution("cloudfront:GetDistribution"),
    ("cloudfront", "GetDistributionTenant"): _tenant(
        "cloudfront:GetDistributionTenant", "Identifier"
    ),
    ("cloudfront", "ListDistributionTenantsByCustomization"): _account_wide(
        "cloudfront:ListDistributionTenantsByCustomization"
    ),
    ("cloudfront", "UpdateDistribution"): _distribution("cloudfront:UpdateDistribution"),
    ("cloudfront", "UpdateDistributionTenant"): _tenant(
        "cloudfront:UpdateDistributionTenant", "Id"
    ),
    ("cloudwatch", "DescribeAlarms"): _alarms,
    ("cognito-idp", "DescribeUserPool"): _user_pool("cognito-idp:DescribeUserPool"),
    ("cognito-idp", "DescribeUserPoolDomain"): _account_wide("cognito-idp:DescribeUserPoolDomain"),
    ("cognito-idp", "ListUserPools"): _account_wide("cognito-idp:ListUserPools"),
    ("cognito-idp", "UpdateUserPoolDomain"): _update_user_pool_domain,
    ("dynamodb", "DeleteItem"): _table("dynamodb:DeleteItem"),
    ("dynamodb", "PutItem"): _table("dynamodb:PutItem"),
    ("dynamodb", "Query"): _table("dynamodb:Query"),
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("dynamodb", "UpdateItem"): _table("dynamodb:UpdateItem"),
    ("elb", "DescribeLoadBalancers"): _account_wide("elasticloadbalancing:DescribeLoadBalancers"),
    ("elb", "SetLoadBalancerListenerSSLCertificate"): _classic,
    ("elbv2", "AddListenerCertificates"): _listener("elasticloadbalancing:AddListenerCertificates"),
    ("elbv2", "DescribeListenerCertificates"): _account_wide(
        "elasticloadbalancing:DescribeListenerCertificates"
    ),
    ("elbv2", "DescribeTags"): _account_wide("elasticloadbalancing:DescribeTags"),
    ("elbv2", "DescribeListeners"): _account_wide("elasticloadbalancing:DescribeListeners"),
    ("elbv2", "ModifyListener"): _listener("elasticloadbalancing:ModifyListener"),
    ("elbv2", "RemoveListenerCertificates"): _listener(
        "elasticloadbalancing:RemoveListenerCertificates"
    ),
    ("events", "DescribeRule"): _rule("events:DescribeRule"),
    ("events", "PutEvents"): _put_events,
    ("kms", "Decrypt"): _key("kms:Decrypt"),
    ("kms", "DescribeKey"): _key("kms:DescribeKey"),
    ("kms", "Encrypt"): _key("kms:Encrypt"),
    ("kms", "GenerateDataKey"): _key("kms:GenerateDataKey"),
    ("lambda", "GetFunctionConfiguration"): _function("lambda:GetFunctionConfiguration"),
    ("lambda", "Invoke"): _invoke,
    ("logs", "CreateLogGroup"): tagging("logs:TagResource", _log_group("logs:CreateLogGroup")),
    ("logs", "CreateLogStream"): _log_group("logs:CreateLogStream"),
    ("logs", "DescribeLogStreams"): _log_group("logs:DescribeLogStreams"),
    ("logs", "PutLogEvents"): _log_stream("logs:PutLogEvents"),
    ("iam", "GetRole"): _role,
    ("iam", "GetServerCertificate"): _server_certificate("iam:GetServerCertificate"),
    ("iam", "ListServerCertificates"): _account_wide("iam:ListServerCertificates"),
    ("iam", "SimulatePrincipalPolicy"): _simulate,
    ("organizations", "ListAccounts"): _account_wide("organizations:ListAccounts"),
    ("resourcegroupstaggingapi", "GetResources"): _account_wide("tag:GetResources"),
    ("route53", "ChangeResourceRecordSets"): _change_records,
    ("route53", "GetChange"): _change,
    ("route53", "GetHostedZone"): _zone("route53:GetHostedZone", "Id"),
    ("route53", "ListHostedZones"): _account_wide("route53:ListHostedZones"),
    ("route53", "ListHostedZonesByName"): _account_wide("route53:ListHostedZonesByName"),
    ("route53", "ListResourceRecordSets"): _zone("route53:ListResourceRecordSets", "HostedZoneId"),
    ("s3", "GetObject"): _object("s3:GetObject"),
    ("s3", "ListBuckets"): _account_wide("s3:ListAllMyBuckets"),
    ("s3", "ListObjectsV2"): _list_objects,
    ("s3", "PutObject"): _object("s3:PutObject"),
    ("secretsmanager", "DescribeSecret"): _secret("secretsmanager:DescribeSecret"),
    ("secretsmanager", "GetSecretValue"): _get_secret,
    ("secretsmanager", "PutSecretValue"): _put_secret,
    ("securityhub", "BatchImportFindings"): _import_findings,
    ("securityhub", "GetFindings"): _get_findings,
    ("service-quotas", "GetServiceQuota"): _account_wide("servicequotas:GetServiceQuota"),
    ("sns", "GetTopicAttributes"): _topic("sns:GetTopicAttributes"),
    ("sns", "Publish"): _publish,
    ("ssm", "GetParameter"): _parameter("ssm:GetParameter"),
    ("ssm", "GetParametersByPath"): _parameters_by_path,
    ("ssm", "PutParameter"): tagging("ssm:AddTagsToResource", _put_parameter),
    ("stepfunctions", "DescribeExecution"): _states("states:DescribeExecution", "executionArn"),
    ("stepfunctions", "StartExecution"): _states("states:StartExecution", "stateMachineArn"),
    ("stepfunctions", "StopExecution"): _states("states:StopExecution", "executionArn"),
    ("sts", "AssumeRole"): _assume_role,
}

# GetCallerIdentity needs no permission, and cannot be denied.
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
FREE = frozenset({("sts", "GetCallerIdentity")})
