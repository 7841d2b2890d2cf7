"""What is asked for: one look at the registry for all services."""

from __future__ import annotations

from prefect import get_run_logger, task

from greenramp.site.settings import SiteSettings
from greenramp.site.watching import Looked, look_at_all
from tasks.policy import ONCE


@task(**ONCE, timeout_seconds=300, task_run_name="look at the registry")
def see_wishes(site: SiteSettings) -> Looked:
    """Write down who asks for what, and start what is to start. The next look is half a minute away: no retries."""
    return look_at_all(site, get_run_logger().info)
