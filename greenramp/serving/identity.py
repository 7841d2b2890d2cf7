"""Who answers: the three names that every answer and every log line carry."""

from typing import NamedTuple


class Identity(NamedTuple):
    """One model version of one service in one environment; the names are printable ASCII."""

    service: str
    environment: str
    version: str

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Give the names as HTTP headers."""
        return [
            (b"x-model-version", self.version.encode("ascii")),
            (b"x-environment", self.environment.encode("ascii")),
            (b"x-service", self.service.encode("ascii")),
        ]
