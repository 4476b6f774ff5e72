"""The alerts and the dashboard name figures that there are, and every alert has a line that says what to do."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from openempathic.metrics import page

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "docs" / "deploy"
RULES = [rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
PANELS = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in RULES},
    **{f"{panel['title']} {each['refId']}": each["expr"] for panel in PANELS for each in panel["targets"]},
}
FUNCTIONS = {"absent", "histogram_quantile", "max", "min", "rate", "sum", "time", "topk"}
WORDS = {"and", "or", "by", "without", "unless"}
# What Prometheus makes of one histogram.
OF_A_HISTOGRAM = ("_bucket", "_count", "_sum")
# As promtool reads them.
DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")
LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*')


@pytest.fixture
def labels_by_name(db):
    """Every metric by its name as Prometheus stores it, with its labels."""
    return all_labels()


@cache
def all_labels():
    """As the page's own sources tell; asked once."""
    known = {gauge.name: set(gauge.labels) for source, _seconds in page.SOURCES for gauge in page.ask(source)}
    for metric in (page.requests.ANSWERED, page.tasks.DONE):
        known |= {f"{metric._name}{ending}": {*metric._labelnames, "le"} for ending in OF_A_HISTOGRAM}
    known[page.tasks.LAST._name] = set(page.tasks.LAST._labelnames)
    known |= {f"openempathic_metrics_source_{what}": {"source"} for what in ("up", "seconds")}
    return known | {"up": {"job"}}


@pytest.mark.parametrize("title", EXPRESSIONS)
def test_an_expression_is_well_formed_and_names_what_there_is(title, labels_by_name):
    expression = EXPRESSIONS[title]
    for name, selector in re.findall(r"\b(openempathic_\w+|up)\b(\{[^}]*\})?", expression):
        assert name in labels_by_name
        asked = [LABEL.fullmatch(each) for each in re.split(r",(?=\s*\w+\s*[=!])", selector[1:-1]) if each]
        assert all(asked)
        assert {match[1] for match in asked} <= labels_by_name[name] | {"instance", "job"}
        for match in asked:
            re.compile(match[3])

    rest = re.sub(r"\{[^}]*\}", "", expression)
    assert rest.count("(") == rest.count(")")
    assert all(DURATION.fullmatch(window) for window in re.findall(r"\[([^\]]*)\]", rest))
    grouped = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", rest) for label in group.split(",")}
    named = [labels_by_name[name] for name in re.findall(r"\bopenempathic_\w+", rest)]
    assert grouped <= set().union(*named, {"instance"})
    words = set(re.findall(r"[a-zA-Z_]\w*", re.sub(r"\[[^\]]*\]|\bby \([^)]*\)", "", rest)))
    assert words - FUNCTIONS - WORDS - labels_by_name.keys() == set()


def test_every_figure_is_on_the_dashboard(labels_by_name):
    shown = " ".join(EXPRESSIONS.values())
    bare = {name.removesuffix("_sum").removesuffix("_count").removesuffix("_bucket") for name in labels_by_name}

    assert [name for name in sorted(bare) if name not in shown] == []


def test_names_follow_the_custom_of_the_field(labels_by_name):
    ours = [name for name in labels_by_name if name != "up"]

    assert [name for name in ours if not re.fullmatch(r"openempathic_[a-z0-9]+(_[a-z0-9]+)*", name)] == []
    assert [name for name in ours if "age" in name.split("_") and not name.endswith("_seconds")] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_grave_it_is_and_what_to_do(rule):
    guide = (ROOT / "docs" / "guides" / "watching.md").read_text()
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", guide, re.MULTILINE)}

    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert DURATION.fullmatch(rule.get("for", "1m"))
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"watching.md#{rule['alert'].lower()}"
    assert rule["alert"].lower() in headings


def test_no_two_alerts_share_a_name_and_no_heading_is_without_one():
    names = [rule["alert"] for rule in RULES]
    guide = (ROOT / "docs" / "guides" / "watching.md").read_text()

    assert len(names) == len(set(names))
    assert set(re.findall(r"^### (\w+)$", guide, re.MULTILINE)) == set(names)


def test_panels_lie_side_by_side_and_not_on_each_other():
    places = [panel["gridPos"] for panel in PANELS]
    covered = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(covered) == len(set(covered))
    assert max(x for x, _y in covered) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_prometheus_reads_the_page_with_the_word_and_our_alerts():
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]

    assert job["authorization"]["type"] == "Bearer"
    assert job["job_name"] == "openempathic"
    assert job.get("metrics_path", "/metrics") == "/metrics"
    assert all((DEPLOY / name).is_file() for name in config["rule_files"])
