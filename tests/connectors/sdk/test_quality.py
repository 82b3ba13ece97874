import pytest

from connectors.sdk.quality import RUNGS, quality

BRONZE, SILVER, GOLD = (list(rules) for rules in RUNGS.values())


def written(tmp_path, rules, rung="bronze"):
    lines = [f'rung = "{rung}"', "[rules]", *(f'{rule} = "{word}"' for rule, word in rules.items())]
    (tmp_path / "quality.toml").write_text("\n".join(lines))
    return quality(tmp_path)


def test_a_rung_needs_every_rule_of_it_and_of_those_below(tmp_path):
    assert written(tmp_path, dict.fromkeys(BRONZE, "done")).rung == "bronze"
    assert written(tmp_path, dict.fromkeys(BRONZE + SILVER, "done")).rung == "silver"
    assert written(tmp_path, dict.fromkeys(BRONZE[1:] + SILVER + GOLD, "done")).rung == "none"


def test_an_exemption_counts_with_its_reason_and_a_todo_does_not(tmp_path):
    rules = dict.fromkeys(BRONZE, "done")
    assert written(tmp_path, {**rules, BRONZE[0]: "exempt: it has none"}).rung == "bronze"
    assert written(tmp_path, {**rules, BRONZE[0]: "todo: later"}).rung == "none"


def test_a_rule_or_word_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no rule 'sparkle'"):
        written(tmp_path, {"sparkle": "done"})
    with pytest.raises(ValueError, match="not 'nearly'"):
        written(tmp_path, {BRONZE[0]: "nearly"})
