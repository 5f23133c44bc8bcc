"""Reads the names that the documents may use from code and template."""

import json
import re
from functools import cache

from pages import ROOT, page, rows


@cache
def template() -> dict:
    return json.loads((ROOT / "arm/azuredeploy.json").read_text())


def parameters() -> set[str]:
    return set(template()["parameters"])


def outputs() -> set[str]:
    return set(template()["outputs"])


def source(pattern: str) -> str:
    """Returns the text of source files, without their tests."""
    files = [path for path in sorted(ROOT.glob(pattern)) if path.stem != "tests"]
    return "\n".join(path.read_text().partition("\n#[cfg(test)]")[0] for path in files)


def settings() -> set[str]:
    read = source("handler/src/settings.rs") + source("handler/src/settings/*.rs")
    return set(re.findall(r'"([A-Z][A-Za-z]+)"', read)) - {"Default"}


def functions() -> set[str]:
    return {path.parent.name for path in ROOT.glob("function-definitions/*/function.json")}


def logged_alerts() -> set[str]:
    """Returns every value that the log field `alarm` may have."""
    text = source("handler/src/**/*.rs")
    direct = re.findall(r'alarm = "([a-z-]+)"', text)
    planned = re.findall(r'"([a-z-]+)"', source("handler/src/reconcile/*.rs")) if "alarm = name" in text else []
    return set(direct) | set(planned)


def alerts() -> set[str]:
    """Returns the alerts for which the template searches the log."""
    queries = [alert["query"] for alert in template()["variables"]["alerts"]]
    return {name for query in queries for name in re.findall(r'alarm="([a-z-]+)"', query)}


def exit_codes() -> set[str]:
    """Returns the exit codes of a runner task."""
    return {str(row["code"]) for row in json.loads((ROOT / "images/exit-codes.json").read_text())}


def default_labels() -> set[str]:
    """Returns the labels of the default profiles."""
    _, _, body = source("handler/src/profiles/defaults.rs").partition("let linux =")
    body = re.sub(r'profile\("[^"]+", \w+, "[^"]+",', "", body.partition("/// Returns an image's")[0])
    return set(re.findall(r'"([a-z0-9.-]+)"', body))


def profile_fields() -> set[str]:
    example = next(block.text for block in page("README.md").blocks if block.language == "json")
    return set(json.loads(example)[0])


def settings_of_readme() -> set[str]:
    return {name for row in rows(page("README.md").section("Settings")) for name in re.findall(r"`(\w+)`", row[0])}
