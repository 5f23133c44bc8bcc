"""Checks the log alerts: a window for each query, one for silence, and tables that may not exist yet."""

import re
from collections.abc import Iterator

from checks.network import of_kind
from deployment.deployment import Deployment

# The window that an alert asks of its query, by the alert's name; all others look back 15 minutes.
WINDOWS = {"silence": "PT30M"}
# Tables that exist from the first record on; Azure disables a rule whose query fails for a week.
LATE_TABLES = ("AzureDiagnostics",)


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists the alerts that cannot be raised."""
    rules = of_kind(deployment, "Microsoft.Insights/scheduledQueryRules")
    named = {rule.name.partition("-")[2]: rule for rule in rules}
    for name, rule in named.items():
        (criterion,) = rule.body["properties"]["criteria"]["allOf"]
        query, window = criterion["query"], rule.body["properties"]["windowSize"]
        if window != WINDOWS.get(name, "PT15M"):
            yield f"{rule.path}: {name} looks back {window}"
        for table in LATE_TABLES:
            if re.search(rf"\b{table}\b", query) and f"union isfuzzy=true ({table})" not in query:
                yield f"{rule.path}: {name} fails until {table} has its first record"
        # A query without rows raises nothing: only a count over all rows sees that there are none.
        if name == "silence" and not re.search(r"'ReconcileRunners' \| summarize runs = count\(\) \| where runs == 0$", query):
            yield f"{rule.path}: silence is not seen by {query}"
    if "silence" not in named:
        yield "scheduledQueryRules: no alert is raised when the Function App is silent"
