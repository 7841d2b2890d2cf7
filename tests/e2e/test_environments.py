"""Environments built from a model's own requirements stand side by side."""

from __future__ import annotations

import pytest
import requests

pytestmark = pytest.mark.e2e

VERSIONS = ("1.7.2", "1.8.0")


@pytest.mark.timeout(900)
def test_two_versions_with_different_scikit_learn_serve_side_by_side(site, users):
    service = site.add_service(
        "own-venv", environment={"env_manager": "uv"}, step={"min_seconds": 5, "deadline_seconds": 120}
    )
    body = "import sklearn; return [sklearn.__version__ for _ in values]"
    numbers = [
        site.register(service, "x", body=body, requirements=["mlflow==3.17.2", f"scikit-learn=={v}"]) for v in VERSIONS
    ]
    first = site.run("release", service, numbers[0], timeout=600)
    assert first.code == 0, first.text
    with users(service) as seen:
        run = site.start(service, numbers[1])
        site.at_step(service, "canary 20 %")
        answers = set()
        payload = {"dataframe_split": {"columns": ["x"], "data": [[4.0]]}}
        for user in range(60):
            url = f"{site.router_url}/{service}/invocations"
            answer = requests.post(url, json=payload, headers={"x-user-id": f"u{user}"}, timeout=10)
            answers.add((answer.headers["x-model-version"], answer.json()["predictions"][0]))
        assert site.ended(run).state == "Promoted"
    assert answers == set(zip(numbers, VERSIONS, strict=True))
    assert seen.failures == []
