"""The forms that Prefect makes of the flows' parameters explain themselves."""

import pytest
from prefect.utilities.callables import parameter_schema

from flows.release import release
from flows.rollback import rollback
from flows.shadow import shadow
from flows.steer import steer
from greenramp.lifecycle.orders import Word

FLOWS = {"release": release, "rollback": rollback, "shadow": shadow, "steer": steer}


@pytest.mark.parametrize("name", FLOWS)
def test_every_field_of_a_form_says_what_it_is_for(name):
    form = parameter_schema(FLOWS[name])
    silent = [field for field, told in form.properties.items() if not told.get("description")]
    assert silent == []
    assert "service" in form.required


def test_the_orders_of_steer_are_a_choice():
    form = parameter_schema(steer)
    assert set(form.properties["order"]["enum"]) == {word.value for word in Word} - {Word.EXPIRE.value}
    assert form.required == ["service", "order", "name"]
