import re


def test_every_caption_that_a_rule_names_is_there(repository):
    """Snakemake looks for them only when a report is made, hours after the run."""
    named = {
        name
        for path in (repository / "rules").rglob("*.smk")
        for name in re.findall(r'caption="\.\./(reports/captions/\w+\.rst)"', path.read_text())
    }
    assert len(named) >= 3
    assert [name for name in sorted(named) if not (repository / name).is_file()] == []
