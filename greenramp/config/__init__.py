"""What may stand in the configuration files; a value that is not meant is refused, never guessed."""

from greenramp.config.base import NAME
from greenramp.config.gates import Gate, GateRole, Metric
from greenramp.config.service import Environment, Promotion, Service, Smoke, Steps
from greenramp.config.site import Ports, Site
from greenramp.config.traffic import EdgeLimits, Traffic, UserKey

__all__ = [
    "NAME",
    "EdgeLimits",
    "Environment",
    "Gate",
    "GateRole",
    "Metric",
    "Ports",
    "Promotion",
    "Service",
    "Site",
    "Smoke",
    "Steps",
    "Traffic",
    "UserKey",
]
