"""Errors of AWS and its SDK as text, with advice on how to fix them."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.model.sanitize import clean

#: Advice by the name of the SDK's exception or the code of AWS's error.
_ADVICE = (
    (
        {
            *("SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError"),
            *("SSOError", "PendingAuthorizationExpiredError", "LoginTokenLoadError"),
            *("LoginRefreshRequired", "LoginError"),
        },
        "Sign in again: aws sso login --profile NAME (or aws login), then repeat the command.",
    ),
    (
        {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"},
        "Give --profile, or set credentials as for the AWS CLI: aws configure.",
    ),
    (
        {"ExpiredToken", "ExpiredTokenException", "RequestExpired"},
        "The credentials have expired: sign in again, then repeat the command.",
    ),
    (
        {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"},
        "The credentials are invalid, or the region is not enabled in the account.",
    ),
    (
        {"SignatureDoesNotMatch", "RequestTimeTooSkewed"},
        "Check this machine's clock and the secret key.",
    ),
    (
        {
            *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"),
            *("ProxyConnectionError", "SSLError", "ConnectionClosedError"),
        },
        "Check the network, the proxy, the region, and AWS_ENDPOINT_URL if it is set.",
    ),
    (
        {
            *("AccessDenied", "AccessDeniedException", "AccessDeniedFault"),
            *("AuthorizationError", "NotAuthorized", "UnauthorizedOperation"),
        },
        "Allow this action for this principal; docs/cli.md lists the permissions of each command.",
    ),
    (
        {"Throttling", "ThrottlingException", "TooManyRequestsException"},
        "AWS throttles requests; repeat the command later.",
    ),
)
#: As botocore writes it into every message about an AWS error.
_CODE = re.compile(r"An error occurred \(([A-Za-z0-9.]+)\)")
_NAME = re.compile(r"^([A-Za-z]+): ")


def describe(error: Exception) -> str:
    """Return an error as one sentence, and advice on a second line."""
    if isinstance(error, OSError) and error.filename is not None:
        return clean(f"{error.strerror}: {error.filename}")
    text = f"{type(error).__name__}: {clean(str(error)) or type(error).__name__}"
    if isinstance(error, BotoCoreError | ClientError):
        advice = advice_for(text)
    else:
        advice = "This is a bug. Repeat the command with --verbose and report the output."
    return f"{text}\n{advice}" if advice else text


def advice_for(text: str) -> str | None:
    """Return advice for an error by the name or code in its text; None if none is known."""
    found = {match[1] for pattern in (_CODE, _NAME) if (match := pattern.search(text))}
    return next((advice for names, advice in _ADVICE if names & found), None)
