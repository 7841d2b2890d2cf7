"""What the shell offers when a word is half typed."""

from __future__ import annotations

from pathlib import Path


def service_names(incomplete: str) -> list[str]:
    """Services that have a file in the site's configuration, or in this folder's where no site was started."""
    from greenramp.errors import GreenrampError
    from greenramp.site.settings import read_settings, this_home

    try:
        settings = read_settings(this_home())
    except (GreenrampError, OSError):  # a shell that completes says nothing of what is wrong
        settings = None
    folder = (settings.configs if settings else Path("configs")) / "services"
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem.startswith(incomplete))
