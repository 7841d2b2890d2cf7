"""Secrets stand in their own files and in the environment of who needs them, and nowhere else."""

import stat

import pytest

from greenramp.clients.evidence_sources import OUTCOMES_TOKEN
from greenramp.clients.journal import Journal
from greenramp.clients.targets import VARIABLE, environment_targets
from greenramp.config import Service
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.providers.base import EnvironmentOrder
from greenramp.providers.local import LocalProvider
from greenramp.site.keys import WEBHOOK_VARIABLE, encryption_key, ensure_secrets, webhook_secret
from greenramp.site.programs import environment, programs, supervisor_file
from greenramp.site.settings import SiteSettings
from greenramp.site.start import write_files
from greenramp.traffic.split import Side

SECRETS = {
    VARIABLE: "slack://TokenAAAA/TokenBBBB/TokenCCCC",
    WEBHOOK_VARIABLE: "webhook-secret-of-a-test",
    OUTCOMES_TOKEN: "outcomes-token-of-a-test",
    "FRAUD_DB_URL": "postgresql://ada:db-password-of-a-test@db/fraud",
}
ERRORS = {"name": "errors", "metric": "errors", "margin": 0.2}
PLAN = Service.model_validate(
    {
        "model": "fraud",
        "sources": {"labels": {"kind": "sql", "url_env": "FRAUD_DB_URL", "counts": "select side, total, bad from c"}},
        "gates": [
            {"name": "refunds", "metric": "counts", "source": "labels", "unit": "request", "margin": 0.2},
            ERRORS,
        ],
    }
)


@pytest.fixture
def site(tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    found = SiteSettings(Home(tmp_path), "local", tmp_path, tmp_path / "configs", 47001, 47002, 47003, 47004, 47100)
    write_files(found, print)
    return found


def test_no_file_of_a_site_but_the_secrets_own_holds_one(site):
    Journal(site.home, "fraud-8-aaaaaaaa").add(
        "claimed", plan=PLAN.model_dump(mode="json"), tells=[str(target) for target in environment_targets()]
    )
    for path in (path for path in site.home.root.rglob("*") if path.is_file() and path.parent != site.home.secrets):
        text = path.read_text(errors="replace")
        assert not [name for name, value in SECRETS.items() if value in text or "password-of-a-test" in text], path


def test_no_command_line_holds_a_secret(site):
    words = " ".join(word for program in programs(site) for word in program.command)
    held = [*SECRETS.values(), webhook_secret(site.home), encryption_key(site.home)]
    assert not [value for value in held if value in words]


def test_the_key_of_mlflow_stands_in_one_file_for_its_owner_alone(site):
    assert encryption_key(site.home) in supervisor_file(site)
    for path in (site.home.supervisor_config, *site.home.secrets.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(site.home.secrets.stat().st_mode) == 0o700


def test_what_a_site_starts_gets_no_webhook_secret_and_a_model_no_address_and_no_token(site):
    assert WEBHOOK_VARIABLE not in environment(site)
    settings = PLAN.environment
    order = EnvironmentOrder("fraud", Side.GREEN, "8", "sha256:0", "r1", "/model", settings, PLAN.shadow.slices)
    written = LocalProvider(site.home, 47100).program_file(order, [47101], "python")
    assert f'{VARIABLE}=""' in written
    assert f'{OUTCOMES_TOKEN}=""' in written
    assert not [value for value in SECRETS.values() if value in written]


@pytest.mark.parametrize("left", ["", "short", "\0" * 43, "caf\ud800"], ids=["nothing", "a part", "zeros", "noise"])
def test_the_rest_of_a_secret_is_none_and_is_made_anew(site, monkeypatch, left):
    monkeypatch.delenv(WEBHOOK_VARIABLE)
    for name in ("webhook", "mlflow-encryption"):
        (site.home.secrets / name).write_bytes(left.encode(errors="surrogatepass"))
    ensure_secrets(site.home)
    assert len(webhook_secret(site.home)) == 43
    assert len(encryption_key(site.home)) == 44


def test_a_secret_that_can_be_guessed_is_refused(site, monkeypatch):
    monkeypatch.setenv(WEBHOOK_VARIABLE, "hunter2")
    with pytest.raises(ConfigError, match="has 7 characters; a secret needs 16 at least") as refused:
        ensure_secrets(site.home)
    assert "hunter2" not in str(refused.value)
