"""What AWS and its SDK say when something fails, and what can be done about it."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.model.sanitize import clean

#: What helps, by the name of the SDK's exception or the code of AWS's answer.
_HELP = (
    (
        {
            *("SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError"),
            *("SSOError", "PendingAuthorizationExpiredError", "LoginTokenLoadError"),
            *("LoginRefreshRequired", "LoginError"),
        },
        "sign in again: aws sso login --profile NAME (or aws login), then repeat the command",
    ),
    (
        {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"},
        "give --profile, or set credentials as for the AWS CLI: aws configure",
    ),
    (
        {"ExpiredToken", "ExpiredTokenException", "RequestExpired"},
        "the credentials are over: sign in again, then repeat the command",
    ),
    (
        {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"},
        (
            "AWS does not know these credentials here: they are wrong, or the region is not "
            "enabled in the account"
        ),
    ),
    (
        {"SignatureDoesNotMatch", "RequestTimeTooSkewed"},
        "look at this machine's clock, and at the secret key",
    ),
    (
        {
            *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"),
            *("ProxyConnectionError", "SSLError", "ConnectionClosedError"),
        },
        "look at the network, proxy and region; AWS_ENDPOINT_URL must be unset or right",
    ),
    (
        {
            *("AccessDenied", "AccessDeniedException", "AccessDeniedFault"),
            *("AuthorizationError", "NotAuthorized", "UnauthorizedOperation"),
        },
        (
            "let somebody allow the action that is named to whoever is named; docs/cli.md lists "
            "what each command needs"
        ),
    ),
    (
        {"Throttling", "ThrottlingException", "TooManyRequestsException"},
        "AWS allows no more requests now: repeat it later",
    ),
)
#: As botocore writes it into every message about an answer.
_CODE = re.compile(r"An error occurred \((?P<code>[A-Za-z0-9.]+)\)")
_NAME = re.compile(r"^(?P<name>[A-Za-z]+): ")


def told(error: Exception) -> str:
    """Return an error as one sentence, and what to do about it."""
    if isinstance(error, OSError) and error.filename is not None:
        return clean(f"{error.strerror}: {error.filename}")
    text = clean(str(error)) or type(error).__name__
    if not isinstance(error, BotoCoreError | ClientError):
        return (
            f"{type(error).__name__}: {text}\n"
            "This should not happen. Repeat it with --verbose and report what it prints."
        )
    return with_help(f"{type(error).__name__}: {text}")


def with_help(text: str) -> str:
    """Return what was told of an error with what to do about it, where that is known."""
    known = help_with(text)
    return f"{text}\n{known}" if known else text


def help_with(text: str) -> str | None:
    """Return a sentence on what to do, going by the name or the code that an error's text has."""
    found = {match[1] for pattern in (_CODE, _NAME) for match in [pattern.search(text)] if match}
    known = next((advice for names, advice in _HELP if names & found), None)
    return f"{known[0].upper()}{known[1:]}." if known else None
