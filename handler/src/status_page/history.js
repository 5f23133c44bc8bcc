// History: ended jobs, waits by profile, costs by repository, and the samples of the chart.

function durationColumn(head, name) {
  return numberColumn(head, (item) => duration(item[name]));
}

function moneyColumn(head, name) {
  return numberColumn(head, (item) => money(item[name], page.report.history?.currency));
}

const ENDED_COLUMNS = [
  JOB_COLUMN,
  repositoryColumn(),
  textColumn("Profile", "profile"),
  { ...numberColumn("Ended", (job) => job.ended), make: (job) => time(job.ended) },
  durationColumn("Waited", "wait_seconds"),
  durationColumn("Ran", "run_seconds"),
  { head: "Result", value: (job) => `${job.conclusion} ${job.exit}`, make: resultCell },
  textColumn("Node", "node", "id"),
  moneyColumn("Cost", "cost"),
];

function resultCell({ conclusion, exit }) {
  const failed = Number.isInteger(exit) && exit !== 0;
  const code = failed ? el("span", { class: "note" }, ` exit ${exit}`) : null;
  const isGood = conclusion === "success" || (!conclusion && exit === 0);
  const name = conclusion ?? (failed ? "failed" : exit === 0 ? "ended" : "not known");
  const isNeutral = conclusion === "cancelled" || !(conclusion || failed);
  const kind = isGood ? "good" : isNeutral ? "" : "bad";
  return el("span", null, el("span", { class: `badge ${kind}` }, visible(name)), code);
}

const WAIT_COLUMNS = [
  textColumn("Profile", "profile"),
  { head: "Last", value: (row) => windowName(row.window) },
  numberColumn("Jobs", (row) => integer(row.jobs)),
  durationColumn("Half waited at most", "p50_seconds"),
  durationColumn("95 % at most", "p95_seconds"),
  durationColumn("Worst", "worst_seconds"),
  { head: "Chart", kind: "wide", value: (row) => JSON.stringify([row, worstWait()]), make: (row) => waitBar(row, worstWait()) },
];

function windowName(name) {
  return { "24h": "24 hours", "7d": "7 days" }[name] ?? visible(name);
}

function worstWait() {
  return Math.max(0, ...(page.report.history?.waits ?? []).map((row) => row.worst_seconds ?? 0));
}

const COST_COLUMNS = [
  { ...repositoryColumn(), make: ({ repository }) => (repository ? repositoryLink(repository) : "nodes without a job") },
  textColumn("Profile", "profile"),
  numberColumn("Jobs", (row) => integer(row.jobs)),
  numberColumn("Minutes of jobs", (row) => integer(Math.round(row.minutes))),
  numberColumn("Minutes of nodes", (row) => integer(Math.round(row.node_minutes))),
  numberColumn("Idle", (row) => percentage(row.idle_share)),
  moneyColumn("Cost", "cost"),
  moneyColumn("On GitHub’s runners", "hosted_cost"),
];

Object.assign(tables, {
  ended: createTable("The last jobs that ended, newest first", ENDED_COLUMNS),
  waits: createTable("From the queuing of a job to its start, by profile", WAIT_COLUMNS),
  costs: createTable("By repository and profile, with the price of GitHub’s own runners beside it", COST_COLUMNS),
});

function renderHistory({ history }) {
  const { ended = [], waits = [], costs = [], samples = [] } = history ?? {};
  const missing = (text) => (history ? (history.days === 0 ? "No history is recorded." : text) : "The history could not be read.");
  patchTable(tables.ended, ended, (job) => job.task);
  showTable("ended", tables.ended, missing("No job has ended yet."));
  show("more-ended", ended.length > 10);
  labelMore(ended.length);
  patchTable(tables.waits, waits, (row) => `${row.profile} ${row.window}`);
  showTable("waits", tables.waits, missing("No job has started in the last seven days."));
  patchTable(tables.costs, costs, (row) => `${row.month} ${row.repository} ${row.profile}`);
  showTable("costs", tables.costs, missing("No job has ended this month."));
  show("prices", costs.length && history.prices);
  setText(byId("prices"), `Prices of ${visible(history?.prices?.region)}, read on ${visible(history?.prices?.date)}.`);
  renderLoad(samples);
}

/** Says on the button how many ended jobs it shows or hides. */
function labelMore(number) {
  const isShort = byId("ended").classList.contains("short");
  setText(byId("more-ended"), isShort ? `Show all ${integer(number)}` : "Show the last 10");
}

/** Draws the chart again; an opened table of its data stays open. */
function renderLoad(samples) {
  const hours = Number(document.querySelector("input[name=period]:checked").value);
  const isOpen = byId("load").querySelector("details")?.open;
  const hadFocus = byId("load").contains(document.activeElement);
  byId("load").replaceChildren(loadChart(samples, hours, page.report.at));
  const details = byId("load").querySelector("details");
  if (details && isOpen) details.open = true;
  if (hadFocus) (details?.querySelector("summary") ?? byId("load-title")).focus({ preventScroll: true });
}
