"""Golden requests: inputs whose answers are known, one of them per line or list item."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from greenramp.config.base import Strict
from greenramp.config.smoke import Tolerance, as_tolerance

_JSON = "application/json"


class GoldenRequest(Strict):
    """One request to /invocations and what every version must answer."""

    request: Annotated[Any, Field(description="The body: an object for JSON, a text for another content type.")]
    expected: Annotated[list[Any] | None, Field(description="The list of predictions.")] = None
    tolerance: Tolerance = Tolerance(absolute=1e-6, relative=1e-6)
    name: Annotated[
        str, Field(description="What the request is about, for the message when it is answered wrongly.")
    ] = ""
    content_type: str = _JSON
    status: Annotated[int, Field(ge=200, le=499, description="400 for a request that must be refused.")] = 200

    @field_validator("tolerance", mode="before")
    @classmethod
    def _one_number_is_both(cls, value: Any) -> Any:
        return as_tolerance(value)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.status == 200) != (self.expected is not None):
            raise ValueError("give expected (a list of predictions), or a status other than 200, and not both")
        if self.expected == []:
            raise ValueError("expected is an empty list: nothing would be compared")
        if self.content_type == _JSON and not isinstance(self.request, dict):
            raise ValueError('request must be an object, such as {"dataframe_split": {...}}; or give its content_type')
        if self.content_type != _JSON and not isinstance(self.request, str):
            raise ValueError(f"request must be a text, as its content_type is {self.content_type}")
        return self
