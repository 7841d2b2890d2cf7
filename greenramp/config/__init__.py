"""What may stand in the configuration files; a value that is not meant is refused, never guessed."""

from greenramp.config.approvals import PROMOTION, SHADOW, Approval, place_of
from greenramp.config.base import NAME
from greenramp.config.expectations import Suite, SuiteGate
from greenramp.config.freeze import Dates, Weekly
from greenramp.config.gates import Gate, GateRole, Metric
from greenramp.config.notifications import Notifications
from greenramp.config.preflight import Preflight
from greenramp.config.reconcile import Reconcile
from greenramp.config.service import Environment, Pinned, Promotion, Service, Steps, suites_of
from greenramp.config.shadow import Proof, Shadow
from greenramp.config.site import Ports, Site
from greenramp.config.smoke import Smoke, Tolerance
from greenramp.config.sources import Gives, PrometheusSource, SideValues, Source, SqlSource
from greenramp.config.traffic import EdgeLimits, Traffic, UserKey
from greenramp.config.triggers import CHAMPION, PREVIOUS, Triggers

__all__ = [
    "CHAMPION",
    "NAME",
    "PREVIOUS",
    "PROMOTION",
    "SHADOW",
    "Approval",
    "Dates",
    "EdgeLimits",
    "Environment",
    "Gate",
    "GateRole",
    "Gives",
    "Metric",
    "Notifications",
    "Pinned",
    "Ports",
    "Preflight",
    "PrometheusSource",
    "Promotion",
    "Proof",
    "Reconcile",
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
    "Triggers",
    "UserKey",
    "Weekly",
    "place_of",
    "suites_of",
]
