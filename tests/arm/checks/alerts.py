"""Checks the log alerts: the window of each query, the alert for silence, and tables that may not exist yet."""

import re
from collections.abc import Iterator

from checks.network import of_kind
from deployment.deployment import Deployment

# The window of an alert's query, by the alert's name; all others look back 15 minutes.
WINDOWS = {"silence": "PT30M"}
# Tables that exist only after their first record; Azure disables a rule whose query fails for a week.
LATE_TABLES = ("AzureDiagnostics",)


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists alerts that cannot fire."""
    rules = of_kind(deployment, "Microsoft.Insights/scheduledQueryRules")
    named = {rule.name.partition("-")[2]: rule for rule in rules}
    for name, rule in named.items():
        (criterion,) = rule.body["properties"]["criteria"]["allOf"]
        query, window = criterion["query"], rule.body["properties"]["windowSize"]
        if window != WINDOWS.get(name, "PT15M"):
            yield f"{rule.path}: {name} scope_functions back {window}"
        for table in LATE_TABLES:
            if re.search(rf"\b{table}\b", query) and f"union isfuzzy=true ({table})" not in query:
                yield f"{rule.path}: {name} fails until {table} has its first record"
        # A query without rows fires no alert: only a count over all rows detects that there are none.
        if name == "silence" and not re.search(r"'ReconcileRunners' \| summarize runs = count\(\) \| where runs == 0$", query):
            yield f"{rule.path}: the query does not detect silence: {query}"
    if "silence" not in named:
        yield "scheduledQueryRules: there is no alert for a silent Function App"
