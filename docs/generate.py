"""Write the generated parts of the documentation, or check that they are up to date.

A generated part stands between `<!-- BEGIN_NAME -->` and `<!-- END_NAME -->`.
Its source is the code: the Terraform files, the enums of the package, the list of environment
variables, the permissions that adapters declare.
The Terraform tables have the form that terraform-docs gives them.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hcl2

from certificate_lifecycle.aws.permissions import Command, Function
from certificate_lifecycle.cli.exit_codes import DETAILED, MEANINGS, PLAN_MEANINGS, Exit
from certificate_lifecycle.cli.required_permissions import declared
from certificate_lifecycle.handlers.config import CREATION_VARIABLES, ROTATION_VARIABLES, Variable
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Reason,
    Verdict,
)
from certificate_lifecycle.model.ownership import CertificateMode, OwnerKind
from certificate_lifecycle.model.run import FINDING_FIELDS
from certificate_lifecycle.policy.chain import CHAIN
from certificate_lifecycle.policy.continuity import Discontinuity
from certificate_lifecycle.policy.deletion import DeletionOutcome
from certificate_lifecycle.policy.notification_state import marks
from certificate_lifecycle.policy.readiness.blockers import BLOCKERS, OF_INSTANCE
from certificate_lifecycle.policy.readiness.words import Act, Deployer, Issuer, Party, Prover
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    foresight_threshold,
    overdue_threshold,
    renewal_window,
)
from tests.stress.mutation import page
from tests.stress.mutation.project import Project
from tests.stress.mutation.survivors import ReviewError

ROOT = Path(__file__).resolve().parents[1]

PROVIDER_DOCS = "https://registry.terraform.io/providers/{source}/latest/docs/{kind}/{name}"
VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
# Up to the next argument or block.
TYPE = re.compile(r"^  type += (.*?)(?=^  \w|\Z)", re.MULTILINE | re.DOTALL)
RENAMED = "# renamed to "


class DocumentationError(Exception):
    """The documentation cannot be generated from what is there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A generated part: where it stands and what makes its text."""

    file: str
    name: str
    render: Callable[[Path], str]


# --- Markdown -------------------------------------------------------------------------------------


def table(head: Iterable[str], rows: Iterable[Iterable[str]], *, rule: str | None = None) -> str:
    """Return a Markdown table; `rule` replaces the plain line under the head."""
    cells = list(head)
    lines = [_row(cells), rule or "|" + "|".join("-" * (len(cell) + 2) for cell in cells) + "|"]
    return "\n".join([*lines, *(_row(_cell(text) for text in row) for row in rows)])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    """Keep a cell on one line and inside its column."""
    return text.replace("|", "\\|").replace("\n", "<br/>")


def code(text: str) -> str:
    """Return text that may have several lines as code that a table cell can hold."""
    return f"<pre>{text}</pre>" if "\n" in text else f"`{text}`"


# --- Terraform ------------------------------------------------------------------------------------


def terraform_reference(folder: Path) -> str:
    """Return the reference of the module in `folder`, in the form of terraform-docs."""
    blocks = _read_module(folder)
    versions, sources = _requirements(blocks)
    sections = {
        "Requirements": _requirements_table(versions),
        "Providers": _providers_table(blocks, versions),
        "Modules": _modules_table(blocks),
        "Resources": _resources_table(blocks, sources),
        "Inputs": _inputs_table(blocks, types(folder)),
        "Outputs": _outputs_table(blocks),
    }
    return "\n\n".join(f"## {title}\n\n{body}" for title, body in sections.items())


def _read_module(folder: Path) -> list[tuple[str, Any]]:
    """Return every block of the module's files as (type, content)."""
    files = sorted(folder.glob("*.tf"))
    if not files:
        raise DocumentationError(f"{folder} holds no Terraform files")
    options = hcl2.SerializationOptions(
        with_comments=False,
        explicit_blocks=False,
        preserve_heredocs=False,
        strip_string_quotes=True,
    )
    return [
        (kind, block)
        for file in files
        for kind, found in hcl2.loads(
            file.read_text(encoding="utf-8"), serialization_options=options
        ).items()
        for block in found
    ]


def _named(blocks: list[tuple[str, Any]], wanted: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the blocks of one type with one label, in alphabetical order."""
    return sorted(item for kind, block in blocks if kind == wanted for item in block.items())


def _requirements(blocks: list[tuple[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the required versions by name (terraform first) and the providers' sources."""
    versions: dict[str, str] = {}
    sources: dict[str, str] = {}
    for kind, block in blocks:
        if kind != "terraform":
            continue
        if "required_version" in block:
            versions["terraform"] = block["required_version"]
        for providers in block.get("required_providers", []):
            for name, provider in providers.items():
                versions[name] = provider["version"]
                sources[name] = provider["source"]
    return versions, sources


def _anchored(section: str, name: str) -> str:
    """Return a name that links to itself, as terraform-docs writes it."""
    anchor = f"{section}_{name}"
    return f'<a name="{anchor}"></a> {_link(name, "#" + anchor)}'


def _link(text: str, target: str) -> str:
    escaped = target.replace("_", "\\_") if target.startswith("#") else target
    return f"[{text.replace('_', chr(92) + '_')}]({escaped})"


def _requirements_table(versions: dict[str, str]) -> str:
    rows = [(_anchored("requirement", name), version) for name, version in versions.items()]
    return table(("Name", "Version"), rows)


def _instances(blocks: list[tuple[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield (resource or data, type, name) of everything that a provider is asked for."""
    for kind, block in blocks:
        if kind in {"resource", "data"}:
            for type_name, instances in block.items():
                yield from ((kind, type_name, name) for name in instances)


def _providers_table(blocks: list[tuple[str, Any]], versions: dict[str, str]) -> str:
    used = sorted({type_name.split("_")[0] for _, type_name, _ in _instances(blocks)})
    if not used:
        return "No providers."
    # The provider `terraform` is built in; the version of that name is Terraform's own.
    installed = {name: version for name, version in versions.items() if name != "terraform"}
    rows = [(_anchored("provider", name), installed.get(name, "n/a")) for name in used]
    return table(("Name", "Version"), rows)


def _modules_table(blocks: list[tuple[str, Any]]) -> str:
    rows = [
        (_anchored("module", name), module["source"], module.get("version", "n/a"))
        for name, module in _named(blocks, "module")
    ]
    return table(("Name", "Source", "Version"), rows) if rows else "No modules."


def _resources_table(blocks: list[tuple[str, Any]], sources: dict[str, str]) -> str:
    kinds = {"resource": ("resource", "resources"), "data": ("data source", "data-sources")}
    rows = []
    for kind, type_name, name in sorted(
        _instances(blocks), key=lambda found: (found[0] == "data", found)
    ):
        provider, _, rest = type_name.partition("_")
        label, path = kinds[kind]
        source = sources.get(provider, f"hashicorp/{provider}")
        address = PROVIDER_DOCS.format(source=source, kind=path, name=rest)
        rows.append((_link(f"{type_name}.{name}", address), label))
    return table(("Name", "Type"), rows) if rows else "No resources."


def _inputs_table(blocks: list[tuple[str, Any]], types: Mapping[str, str]) -> str:
    rows = [
        (
            _anchored("input", name),
            _prose(variable),
            code(types.get(name, "any")),
            code(json.dumps(variable["default"])) if "default" in variable else "n/a",
            "no" if "default" in variable else "yes",
        )
        for name, variable in _named(blocks, "variable")
    ]
    if not rows:
        return "No inputs."
    return table(
        ("Name", "Description", "Type", "Default", "Required"),
        rows,
        rule="|------|-------------|------|---------|:--------:|",
    )


def _outputs_table(blocks: list[tuple[str, Any]]) -> str:
    rows = [(_anchored("output", name), _prose(out)) for name, out in _named(blocks, "output")]
    return table(("Name", "Description"), rows) if rows else "No outputs."


def _prose(block: dict[str, Any]) -> str:
    # The parser leaves quotes escaped in a heredoc and nowhere else.
    return str(block.get("description", "n/a")).replace('\\"', '"').strip()


def types(folder: Path) -> dict[str, str]:
    """Return the type of each variable as it is written, with comments.

    An attribute that is only there to be refused, because it has another name now, is left out.
    """
    texts = "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.tf")))
    found = {}
    for name, body in VARIABLE.findall(texts):
        if kind := TYPE.search(body):
            lines = kind[1].rstrip().replace("\n  ", "\n").splitlines()
            shown = [re.sub(r" +#", " #", line) for line in lines if RENAMED not in line]
            found[name] = "\n".join(shown)
    return found


# --- Python ---------------------------------------------------------------------------------------


def verdicts(_: Path) -> str:
    """Return every verdict with its meaning."""
    return table(("Verdict", "Meaning"), ((f"`{item}`", item.meaning) for item in Verdict))


def reasons(_: Path) -> str:
    """Return every reason with its meaning."""
    return table(("Reason", "Meaning"), ((f"`{item}`", item.meaning) for item in Reason))


def owner_kinds(_: Path) -> str:
    """Return who may manage a certificate."""
    return table(("`owner_kind`", "Meaning"), ((f"`{item}`", item.meaning) for item in OwnerKind))


def certificate_modes(_: Path) -> str:
    """Return what each mode of a certificate permits."""
    rows = ((f"`{item}`", item.meaning) for item in CertificateMode)
    return table(("Mode", "Permitted actions"), rows)


def lifetimes(_: Path) -> str:
    """Return the times before expiry that the default thresholds give certificates."""
    since = datetime(2027, 1, 1, tzinfo=UTC)
    kinds = (
        *((f"imported, {days} days", CertificateType.IMPORTED, days) for days in (6, 47, 90, 365)),
        *(
            (f"public, {days} days", CertificateType.AMAZON_ISSUED, days)
            for days in (6, 45, 47, 98, 198, 395)
        ),
        *((f"private, {days} days", CertificateType.PRIVATE, days) for days in (6, 47, 395)),
    )
    headings = (
        *("Certificate", "At risk is a warning", "Renewal", "Warning", "Overdue", "Critical"),
        "An open finding is sent again",
    )
    return table(
        headings,
        (_lifetime(name, kind, since, timedelta(days=days)) for name, kind, days in kinds),
    )


def _lifetime(
    name: str, kind: CertificateType, since: datetime, lifetime: timedelta
) -> Iterator[str]:
    certificate = Certificate(
        arn="",
        names=(),
        status=CertificateStatus.ISSUED,
        type=kind,
        key_algorithm="",
        not_before=since,
        not_after=since + lifetime,
    )
    usual = Thresholds()
    managed = certificate.managed
    yield name
    yield _days(foresight_threshold(certificate)) if managed else ""
    yield _days(renewal_window(certificate)) if managed else ""
    yield _days(usual.effective(certificate))
    yield _days(overdue_threshold(certificate, usual)) if managed else ""
    critical = usual.effective_critical(certificate)
    yield _days(critical)
    sent = (
        usual.effective(certificate),
        critical,
        *(span for _, span in marks(certificate, usual)),
    )
    yield ", ".join(map(_days, sent))


def _days(span: timedelta) -> str:
    """Return a time span in days with at most one decimal."""
    return f"{span / timedelta(days=1):.1f}".removesuffix(".0")


def discontinuities(_: Path) -> str:
    """Return every reason why a certificate may not take over."""
    return table(("Reason", "Meaning"), ((f"`{item}`", item.meaning) for item in Discontinuity))


def checks(_: Path) -> str:
    """Return every check in its order, with its question and the facts it judges by."""
    rows = (
        (f"`{check.name}`", check.question, ", ".join(fact.name for fact in check.facts))
        for check in CHAIN
    )
    return table(("Check", "Question", "Facts"), rows)


def finding_fields(_: Path) -> str:
    """Return every field of a finding, and which outputs do not show it."""
    rows = (
        (
            f"`{field.name}`",
            field.heading,
            "; ".join(f"{output}: {reason}" for output, reason in field.left_out.items()),
        )
        for field in FINDING_FIELDS
    )
    return table(("Field", "Heading", "Not shown in"), rows)


def environment(variables: Iterable[Variable]) -> str:
    """Return what a function reads from its environment."""
    rows = (
        (
            f"`{variable.name}`",
            "required" if variable.default is None else f"`{variable.default}`",
            variable.meaning,
        )
        for variable in variables
    )
    return table(("Variable", "Default", "Meaning"), rows)


def exit_codes(_: Path) -> str:
    """Return the meaning of each exit code by command, and of 2 where a command changes it."""
    codes = (Exit.HEALTHY, Exit.FINDINGS, Exit.INCOMPLETE)
    rows = [
        (code(name), *(meanings.get(exit_code, "") for exit_code in codes))
        for name, meanings in MEANINGS.items()
    ]
    by_command = table(("Command", *(str(int(exit_code)) for exit_code in codes)), rows)
    plan = [(str(int(exit_code)), meaning) for exit_code, meaning in PLAN_MEANINGS.items()]
    return "\n\n".join(
        (
            by_command,
            f"`plan {DETAILED}` ends as `terraform plan` does:",
            table(("Code", "Meaning"), plan),
        )
    )


def function_permissions(_: Path) -> str:
    """Return what each function needs of IAM, when and why."""
    rows = (
        (
            f"`{needed.action}`",
            ", ".join(function for function in Function if function in needed.callers),
            ", ".join(needed.settings) or "always",
            needed.why,
        )
        for needed in declared()
        if not set(Function).isdisjoint(needed.callers)
    )
    return table(("Action", "Function", "With", "Why"), rows)


def command_permissions(_: Path) -> str:
    """Return which actions each command needs; the reasons of one action share a row."""
    calls = [entry for entry in declared() if not set(Command).isdisjoint(entry.callers)]
    rows = []
    for action in sorted({call.action for call in calls}):
        alike = [item for item in calls if item.action == action]
        marks = ("yes" if any(c in each.callers for each in alike) else "" for c in Command)
        why = "; ".join(dict.fromkeys(each.why for each in alike))
        rows.append((f"`{action}`", *marks, why))
    names = (", ".join(f"`{name}`" for name in command.split(", ")) for command in Command)
    return table(("Action", *names, "Why"), rows)


def deletion_outcomes(_: Path) -> str:
    """Return the outcomes of a deletion that did not fail."""
    rows = ((f"`{outcome.value}`", outcome.meaning) for outcome in DeletionOutcome)
    return table(("`outcome`", "Meaning"), rows)


def blockers(_: Path) -> str:
    """Return every blocker of readiness: its meaning, its effect, who removes it, and how."""
    rows = (
        (
            f"`{rule.kind}`",
            rule.kind.meaning,
            rule.effect.value,
            rule.party.value,
            rule.remedy.replace("{arn}", "ARN"),
        )
        for rule in (*BLOCKERS, *OF_INSTANCE)
    )
    return table(("Blocker", "Meaning", "Effect", "Who removes it", "With"), rows)


def readiness_parties(_: Path) -> str:
    """Return the words for who does what in a renewal."""
    words = {"proof": Prover, "issuer": Issuer, "deployer": Deployer, "act": Act, "party": Party}
    rows = (
        (name, f"`{member}`", member.meaning) for name, each in words.items() for member in each
    )
    return table(("Field", "Value", "Meaning"), rows)


def survivors(root: Path) -> str:
    """Return the mutations that may survive, and why."""
    try:
        return page.survivors(Project(root))
    except ReviewError as error:
        raise DocumentationError(f"tests/stress/mutation/survivors.toml: {error}") from error


def module_references(root: Path) -> Iterator[Part]:
    """Yield the reference of each module in `modules/` whose README has the markers for it."""
    for readme in sorted(root.glob("modules/*/README.md")):
        if "<!-- BEGIN_TF_DOCS -->" in readme.read_text(encoding="utf-8"):
            folder = readme.parent.relative_to(root)
            yield Part(f"{folder.as_posix()}/README.md", "TF_DOCS", _reference_of(folder))


def _reference_of(folder: Path) -> Callable[[Path], str]:
    return lambda root: terraform_reference(root / folder)


PARTS = (
    Part("docs/creation.md", "CREATION_VARIABLES", lambda _: environment(CREATION_VARIABLES)),
    Part("docs/creation.md", "DELETION_OUTCOMES", deletion_outcomes),
    Part("docs/rotation.md", "FINDING_FIELDS", finding_fields),
    Part("docs/rotation.md", "LIFETIMES", lifetimes),
    Part("docs/rotation.md", "CERTIFICATE_MODES", certificate_modes),
    Part("docs/rotation.md", "OWNER_KINDS", owner_kinds),
    Part("docs/rotation.md", "ROTATION_VARIABLES", lambda _: environment(ROTATION_VARIABLES)),
    Part("docs/permissions.md", "PERMISSIONS", function_permissions),
    Part("docs/cli.md", "EXIT_CODES", exit_codes),
    Part("docs/cli.md", "PERMISSIONS", command_permissions),
    Part("docs/reference.md", "TF_DOCS", terraform_reference),
    *module_references(ROOT),
    Part("docs/mutation.md", "SURVIVORS", survivors),
    Part("docs/readiness.md", "PARTIES", readiness_parties),
    Part("docs/readiness.md", "BLOCKERS", blockers),
    Part("docs/verdicts.md", "VERDICTS", verdicts),
    Part("docs/verdicts.md", "REASONS", reasons),
    Part("docs/verdicts.md", "CHECKS", checks),
    Part("docs/replacement.md", "DISCONTINUITIES", discontinuities),
)


# --- Writing and checking -------------------------------------------------------------------------


def replace(text: str, part: Part, content: str) -> str:
    """Return `text` with `content` between the markers of `part`."""
    begin, end = f"<!-- BEGIN_{part.name} -->", f"<!-- END_{part.name} -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise DocumentationError(f"{part.file} needs one {begin} and, after it, one {end}")
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    return f"{before}{begin}\n{content}\n{end}{after}"


def generate(root: Path, parts: Iterable[Part]) -> dict[str, tuple[str, str]]:
    """Return by file the text that is there and the text that should be."""
    texts: dict[str, tuple[str, str]] = {}
    for part in parts:
        if part.file not in texts:
            file = root / part.file
            if not file.is_file():
                raise DocumentationError(f"{part.file} does not exist; write it with its markers")
            text = file.read_text(encoding="utf-8")
            texts[part.file] = (text, text)
        present, wanted = texts[part.file]
        texts[part.file] = (present, replace(wanted, part, part.render(root)))
    return texts


LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ANCHOR = re.compile(r'<a name="([^"]+)">')


def broken_links(root: Path) -> list[str]:
    """Return every relative link of a Markdown file that leads nowhere."""
    found = []
    for file in sorted(root.rglob("*.md")):
        inner = file.relative_to(root)
        if any(part.startswith(".") for part in inner.parts):
            continue
        for link in LINK.finditer(CODE.sub("", file.read_text(encoding="utf-8"))):
            target = (link[1] or link[2]).replace("\\_", "_")
            if not re.match(r"[a-z]+:", target) and not _leads_somewhere(file, target):
                found.append(f"{inner.as_posix()}: {target} leads nowhere")
    return found


def _leads_somewhere(file: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    aim = file.parent / path if path else file
    if not aim.exists():
        return False
    if not anchor or aim.suffix != ".md":
        return True
    return anchor in _anchors(aim.read_text(encoding="utf-8"))


def _anchors(text: str) -> set[str]:
    """Return what a link can aim at: named anchors, and headings as GitHub names them."""
    headings = (re.sub(r"[^\w\- ]", "", heading) for heading in HEADING.findall(text))
    return {*ANCHOR.findall(text), *(heading.lower().replace(" ", "-") for heading in headings)}


def main(
    arguments: list[str] | None = None, *, root: Path = ROOT, parts: Iterable[Part] = PARTS
) -> int:
    """Write the generated parts, or with `--check` show what writing them would change."""
    parser = argparse.ArgumentParser(description="Write the generated parts of the documentation.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if it would")
    options = parser.parse_args(arguments)
    try:
        texts = generate(root, parts)
    except DocumentationError as error:
        print(error, file=sys.stderr)
        return 1
    stale = {file: pair for file, pair in texts.items() if pair[0] != pair[1]}
    if not options.check:
        for file, (_, wanted) in stale.items():
            (root / file).write_text(wanted, encoding="utf-8", newline="\n")
            print(f"{file} was rewritten")
        return 0
    for file, (present, wanted) in stale.items():
        show = difflib.unified_diff(
            present.splitlines(keepends=True), wanted.splitlines(keepends=True), file, "generated"
        )
        sys.stdout.writelines(show)
    if stale:
        print("Run `make docs` and commit what it changes.", file=sys.stderr)
    broken = broken_links(root)
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if stale or broken else 0


if __name__ == "__main__":
    sys.exit(main())
