"""What may stand in the configuration files; a value that is not meant is refused, never guessed."""

from greenramp.config.base import NAME
from greenramp.config.expectations import Suite, SuiteGate
from greenramp.config.gates import Gate, GateRole, Metric
from greenramp.config.preflight import Preflight
from greenramp.config.service import Environment, Pinned, Promotion, Service, Steps, suites_of
from greenramp.config.shadow import Proof, Shadow
from greenramp.config.site import Ports, Site
from greenramp.config.smoke import Smoke, Tolerance
from greenramp.config.sources import Gives, PrometheusSource, SideValues, Source, SqlSource
from greenramp.config.traffic import EdgeLimits, Traffic, UserKey

__all__ = [
    "NAME",
    "EdgeLimits",
    "Environment",
    "Gate",
    "GateRole",
    "Gives",
    "Metric",
    "Pinned",
    "Ports",
    "Preflight",
    "PrometheusSource",
    "Promotion",
    "Proof",
    "Service",
    "Shadow",
    "SideValues",
    "Site",
    "Smoke",
    "Source",
    "SqlSource",
    "Steps",
    "Suite",
    "SuiteGate",
    "Tolerance",
    "Traffic",
    "UserKey",
    "suites_of",
]
