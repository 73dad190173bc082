"""The known differences between the embedded AWS and AWS, with their reasons.

This is the only list of differences: fix any other one, or add it here with a reason.
A test that depends on one of these proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gap:
    """One known difference."""

    service: str
    differs: str
    because: str


GAPS = (
    Gap(
        "acm",
        "RevokeCertificate and the ACME operations that write answer 501.",
        "Nothing here calls them.",
    ),
    Gap(
        "acm",
        "SearchCertificates filters by ARN, dates, key, serial number and ACM's metadata, and "
        "sorts by nothing.",
        "Another filter answers 501, so that no test relies on a wrong answer.",
    ),
    Gap(
        "acm",
        "No quotas but the number of names in a certificate, and no rate limits unless "
        "`cloud.rate_limited` is set.",
        "Most tests exceed AWS's request rates; `cloud.fail` can order a throttle.",
    ),
    Gap(
        "acm",
        "All certificates of one key algorithm share one key pair, also after a renewal.",
        "Generating a key takes longer than most tests, and no test reads keys.",
    ),
    Gap(
        "acm",
        "KeyUsages and ExtendedKeyUsages are those of a web server unless it was imported.",
        "ACM issues no others.",
    ),
    Gap(
        "acm",
        "ImportCertificate takes a CA's certificate without a chain, and a chain without its root.",
        "The user guide asks for a path to the root, but certificates without one are imported.",
    ),
    Gap(
        "acm",
        "InUseBy knows what `cloud.consumers` has made, ALB and NLB listeners, and what a test has "
        "seeded; no other consumer.",
        "Nothing else is moved; the others are seeded with `in_use_by`.",
    ),
    Gap(
        "elasticloadbalancing, cloudfront, apigateway, cognito-idp",
        "Consumers that are made through these services' own calls are moto's, with its faults, "
        "but for HTTPS and TLS listeners; only those and what `cloud.consumers` makes behave as "
        "AWS.",
        "Stacks of the tests make listeners; the module itself makes no consumer.",
    ),
    Gap(
        "apigateway",
        "Trust stores of mutual TLS do not exist.",
        "Their calls are proved by botocore's stubber.",
    ),
    Gap(
        "dynamodb",
        "Items past their TTL stay until a test removes them.",
        "AWS may take days too: the end is recognised by the status.",
    ),
    Gap(
        "dynamodb",
        "ClientRequestToken does not make a repeated transaction succeed, and no write conflicts "
        "with a transaction in progress.",
        "Refusing the repetition is stricter; calls are carried out one after the other.",
    ),
    Gap(
        "acm",
        "A private renewal never fails by itself: the CA's permissions are not checked.",
        "The PCA_* reasons are seeded with `renewal_status` and `renewal_reason`.",
    ),
    Gap(
        "acm",
        "Issuance and renewal happen at the time of the next read.",
        "There is no background: tests move the clock and look again.",
    ),
    Gap(
        "dns",
        "Every answer is current: TTLs and resolvers with older answers are not simulated.",
        "No decision depends on the age of an answer.",
    ),
    Gap(
        "dns",
        "The registrar's delegation is a property of a zone (`zones.add(delegated=...)`).",
        "Registrars are not simulated; below the first zone only NS records delegate.",
    ),
    Gap(
        "route53",
        "Zones made with CreateHostedZone share moto's four name servers.",
        "`zones.add` gives every zone its own; only tests make zones.",
    ),
    Gap(
        "route53",
        "Routing policies beside simple ones are stored, and not checked.",
        "Validation records are simple.",
    ),
    Gap(
        "route53",
        "GetChange says INSYNC at once, and PriorRequestNotComplete never happens.",
        "`cloud.fail` orders both where a test needs them.",
    ),
    Gap(
        "secretsmanager",
        "DescribeSecret shows versions that have lost all labels; AWS may leave them out.",
        "The unit tests leave them out, in memory.",
    ),
    Gap(
        "secretsmanager",
        "After UpdateSecretVersionStage, GetSecretValue without a stage gives the wrong version.",
        "Tests name the stage; the functions never read what can be moved.",
    ),
    Gap(
        "secretsmanager",
        "The key that a write needs is not judged.",
        "The module grants none; the README lists what the owner of the secret must allow.",
    ),
    Gap(
        "sns",
        "A subscription by e-mail is neither confirmed nor delivered.",
        "`cloud.topics.messages` shows what a subscriber of each protocol would get.",
    ),
    Gap(
        "sns",
        "TracingConfig, SignatureVersion and delivery feedback roles are forgotten by moto.",
        "The module sets none of them; Terraform's second plan would show it.",
    ),
    Gap(
        "sns",
        "What topic and key policies say to services is not judged by the gate.",
        "Services (alarms, rules) do not call here: the proofs of tests/terraform ask for them.",
    ),
    Gap(
        "lambda",
        "Functions are not run by rules or destinations, nor by Invoke unless it waits.",
        "moto needs Docker for it; `tests.harness.deployed` runs the deployed zip.",
    ),
    Gap(
        "s3",
        "Every request says that it came over TLS.",
        "It came over plain HTTP; the proofs of tests/terraform ask for both.",
    ),
    Gap(
        "stepfunctions",
        "The children of a distributed map are not executions: no call starts, "
        "describes or stops them, and all of them run, however many fail.",
        "moto's interpreter runs them in threads; the role's grants for them are the ones that the "
        "developer guide lists.",
    ),
    Gap(
        "stepfunctions",
        "A state's input and output may be larger than 256 KiB, and no quota ends an execution.",
        "What is large lies in a bucket; a test holds the steps' results to a few figures.",
    ),
    Gap(
        "organizations",
        "There is one organization, and nothing but its list of accounts.",
        "The module asks for nothing else.",
    ),
    Gap(
        "lambda",
        "A published version shows the logging of its function today, not of its publication.",
        "The module publishes no versions.",
    ),
    Gap(
        "events",
        "Schedules never fire, and the fields of a cron are not checked one by one.",
        "Tests read rule and target back and run the function themselves.",
    ),
    Gap(
        "events",
        "What PutEvents sends reaches queues, log groups and other buses only, the latter without "
        "its resources and time; functions are not invoked, and bus policies not judged.",
        "Queues are what a test can read; the others are the business of their owners.",
    ),
    Gap(
        "securityhub",
        "No standards, insights, automation rules or aggregation, and no filter but EQUALS by "
        "generator, id, product and record state; EnableSecurityHub is moto's.",
        "The module asks for its own findings; `cloud.security_hub` enables, shows and decides.",
    ),
    Gap(
        "securityhub",
        "A suppressed finding is updated like any other, and none is deleted after 90 days.",
        "AWS stops updating it; that it stays suppressed is what matters, and is enforced.",
    ),
    Gap(
        "cloudwatch",
        "A new alarm is OK at once, and nothing evaluates it.",
        "`tests.embedded_aws.alarms` says what an alarm would do, given every data point.",
    ),
    Gap(
        "cloudwatch",
        "Composite alarms answer 501.",
        "moto lacks them, and the module has none.",
    ),
    Gap(
        "iam",
        "SCPs, session policies, role chaining limits and the policies of other resources than "
        "topics, keys, buckets and secrets are not judged.",
        "The module grants by role policies, which are, with boundaries and trust policies.",
    ),
    Gap(
        "iam",
        "SimulatePrincipalPolicy simulates roles, and no users or groups.",
        "There are no users; every simulated principal is a role.",
    ),
    Gap(
        "cloudwatch",
        "DescribeAlarms gives all alarms on one page, composite ones whether asked for or not.",
        "An instance has fewer than a page of AWS's holds, and there are no composite ones.",
    ),
    Gap(
        "service-quotas",
        "ACM has its quotas, and no other service has any; none of them is enforced.",
        "The doctor compares figures; `cloud.fail` orders a refusal.",
    ),
    Gap(
        "resourcegroupstaggingapi",
        "GetResources answers for ARNs of ACM's certificates only, and refuses those of another "
        "region or account.",
        "Nothing here asks for others; what AWS answers about them is not documented.",
    ),
    Gap(
        "iam",
        "A role in the caller's own account needs both its trust and the caller's policy.",
        "AWS would do with a trust policy that names the role; asking for both is stricter.",
    ),
    Gap(
        "iam",
        "Date, IP and binary conditions, and default values of variables, raise an error.",
        "No policy here uses them, and a guess would be worse.",
    ),
    Gap(
        "iam",
        "AWS managed policies cannot be attached.",
        "moto loads them only on request, and the module writes its own.",
    ),
    Gap(
        "sts",
        "A token never expires, and the signature is not verified.",
        "Nothing here lives longer than a test.",
    ),
    Gap(
        "protocol",
        "Unsigned and presigned requests go to moto unrecorded, CBOR requests are not understood.",
        "Neither boto3 nor the Terraform provider sends them to the services in use.",
    ),
    Gap(
        "moto",
        "moto's state belongs to the process, so two clouds at one time share it.",
        "They follow one another; parallel tests run in processes of their own.",
    ),
)
