"""Clients, made when they are first needed and kept.

Importing this module builds nothing and needs neither region nor credentials.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_elb import ElasticLoadBalancingClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sts import STSClient

    from certificate_lifecycle.aws.secretsmanager import SecretsClient

#: Standard mode backs off with jitter and retries throttling, including Route 53's
#: `PriorRequestNotComplete`.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=20,
    user_agent_extra="certificate-lifecycle",
)
_SESSION_NAME = "certificate-lifecycle"


class Clients:
    """All clients of one invocation; roles of other accounts are assumed once each."""

    def __init__(self) -> None:
        # At DEBUG the SDK logs whole requests and answers, with passphrases, secrets and keys.
        logging.getLogger("botocore").setLevel(logging.WARNING)
        self._session = boto3.Session()
        self._make = functools.lru_cache(maxsize=None)(self._make_uncached)

    def acm(self, region: str) -> ACMClient:
        """ACM in `region`."""
        return cast("ACMClient", self._make("acm", region, None))

    def sns(self, region: str) -> SNSClient:
        """SNS in `region`."""
        return cast("SNSClient", self._make("sns", region, None))

    def secretsmanager(self, region: str) -> SecretsClient:
        """Secrets Manager in `region`."""
        return cast("SecretsClient", self._make("secretsmanager", region, None))

    def dynamodb(self, region: str) -> DynamoDBClient:
        """DynamoDB in `region`."""
        return cast("DynamoDBClient", self._make("dynamodb", region, None))

    def elbv2(self, region: str) -> ElasticLoadBalancingv2Client:
        """Application and Network Load Balancers in `region`."""
        return cast("ElasticLoadBalancingv2Client", self._make("elbv2", region, None))

    def elb(self, region: str) -> ElasticLoadBalancingClient:
        """Classic Load Balancers in `region`."""
        return cast("ElasticLoadBalancingClient", self._make("elb", region, None))

    def cloudfront(self, region: str) -> CloudFrontClient:
        """CloudFront, which is one service per partition; `region` only picks the partition."""
        return cast("CloudFrontClient", self._make("cloudfront", region, None))

    def apigateway(self, region: str) -> APIGatewayClient:
        """Domain names of API Gateway in `region`."""
        return cast("APIGatewayClient", self._make("apigateway", region, None))

    def cognito(self, region: str) -> CognitoIdentityProviderClient:
        """Cognito user pools in `region`."""
        return cast("CognitoIdentityProviderClient", self._make("cognito-idp", region, None))

    def route53(self, region: str, role_arn: str | None = None) -> Route53Client:
        """Route 53, which is one service per partition; `region` only picks the partition."""
        return cast("Route53Client", self._make("route53", region, role_arn))

    def _make_uncached(self, service: str, region: str, role_arn: str | None) -> Any:  # noqa: ANN401 - one maker for all services
        session = self._assume(role_arn, region) if role_arn else self._session
        return session.client(service, region_name=region, config=_CONFIG)  # type: ignore[call-overload] # the stubs know literal service names only

    def _assume(self, role_arn: str, region: str) -> boto3.Session:
        sts: STSClient = self._session.client("sts", region_name=region, config=_CONFIG)
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION_NAME)
        credentials = answer["Credentials"]
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
