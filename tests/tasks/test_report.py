"""What a release's journal gives to its record."""

from tasks.report import suite_texts


def test_what_suites_found_is_one_text_for_each_gate_step_by_step():
    found = [("contract", "25 %", "A"), ("shape", "25 %", "B"), ("contract", "bake", "C")]
    lines = [{"event": "expectations", "gate": gate, "where": where, "text": text} for gate, where, text in found]
    assert suite_texts([{"event": "share raised", "percent": 25}, *lines]) == {
        "expectations-contract.md": "## 25 %\n\nA\n## bake\n\nC\n",
        "expectations-shape.md": "## 25 %\n\nB\n",
    }
