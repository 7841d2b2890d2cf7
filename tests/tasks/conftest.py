"""A site on a folder, and models in MLflow with chosen signatures."""

import shutil
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.clusters import Upstream, cluster_file
from greenramp.clients.envoy.routes import route_file
from greenramp.home import Home
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

CODE = """
def _load_pyfunc(path):
    raise RuntimeError("preflight loads no model")
"""


@dataclass(frozen=True)
class SiteOnFile(SiteSettings):
    """A site whose MLflow is a store without a server."""

    store: str = ""

    @property
    def mlflow_url(self) -> str:
        """The store's own address."""
        return self.store


@pytest.fixture
def site(tmp_path: Path, mlflow_uri: str) -> SiteOnFile:
    """Make a site where nothing serves yet."""
    ports = dict.fromkeys(("router_port", "mlflow_port", "prefect_port", "outcomes_port", "first_environment_port"), 1)
    home = Home(tmp_path / "home")
    home.xds.mkdir(parents=True)
    write_json(tmp_path / "sites" / "local.yaml", {})
    return SiteOnFile(home=home, name="local", project=tmp_path, configs=tmp_path, store=mlflow_uri, **ports)


@pytest.fixture
def serving(site: SiteOnFile) -> Callable[[str], None]:
    """Say which version serves."""

    def serve(version: str) -> None:
        live = Upstream("fraud", Side.BLUE, (("127.0.0.1", 1),), version)
        write_json(site.home.xds / "rds.json", route_file([Route("fraud", live=Side.BLUE)], 1))
        write_json(site.home.xds / "cds.json", cluster_file([live], 1))

    return serve


@pytest.fixture
def model() -> str:
    """Give the name of a model nobody else registers."""
    return f"fraud {uuid.uuid4().hex[:8]}"


@pytest.fixture
def register(mlflow_uri: str, tmp_path: Path, model: str) -> Callable[..., str]:
    """Log a model with these input columns and register it; give its version."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    def registered(columns: dict[str, str], optional: tuple[str, ...] = ()) -> str:
        (tmp_path / "model.py").write_text(CODE)
        inputs = [ColSpec(kind, name, required=name not in optional) for name, kind in columns.items()]
        mlflow.set_tracking_uri(mlflow_uri)
        mlflow.set_registry_uri(mlflow_uri)
        with warnings.catch_warnings(), mlflow.start_run():
            warnings.simplefilter("ignore")  # MLflow warns of its own imports
            logged = mlflow.pyfunc.log_model(
                name="model",
                loader_module="model",
                code_paths=[str(tmp_path / "model.py")],
                pip_requirements=["mlflow"],
                signature=ModelSignature(Schema(inputs), Schema([ColSpec("long")])) if inputs else None,
                registered_model_name=model,
            )
        return str(logged.registered_model_version)

    return registered


@pytest.fixture
def stored(mlflow_uri: str, model: str) -> Callable[[str], Path]:
    """Give the folder in which MLflow keeps a version's files."""
    from mlflow.tracking import MlflowClient

    def folder(version: str) -> Path:
        client = MlflowClient(tracking_uri=mlflow_uri, registry_uri=mlflow_uri)
        return Path(urlparse(client.get_model_version_download_uri(model, version)).path)

    return folder


@pytest.fixture
def lose(stored: Callable[[str], Path]) -> Callable[[str], None]:
    """Remove a version's files from MLflow."""
    return lambda version: shutil.rmtree(stored(version))


@pytest.fixture
def recorded_events() -> Iterator[Callable[[], list[Any]]]:
    """Give the events emitted so far, by Prefect's own recorder; without it a server would be started."""
    from prefect.events.clients import AssertingEventsClient
    from prefect.events.worker import EventsWorker
    from prefect.settings import PREFECT_API_URL, temporary_settings

    def events() -> list[Any]:
        EventsWorker.instance().wait_until_empty()
        return [event for client in AssertingEventsClient.all for event in client.events]

    AssertingEventsClient.reset()
    EventsWorker.set_client_override(AssertingEventsClient)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
        yield events
        EventsWorker.instance().drain()
    EventsWorker.set_client_override(None)
