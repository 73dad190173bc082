"""Errors of AWS and its SDK as text, with advice on how to fix them."""

from __future__ import annotations

import re
from functools import cache

from botocore import exceptions

from certificate_lifecycle.app.deadline import error_summary, is_of_sdk
from certificate_lifecycle.model.sanitize import clean

#: Advice by the SDK's exception or the code of AWS's error.
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


def describe(error: Exception) -> str:
    """Return an error as one sentence, and advice on a second line."""
    if isinstance(error, OSError) and error.filename is not None:
        return clean(f"{error.strerror}: {error.filename}")
    text = error_summary(error)
    if is_of_sdk(error):
        advice = advice_for(text)
    else:
        advice = "This is a bug. Repeat the command with --verbose and report the output."
    return f"{text}\n{advice}" if advice else text


def advice_for(text: str) -> str | None:
    """Return advice for an error of AWS or the SDK that a text contains; None if none is known."""
    code = _CODE.search(text)
    for names, advice in _ADVICE:
        if code and code[1] in names:
            return advice
        if any(words in text for words in _beginnings(frozenset(names))):
            return advice
    return None


@cache
def _beginnings(names: frozenset[str]) -> tuple[str, ...]:
    """Return the first words of the texts of SDK exceptions, up to the first inserted value."""
    known = (getattr(exceptions, name, None) for name in names)
    return tuple(error.fmt.partition("{")[0] for error in known if error is not None)
