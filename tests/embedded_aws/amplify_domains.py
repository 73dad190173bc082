"""Amplify: the custom domains of apps.

https://docs.aws.amazon.com/amplify/latest/APIReference/API_UpdateDomainAssociation.html
moto has no Amplify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.protocol import AwsError, EditedResult, Request
from tests.embedded_aws.user_pools import members_repeated, with_members
from tests.estates.estate import Estate
from tests.harness.settings import (
    AWS_ACCOUNT,
    EDGE_KEYS,
    EDGE_REGION,
    Knobs,
    Uses,
    covers,
    page_of,
    usable,
)

Result = dict[str, Any]
PAGE_SIZE = 1
#: Members that an update replaces; omitted ones are removed.
_REPLACED = (
    *("autoSubDomainCreationPatterns", "autoSubDomainIAMRole"),
    *("certificateSettings", "enableAutoSubDomain", "subDomainSettings"),
)


@dataclass
class AmplifyDomain:
    """The custom domain of an app; `config` has the members that an update replaces.

    `unknown` has members of its description that no model knows, by their path.
    """

    app_id: str
    region: str
    account: str
    name: str
    config: Result
    updated_at: datetime | None = None
    failed: bool = False
    unknown: dict[str, Any] = field(default_factory=dict)

    @property
    def certificate(self) -> str | None:
        found = self.config.get("certificateSettings", {}).get("customCertificateArn")
        return str(found) if found else None

    @property
    def user(self) -> str:
        """The consumer that ACM names: a distribution in an account of AWS's own.

        https://github.com/aws-amplify/amplify-hosting/issues/598
        """
        return f"arn:aws:cloudfront::{AWS_ACCOUNT}:distribution/E{self.app_id.upper()}"


class AmplifyDomains:
    """The apps that tests have made, each with one custom domain."""

    def __init__(self, estate: Estate, knobs: Callable[[], Knobs], uses: Uses) -> None:
        self._estate = estate
        self._knobs = knobs
        self._uses = uses
        self.all: dict[str, AmplifyDomain] = {}

    def reset(self) -> None:
        self.all.clear()

    def add(self, name: str, certificate: str | None, region: str, *prefixes: str) -> str:
        app_id = f"d{len(self.all) + 1:013d}"
        settings = {"type": "CUSTOM", "customCertificateArn": certificate}
        config = {
            "autoSubDomainCreationPatterns": ["feature/*"],
            "certificateSettings": settings if certificate else {"type": "AMPLIFY_MANAGED"},
            "enableAutoSubDomain": True,
            "subDomainSettings": [
                {"prefix": prefix, "branchName": "main"} for prefix in ("", *prefixes)
            ],
        }
        account = certificate.split(":")[4] if certificate else ""
        self.all[app_id] = AmplifyDomain(app_id, region, account, name, config)
        return app_id

    def users(self, certificate: Certificate) -> Iterator[str]:
        return (each.user for each in self.all.values() if each.certificate == certificate.arn)

    def certificates(self, name: str) -> list[str]:
        named = (each for each in self.all.values() if each.name == name)
        return [each.certificate for each in named if each.certificate is not None]

    def remove(self, name: str) -> None:
        for each in [each for each in self.all.values() if each.name == name]:
            del self.all[each.app_id]

    def unknown(self, name: str) -> dict[str, Any] | None:
        return next((each.unknown for each in self.all.values() if each.name == name), None)

    def snapshot(self) -> dict[str, Any]:
        return {each.name: [self.shown(each), each.unknown] for each in self.all.values()}

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Result]]:
        return {
            ("amplify", "ListApps"): self.list_apps,
            ("amplify", "ListDomainAssociations"): self.list,
            ("amplify", "GetDomainAssociation"): self.get,
            ("amplify", "UpdateDomainAssociation"): self.update,
        }

    def list_apps(self, request: Request) -> Result:
        """List apps, whose environment variables may be secrets.

        https://docs.aws.amazon.com/amplify/latest/APIReference/API_App.html
        """
        rows: list[dict[str, object]] = [
            {
                "appId": each.app_id,
                "appArn": f"arn:aws:amplify:{each.region}:{request.account}:apps/{each.app_id}",
                "name": each.app_id,
                "description": "",
                "repository": "",
                "platform": "WEB",
                "createTime": self._estate.now,
                "updateTime": self._estate.now,
                "environmentVariables": {"PASSWORD": "the secret of an app"},
                "defaultDomain": f"{each.app_id}.amplifyapp.com",
                "enableBranchAutoBuild": False,
                "enableBasicAuth": False,
            }
            for each in self._of(request)
        ]
        page, token = page_of(rows, request.parameters.get("nextToken"), PAGE_SIZE)
        return {"apps": page} | ({"nextToken": token} if token else {})

    def list(self, request: Request) -> Result:
        wanted = request.parameters["appId"]
        rows = [self.shown(each) for each in self._of(request) if each.app_id == wanted]
        return {"domainAssociations": rows}

    def get(self, request: Request) -> Result:
        found = self._named(request)
        answer = {"domainAssociation": self.shown(found)}
        edit = partial(with_members, found.unknown, inside="domainAssociation")
        return EditedResult(answer, edit)

    def shown(self, domain: AmplifyDomain) -> Result:
        status = self._status(domain)
        where = f"{domain.region}:{domain.account}:apps/{domain.app_id}"
        kept = {
            name: value
            for name, value in domain.config.items()
            if name not in ("certificateSettings", "subDomainSettings")
        }
        return {
            **kept,
            "domainAssociationArn": f"arn:aws:amplify:{where}/domains/{domain.name}",
            "domainName": domain.name,
            "domainStatus": "UPDATING" if status == "PENDING_DEPLOYMENT" else "AVAILABLE",
            "updateStatus": status,
            "statusReason": "",
            "subDomains": [
                {"subDomainSetting": setting, "verified": True, "dnsRecord": "www CNAME d1"}
                for setting in domain.config["subDomainSettings"]
            ],
            "certificate": domain.config["certificateSettings"],
        }

    def update(self, request: Request) -> Result:
        """Replace every member of an update.

        AWS documents no member as kept, so that here each one that is left out is removed.
        """
        wanted = request.parameters
        domain = self._named(request)
        if self._status(domain) == "PENDING_DEPLOYMENT":
            raise AwsError("BadRequestException", "The domain is being updated.", status=400)
        config = {name: wanted[name] for name in _REPLACED if name in wanted}
        config.setdefault("enableAutoSubDomain", False)
        config.setdefault("subDomainSettings", [])
        config.setdefault("certificateSettings", {"type": "AMPLIFY_MANAGED"})
        self._check(domain, config)
        if not self._knobs().ignores(domain.name):
            before = domain.certificate
            domain.config, domain.updated_at = config, self._estate.now
            domain.failed = domain.name in self._knobs().failing
            domain.unknown = members_repeated(domain.unknown, request.body)
            if before is not None and before != domain.certificate:
                self._uses.let_go(before, domain.user)
        return {"domainAssociation": self.shown(domain)}

    def _check(self, domain: AmplifyDomain, config: Result) -> None:
        """Refuse a certificate that cannot serve every subdomain.

        https://docs.aws.amazon.com/amplify/latest/userguide/using-certificates.html
        """
        settings = config["certificateSettings"]
        arn = settings.get("customCertificateArn")
        if settings["type"] != "CUSTOM":
            return
        prefixes = [entry["prefix"] for entry in config["subDomainSettings"]]
        names = [f"{prefix}.{domain.name}" if prefix else domain.name for prefix in prefixes]
        good = arn and usable(self._estate, arn, EDGE_REGION, EDGE_KEYS)
        if not good or not covers(self._estate.get(arn).names, names):
            raise AwsError("BadRequestException", f"The certificate {arn} is invalid.", status=400)

    def _status(self, domain: AmplifyDomain) -> str:
        since, takes = domain.updated_at, self._knobs().amplify_domains_update
        if since is not None and self._estate.now < since + takes:
            return "PENDING_DEPLOYMENT"
        return "UPDATE_FAILED" if domain.failed else "UPDATE_COMPLETE"

    def _of(self, request: Request) -> Iterator[AmplifyDomain]:
        """Yield the apps of the caller, and those without a certificate, in its region."""
        for each in self.all.values():
            if each.region == request.region and each.account in ("", request.account):
                yield each

    def _named(self, request: Request) -> AmplifyDomain:
        wanted = (request.parameters["appId"], request.parameters["domainName"])
        for each in self._of(request):
            if (each.app_id, each.name) == wanted:
                return each
        raise AwsError("NotFoundException", "The entity was not found.", status=404)
