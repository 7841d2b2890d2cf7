"""Which site this process belongs to, and what `greenramp up` fixed about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.clients.formats import UNREADABLE, Damaged, require_known
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.traffic.handling import Edge

HOME_VARIABLE = "GREENRAMP_HOME"
_FORMAT = 1
_ANY = Edge()


@dataclass(frozen=True)
class SiteSettings:
    """A site as it was started. project: the folder with flows/ and prefect.yaml. configs: its configuration.

    edge: what the active Envoy was started with.
    """

    home: Home
    name: str
    project: Path
    configs: Path
    router_port: int
    mlflow_port: int
    prefect_port: int
    outcomes_port: int
    first_environment_port: int
    edge: Edge = _ANY
    webhooks_port: int = 18084

    @property
    def router_url(self) -> str:
        """Where users send requests; a service answers below /<service>/."""
        return f"http://127.0.0.1:{self.router_port}"

    @property
    def mlflow_url(self) -> str:
        """MLflow's server and pages."""
        return f"http://127.0.0.1:{self.mlflow_port}"

    @property
    def prefect_url(self) -> str:
        """Prefect's server and pages."""
        return f"http://127.0.0.1:{self.prefect_port}"

    @property
    def outcomes_url(self) -> str:
        """Where labels are sent: POST /outcomes/<service>."""
        return f"http://127.0.0.1:{self.outcomes_port}"

    @property
    def webhooks_url(self) -> str:
        """Where MLflow tells of aliases and tags: POST /webhooks/mlflow."""
        return f"http://127.0.0.1:{self.webhooks_port}"

    def write(self) -> None:
        """Keep these settings in the site's home."""
        data = {**asdict(self), "home": str(self.home.root), "format": _FORMAT}
        write_json(self.home.site_file, {key: str(v) if isinstance(v, Path) else v for key, v in data.items()})


def this_home() -> Home:
    """The home that GREENRAMP_HOME names, .greenramp in the current folder without it."""
    return Home(Path(os.environ.get(HOME_VARIABLE) or ".greenramp").absolute())


def read_settings(home: Home) -> SiteSettings | None:
    """The settings kept in a home; None when no site was ever started there.

    Raises Damaged for a file that is not as we wrote it, ConfigError for one that a newer version wrote.
    """
    try:
        data = read_json(home.site_file)
        return None if data is None else _settings(home, data)
    except UNREADABLE as error:
        raise Damaged(
            f"{home.site_file} is damaged ({type(error).__name__}: {error}); write it anew with: "
            "greenramp down --force, then greenramp up"
        ) from error


def _settings(home: Home, data: Mapping[str, Any]) -> SiteSettings:
    require_known(home.site_file, data["format"], _FORMAT)
    return SiteSettings(
        home=home,
        name=str(data["name"]),
        project=Path(data["project"]),
        configs=Path(data["configs"]),
        router_port=int(data["router_port"]),
        mlflow_port=int(data["mlflow_port"]),
        prefect_port=int(data["prefect_port"]),
        outcomes_port=int(data["outcomes_port"]),
        first_environment_port=int(data["first_environment_port"]),
        edge=Edge.from_json(data.get("edge", {})),
        # a site started before there were webhooks has no port for them
        webhooks_port=int(data.get("webhooks_port", SiteSettings.webhooks_port)),
    )


def this_site() -> SiteSettings:
    """The settings of the site this process belongs to; raises ConfigError when there is none."""
    home = this_home()
    settings = read_settings(home)
    if settings is None:
        raise ConfigError(f"no site in {home.root}; start one with: greenramp up (or set {HOME_VARIABLE})")
    return settings
