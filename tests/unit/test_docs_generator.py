"""The generated parts of the documentation follow the code; the check names stale parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from certificate_lifecycle.handlers.config import Variable
from docs import generate
from docs.generate import DocumentationError, Part

MODULE = """
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

data "aws_partition" "current" {}

resource "aws_sns_topic" "this" {
  count = var.create ? 1 : 0
}

module "schedule" {
  source = "./modules/schedule"
}

variable "zones" {
  description = <<-EOT
    A "zone" | its id.
    A second line.
  EOT
  type = map(object({
    zone_id = string            # of Route 53
    role_arn = optional(string)
    role     = optional(string) # renamed to role_arn
    names    = optional(set(string), [])
  }))
  default = {}
}

variable "domain_name" {
  description = "The name."
  type        = string
}

output "topic_arn" {
  description = "The topic."
  value       = aws_sns_topic.this[*].arn
}
"""


MARKERS = "<!-- BEGIN_TF_DOCS -->\n<!-- END_TF_DOCS -->\n"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(MODULE)
    return tmp_path


def part(file: str = "README.md", name: str = "LIST", content: str = "new") -> Part:
    return Part(file, name, lambda _: content)


MODULES = sorted(path for path in generate.ROOT.glob("modules/*") if path.is_dir())


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_each_module_has_a_reference_or_says_that_it_is_internal(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")

    assert readme == "Internal part of the root module; do not call it directly.\n" or (
        "\n## Usage\n" in readme and "<!-- BEGIN_TF_DOCS -->" in readme
    )


def test_only_marked_modules_have_a_reference(tmp_path: Path) -> None:
    for name, text in (("inner", "Internal.\n"), ("outer", MARKERS)):
        folder = tmp_path / "modules" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(MODULE)
        (folder / "README.md").write_text(text)

    assert generate.main([], root=tmp_path, parts=generate.module_references(tmp_path)) == 0
    assert ROWS["input"] in (tmp_path / "modules/outer/README.md").read_text()
    assert (tmp_path / "modules/inner/README.md").read_text() == "Internal.\n"


def write(folder: Path, text: str, name: str = "README.md") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


REGISTRY = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs"
ROWS = {
    "requirement": (
        '| <a name="requirement_terraform"></a> [terraform](#requirement\\_terraform) | >= 1.9 |'
    ),
    "provider": '| <a name="provider_aws"></a> [aws](#provider\\_aws) | >= 5.100, < 7.0 |',
    "module": (
        '| <a name="module_schedule"></a> [schedule](#module\\_schedule) '
        "| ./modules/schedule | n/a |"
    ),
    "resource": f"| [aws\\_sns\\_topic.this]({REGISTRY}/resources/sns_topic) | resource |",
    "data source": (
        f"| [aws\\_partition.current]({REGISTRY}/data-sources/partition) | data source |"
    ),
    "input": (
        '| <a name="input_domain_name"></a> [domain\\_name](#input\\_domain\\_name) '
        "| The name. | `string` | n/a | yes |"
    ),
    "output": (
        '| <a name="output_topic_arn"></a> [topic\\_arn](#output\\_topic\\_arn) | The topic. |'
    ),
}


@pytest.mark.parametrize("block", ROWS)
def test_every_kind_of_block_gets_the_row_that_terraform_docs_gives_it(
    module: Path, block: str
) -> None:
    assert ROWS[block] in generate.terraform_reference(module).splitlines()


def test_inputs_are_in_alphabetical_order_whatever_their_order_in_the_file(module: Path) -> None:
    reference = generate.terraform_reference(module)
    assert reference.index("input_domain_name") < reference.index("input_zones")


def test_a_description_keeps_its_lines_and_its_bars_inside_one_cell(module: Path) -> None:
    assert 'A "zone" \\| its id.<br/>A second line.' in generate.terraform_reference(module)


def test_a_type_is_shown_as_it_is_written_without_attributes_that_are_refused(
    module: Path,
) -> None:
    expected = (
        "<pre>map(object({<br/>  zone_id = string # of Route 53<br/>"
        "  role_arn = optional(string)<br/>  names    = optional(set(string), [])<br/>}))</pre>"
    )
    assert expected in generate.terraform_reference(module)


def test_a_module_without_anything_says_so_instead_of_showing_empty_tables(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("")
    for missing in ("providers", "modules", "resources", "inputs", "outputs"):
        assert f"No {missing}." in generate.terraform_reference(tmp_path)


def test_a_folder_without_terraform_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentationError, match="holds no Terraform files"):
        generate.terraform_reference(tmp_path)


def test_a_variable_without_a_default_is_shown_as_required() -> None:
    rows = generate.environment([Variable("A", None, "first"), Variable("B", "{}", "second")])
    assert rows.splitlines()[2:] == ["| `A` | required | first |", "| `B` | `{}` | second |"]


def test_writing_changes_only_the_text_between_the_markers(tmp_path: Path) -> None:
    file = write(tmp_path, "before\n<!-- BEGIN_LIST -->\nold\n<!-- END_LIST -->\nafter\n")
    assert generate.main([], root=tmp_path, parts=[part()]) == 0
    assert file.read_text() == "before\n<!-- BEGIN_LIST -->\nnew\n<!-- END_LIST -->\nafter\n"


def test_two_parts_of_one_file_are_both_written(tmp_path: Path) -> None:
    file = write(
        tmp_path, "".join(f"<!-- BEGIN_{name} -->\n<!-- END_{name} -->\n" for name in "AB")
    )
    generate.main([], root=tmp_path, parts=[part(name="A", content="1"), part(name="B")])
    expected = "<!-- BEGIN_A -->\n1\n<!-- END_A -->\n<!-- BEGIN_B -->\nnew\n<!-- END_B -->\n"
    assert file.read_text() == expected


def test_the_check_shows_the_difference_fails_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "<!-- BEGIN_LIST -->\nold\n<!-- END_LIST -->\n"
    file = write(tmp_path, text)
    assert generate.main(["--check"], root=tmp_path, parts=[part()]) == 1
    shown = capsys.readouterr()
    assert "-old\n+new\n" in shown.out
    assert "make docs" in shown.err
    assert file.read_text() == text


def test_the_check_passes_right_after_writing(tmp_path: Path) -> None:
    write(tmp_path, "<!-- BEGIN_LIST -->\n<!-- END_LIST -->\n")
    generate.main([], root=tmp_path, parts=[part()])
    assert generate.main(["--check"], root=tmp_path, parts=[part()]) == 0


@pytest.mark.parametrize(
    "text",
    ["", "<!-- BEGIN_LIST -->", "<!-- END_LIST --><!-- BEGIN_LIST -->"],
    ids=["no marker", "no end", "wrong order"],
)
def test_a_file_without_its_markers_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    write(tmp_path, text)
    assert generate.main([], root=tmp_path, parts=[part()]) == 1
    assert "README.md needs one <!-- BEGIN_LIST -->" in capsys.readouterr().err


def test_a_missing_file_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main([], root=tmp_path, parts=[part()]) == 1
    assert "README.md does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    "link",
    ["docs/page.md", "docs/page.md#a-heading-with-code", "#top", "docs", "https://example.com/x"],
)
def test_a_link_that_leads_somewhere_is_left_alone(tmp_path: Path, link: str) -> None:
    write(tmp_path, f"# Top\n[text]({link})\n")
    write(tmp_path, "## A heading, with `code`\n", "docs/page.md")
    assert generate.broken_links(tmp_path) == []


@pytest.mark.parametrize("link", ["docs/gone.md", "docs/page.md#gone", "#gone"])
def test_a_link_that_leads_nowhere_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], link: str
) -> None:
    write(tmp_path, f"# Top\n[text]({link})\n")
    write(tmp_path, "## A heading\n", "docs/page.md")
    assert generate.main(["--check"], root=tmp_path, parts=[]) == 1
    assert f"README.md: {link} leads nowhere" in capsys.readouterr().err


def test_a_link_inside_code_is_no_link(tmp_path: Path) -> None:
    write(tmp_path, "`[a](b)`\n\n```hcl\nx = [a](b)\n```\n")
    assert generate.broken_links(tmp_path) == []
