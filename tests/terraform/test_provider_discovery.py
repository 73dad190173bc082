"""Where the harness searches for the provider, so that the Terraform tests run on any machine.

These tests do not need terraform: they check the list of places, not the installation.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.terraform import ProviderSource, provider_sources

pytestmark = pytest.mark.terraform


def mirror(directory: Path) -> Path:
    (directory / "registry.terraform.io" / "hashicorp" / "aws" / "5.100.0").mkdir(parents=True)
    return directory


def found(home: Path, root: Path, **environ: str) -> list[ProviderSource]:
    hermetic = {"XDG_DATA_DIRS": str(root / "no-such-share")}
    return list(provider_sources(hermetic | environ, home, [root]))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "opt").mkdir()
    return tmp_path / "opt"


def test_with_nothing_on_the_machine_the_registry_is_asked(home: Path, root: Path) -> None:
    assert found(home, root) == [ProviderSource("the registry", "")]


def test_a_configuration_file_that_exists_is_used_as_it_is(home: Path, root: Path) -> None:
    own = home / "own.rc"
    own.write_text("# mine\n", encoding="utf-8")

    first, *_ = found(home, root, TF_CLI_CONFIG_FILE=str(own))

    assert first == ProviderSource(f"TF_CLI_CONFIG_FILE {own}", "# mine\n")


def test_a_variable_that_names_a_missing_file_is_no_error(home: Path, root: Path) -> None:
    mirror(root / "providers")

    sources = found(home, root, TF_CLI_CONFIG_FILE=str(home / "gone"), TF_PLUGIN_DIR="/no/such")

    assert [source.description for source in sources] == [
        f"the mirror {root / 'providers'}",
        "the registry",
    ]


def test_the_home_directory_s_own_configuration_is_used(home: Path, root: Path) -> None:
    (home / ".terraformrc").write_text("# at home\n", encoding="utf-8")

    first, *_ = found(home, root)

    assert first == ProviderSource("~/.terraformrc", "# at home\n")


@pytest.mark.parametrize(
    "folder",
    [
        ".terraform.d/plugins",
        ".local/share/terraform/plugins",
        "Library/Application Support/io.terraform/plugins",
    ],
)
def test_terraform_s_implied_mirrors_are_used(home: Path, root: Path, folder: str) -> None:
    mirror(home / folder)

    first, *_ = found(home, root)

    assert first.description == f"the implied mirror {home / folder}"


def test_the_data_directories_of_the_desktop_standard_are_used(
    home: Path, root: Path, tmp_path: Path
) -> None:
    personal = mirror(tmp_path / "data" / "terraform" / "plugins")
    shared = mirror(tmp_path / "share" / "terraform" / "plugins")

    sources = found(
        home,
        root,
        XDG_DATA_HOME=str(tmp_path / "data"),
        XDG_DATA_DIRS=f"/no/such:{tmp_path / 'share'}",
    )

    assert [source.description for source in sources[:2]] == [
        f"the implied mirror {personal}",
        f"the implied mirror {shared}",
    ]


def test_any_directory_directly_under_the_root_that_holds_the_provider_is_a_mirror(
    home: Path, root: Path
) -> None:
    (root / "unrelated").mkdir()
    mirror(root / "too" / "deep")
    wanted = mirror(root / "wanted")

    first, second = found(home, root)

    assert first.description == f"the mirror {wanted}"
    assert second.description == "the registry"


def test_a_mirror_serves_this_provider_and_the_registry_all_others(home: Path, root: Path) -> None:
    wanted = mirror(root / "wanted")

    configuration = found(home, root)[0].configuration

    assert f'path    = "{wanted}"' in configuration
    assert configuration.count('["hashicorp/aws"]') == 2


def test_the_developer_s_settings_come_first(home: Path, root: Path, tmp_path: Path) -> None:
    own = home / "own.rc"
    own.write_text("", encoding="utf-8")
    mirror(home / ".terraform.d" / "plugins")
    mirror(root / "lying-around")
    named = mirror(tmp_path / "named")

    sources = found(home, root, TF_CLI_CONFIG_FILE=str(own), TF_PLUGIN_DIR=str(named))

    assert [source.description.split()[0] for source in sources] == [
        "TF_CLI_CONFIG_FILE",
        "TF_PLUGIN_DIR",
        "the",
        "the",
        "the",
    ]
    assert sources[2].description.startswith("the implied mirror")
