"""The policies that resources have of their own, as far as anything here has one.

Those of functions are asked for by the proofs only: a role that invokes one has a policy that says
so, and the gate leaves it at that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends

from tests.embedded_aws.policy import Document

Text = str | bytes | None
# What follows the account in an ARN.
REST = 5


def resource_policy(arn: str) -> tuple[Document | None, str | None]:
    """Return the policy of a topic, key, bucket or secret, and the account that owns it.

    What does not exist has neither, and its service will say so.
    """
    parts = arn.split(":", 5)
    find = FINDERS.get(parts[2]) if len(parts) == REST + 1 else None
    if find is None:
        return None, None
    text, owner = find(arn, parts)
    return (json.loads(text) if text else None), owner


def _topic(arn: str, parts: list[str]) -> tuple[Text, str | None]:
    topic = sns_backends[parts[4]][parts[3]].topics.get(arn) if parts[4] else None
    return (topic.policy, parts[4]) if topic else (None, None)


def _function(arn: str, parts: list[str]) -> tuple[Text, str | None]:
    try:
        function = lambda_backends[parts[4]][parts[3]].get_function(arn)
    except UnknownFunctionException:
        return None, None
    if not function.policy.statements:
        return None, parts[4]
    return json.dumps(function.policy.get_policy()["Policy"]), parts[4]


def _key(_: str, parts: list[str]) -> tuple[Text, str | None]:
    key = kms_backends[parts[4]][parts[3]].keys.get(parts[5].removeprefix("key/"))
    return (key.policy, parts[4]) if key else (None, None)


def _bucket(_: str, parts: list[str]) -> tuple[Text, str | None]:
    name = parts[5].partition("/")[0]
    partition, account = s3_backends.bucket_accounts.get(name, (None, None))
    if partition is None or account is None:
        return None, None
    return s3_backends[account][partition].buckets[name].policy, account


def _secret(arn: str, parts: list[str]) -> tuple[Text, str | None]:
    secret = secretsmanager_backends[parts[4]][parts[3]].secrets.get(arn)
    # A replica in another region has its own, which nothing here makes.
    return (getattr(secret, "policy", None), parts[4]) if secret else (None, None)


FINDERS: Mapping[str, Callable[[str, list[str]], tuple[Text, str | None]]] = {
    "kms": _key,
    "lambda": _function,
    "s3": _bucket,
    "secretsmanager": _secret,
    "sns": _topic,
}
