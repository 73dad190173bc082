"""Domain names in the forms of ACM and Route 53."""

from __future__ import annotations

import re
import stringprep
from collections.abc import Iterable, Iterator

from certificate_lifecycle.model.sanitize import quoted

#: ACM's own pattern for DomainName (API reference, RequestCertificate).
_ACM_NAME = re.compile(
    r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])"
)
#: Longest name that ACM accepts (API reference, RequestCertificate).
MAX_NAME = 253
#: Longest common name that ACM accepts, in octets (X.520 ub-common-name).
MAX_COMMON_NAME = 64
#: Characters that IDNA 2003, which Python's codec implements, removes and IDNA 2008 keeps (RFC 5894
#: section 7.2): converting them would request a certificate for another name.
_DEVIATIONS = "\u00df\u03c2\u200c\u200d"
#: Separators of labels (RFC 3490 section 3.1).
_DOTS = "[.\u3002\uff0e\uff61]"
#: A longer text stays longer than MAX_NAME, even after IDNA has removed characters.
_LONGEST_TEXT = 4 * MAX_NAME


class InvalidNameError(ValueError):
    """No certificate can be requested for a name; the message says why."""


def normalise(raw: str) -> str:
    """Return `raw` in lower case, without its trailing dot, in ASCII (IDNA).

    Raises InvalidNameError if ACM would reject the result.
    """
    if len(raw) > _LONGEST_TEXT:
        raise InvalidNameError(f"{quoted(raw)} is longer than {MAX_NAME} characters")
    name = _to_ascii(raw.strip().removesuffix("."))
    if not _ACM_NAME.fullmatch(name):
        raise InvalidNameError(f"{quoted(raw)} is not a domain name that ACM accepts")
    if len(name) > MAX_NAME:
        raise InvalidNameError(f"{quoted(raw)} is longer than {MAX_NAME} characters")
    if name.rpartition(".")[2].isdigit():
        raise InvalidNameError(
            f"{quoted(raw)} looks like an IP address; ACM issues for domain names only"
        )
    return name


def _to_ascii(name: str) -> str:
    if name.isascii():
        return name.lower()
    if any(character in _DEVIATIONS for character in name) or _is_newer(name):
        raise _encoded_differently(name)
    wildcard, rest = ("*.", name[2:]) if name.startswith("*.") else ("", name)
    try:
        encoded = rest.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise InvalidNameError(
            f"{quoted(name)} cannot be encoded as a domain name (IDNA)"
        ) from error
    # IDNA turns a full-width `*`, and characters that only look like dots, into ASCII.
    if "*" in encoded or encoded.count(".") != len(re.findall(_DOTS, rest)):
        raise InvalidNameError(f"{quoted(name)} has a character that stands for a dot or a *")
    for label, form in zip(re.split(_DOTS, rest), encoded.split("."), strict=True):
        # Python's lower case follows current Unicode: a Cherokee capital becomes a newer letter.
        if not label.isascii() and _is_newer(form.encode("ascii").decode("idna")):
            raise _encoded_differently(name)
    return wildcard + encoded


def _is_newer(text: str) -> bool:
    """Whether a text contains characters that Unicode added after IDNA 2003.

    Python's codec does not change them: a capital letter among them would become another name
    (RFC 3490 section 4, AllowUnassigned).
    """
    return any(map(stringprep.in_table_a1, text))


def _encoded_differently(name: str) -> InvalidNameError:
    return InvalidNameError(
        f"{quoted(name)} has a character that old and new IDNA encode differently; "
        "write the name in its xn-- form"
    )


def is_wildcard(name: str) -> bool:
    """Whether `name` covers all names one label below it."""
    return name.startswith("*.")


def without_wildcard(name: str) -> str:
    """Return the name that is validated: `*.example.com` and `example.com` share one CNAME.

    Source: AWS Certificate Manager user guide, DNS validation.
    """
    return name.removeprefix("*.")


def is_allowed(name: str, allowed_domains: Iterable[str]) -> bool:
    """Whether `name` is equal to or below one of `allowed_domains`."""
    return any(
        name == allowed or name.endswith("." + without_wildcard(allowed))
        for allowed in allowed_domains
    )


def dns_form(name: str) -> str:
    r"""Return a record or zone name for comparing: lower case, no trailing dot, `*` unescaped.

    Route 53 lists `*` as `\052` (Route 53 API reference, ListHostedZonesByName).
    """
    return name.lower().removesuffix(".").replace("\\052", "*")


def is_same_or_below(name: str, zone_name: str) -> bool:
    """Whether a record `name` belongs into the zone `zone_name`, compared label by label."""
    return name == zone_name or name.endswith("." + zone_name)


def names_below(zone_name: str, name: str) -> Iterator[str]:
    """Yield the names from just below `zone_name` down to `name`, both in the form of DNS."""
    labels = name.split(".")
    for length in range(zone_name.count(".") + 2, len(labels) + 1):
        yield ".".join(labels[-length:])
