"""The SDK of this machine, and what it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from certificate_lifecycle.cli.aws.sdk_features import SdkFeature
from certificate_lifecycle.cli.doctor.diagnosis import Diagnosis, DoctorCheck, State

_ADVICE = (
    "Upgrade boto3 on this machine. The functions have the boto3 of Lambda's runtime, which the "
    "report of a run names; the input `function.layers` gives them a newer one."
)


def sdk(version: str, lacking: Sequence[SdkFeature]) -> Iterator[Diagnosis]:
    """Report the version of the SDK, and the purposes for which it lacks something."""
    if not lacking:
        yield Diagnosis(DoctorCheck.SDK, State.OK, version, "It knows all that the module uses.")
    for purpose in dict.fromkeys(feature.purpose for feature in lacking):
        names = [
            f"{feature.service} {feature.name}" for feature in lacking if feature.purpose == purpose
        ]
        sentence = f"It cannot {purpose}: it does not know {', '.join(names)}."
        yield Diagnosis(DoctorCheck.SDK, State.WARNING, version, sentence, _ADVICE)
