"""Settings: one file, overridden by the environment; a wrong value names itself."""

from pathlib import Path

import pytest

from include.errors import InputError
from include.settings import ROOT, load_settings


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(text)
    return path


def test_the_file_in_the_repository_is_valid() -> None:
    settings = load_settings(ROOT / "audit.yaml", {})
    assert settings.accounts == ("111111111111", "222222222222")
    assert settings.home_region == "us-east-1"
    assert settings.role_name == "ComplianceAuditRole"
    assert settings.audit_manager.enabled is True
    assert settings.schedule_of("cis_aws_5.0", "year") == "month"
    assert settings.schedule_of("another", "year") == "year"


def test_another_file_is_named_by_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "environment: staging\n")
    assert load_settings(environ={"AUDIT_SETTINGS": str(path)}).environment == "staging"


def test_an_empty_file_means_defaults(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, ""), {}).audit_manager.enabled is True


def test_every_kind_of_value_can_be_overridden_by_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "regions: [eu-west-1]\naudit_manager: {enabled: true}\n")
    settings = load_settings(
        path,
        {
            "AUDIT_REGIONS": "us-east-1, eu-central-1",
            "AUDIT_ACCOUNTS": "012345678901",
            "AUDIT_EXTERNAL_ID": "secret-handshake",
            "AUDIT_AUDIT_MANAGER_ENABLED": "false",
            "AUDIT_AUDIT_MANAGER_ENDPOINT": "http://127.0.0.1:4600",
            "AUDIT_FRAMEWORKS": "cis_aws_5.0:quarter,soc2",
            "AUDIT_KMS_KEY": "",
        },
    )
    assert settings.regions == ("us-east-1", "eu-central-1")
    assert settings.accounts == ("012345678901",)
    assert settings.external_id == "secret-handshake"
    assert settings.audit_manager.enabled is False
    assert settings.audit_manager.endpoint == "http://127.0.0.1:4600"
    assert [(one.id, one.schedule) for one in settings.frameworks] == [
        ("cis_aws_5.0", "quarter"),
        ("soc2", "month"),
    ]
    assert settings.kms_key is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("regions: [Ireland]", ["regions.0", "'Ireland'", "some.yaml"]),
        ("regions: []", ["regions", "some.yaml"]),
        ("accounts: [123]", ["accounts.0", "123", "12 digits"]),
        ("accounts: ['111111111111', '111111111111']", ["accounts", "listed twice"]),
        ("role_nam: x", ["role_nam", "Did you mean 'role_name'?"]),
        ("audit_manager: {enabled: perhaps}", ["audit_manager.enabled", "'perhaps'"]),
        ("audit_manager: yes please", ["audit_manager", "'yes please'"]),
        ("evidence_bucket: Not_A_Bucket", ["evidence_bucket", "'Not_A_Bucket'"]),
        ("sns_topic: my-topic", ["sns_topic", "'my-topic'"]),
        ("frameworks: [{id: soc2, schedule: weekly}]", ["frameworks.0.schedule", "'weekly'"]),
        ("a: [1", ["some.yaml, line", "broken"]),
        ("- a list", ["must hold keys and values"]),
    ],
)
def test_a_wrong_value_is_named_with_key_value_and_file(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        load_settings(written(tmp_path, text), {})
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_variable_is_named_instead_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="variable AUDIT_REGIONS is 'Ireland'"):
        load_settings(written(tmp_path, ""), {"AUDIT_REGIONS": "us-east-1,Ireland"})
    with pytest.raises(InputError, match="variable AUDIT_AUDIT_MANAGER_REGION is 'x'"):
        load_settings(written(tmp_path, ""), {"AUDIT_AUDIT_MANAGER_REGION": "x"})


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no settings file .*nowhere.yaml.*AUDIT_SETTINGS"):
        load_settings(tmp_path / "nowhere.yaml", {})


def test_accounts_may_be_units_of_the_organisation_and_regions_all_enabled(tmp_path: Path) -> None:
    text = "accounts: [organization, ou-abcd-12345678, r-demo]\nregions: [eu-west-1, enabled]\n"
    settings = load_settings(written(tmp_path, text), {})
    assert settings.accounts == ("organization", "ou-abcd-12345678", "r-demo")
    assert settings.home_region == "eu-west-1"


def test_the_home_region_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="home region"):
        load_settings(written(tmp_path, "regions: [enabled, eu-west-1]\n"), {})


def test_session_tags_are_checked(tmp_path: Path) -> None:
    path = written(tmp_path, "session_tags: {team: audit, Zweck: Prüfung}\n")
    assert load_settings(path, {}).session_tags == {"team": "audit", "Zweck": "Prüfung"}
    tags = load_settings(path, {"AUDIT_SESSION_TAGS": "team=sre, stage=prod"}).session_tags
    assert tags == {"team": "sre", "stage": "prod"}
    for wrong, said in (
        ("{'aws:x': y}", "aws:"),
        ("{team: a, Team: b}", "twice"),
        ("{team: 'a<b'}", "session_tags"),
    ):
        with pytest.raises(InputError, match=said):
            load_settings(written(tmp_path, f"session_tags: {wrong}\n"), {})


def test_how_samples_are_drawn_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "audit.yaml").write_text("sampling: {method: stratified, size: 40, seed: 7}\n")
    sampling = load_settings(tmp_path / "audit.yaml", {"AUDIT_SAMPLING_SIZE": "60"}).sampling
    assert (sampling.method, sampling.size, sampling.seed) == ("stratified", 60, "7")
    for wrong in ("{method: some}", "{size: 0}", '{seed: "a\\nb"}', "{number: 3}"):
        (tmp_path / "audit.yaml").write_text(f"sampling: {wrong}\n")
        with pytest.raises(InputError, match="sampling"):
            load_settings(tmp_path / "audit.yaml", {})
