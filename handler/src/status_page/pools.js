// Pools, paused profiles, failed messages, lost deliveries, and rate limits.

const POOL_COLUMNS = [
  textColumn("Pool", "pool"),
  { head: "Nodes", value: poolSize, make: poolSizeCell },
  { head: "Tasks", value: (pool) => `${integer(pool.pending_tasks)} waiting, ${integer(pool.running_tasks)} running` },
  { head: "Last evaluation", value: evaluation, make: evaluationCell },
  { head: "Profiles", value: (pool) => JSON.stringify(profilesOf(pool)), make: profilesCell },
];

/** Returns a size such as `3 nodes (2 running, 1 starting), to be 5, at most 10`. */
function poolSize({ nodes, node_states: states, target, maximum }) {
  if (!Number.isFinite(nodes)) return "unknown";
  const change = target === nodes ? "" : `, to be ${integer(target)}`;
  const limit = Number.isFinite(maximum) ? `, at most ${integer(maximum)}` : "";
  return `${count(nodes, "node")}${inStates(states)}${change}${limit}`;
}

/** Returns the nodes by Batch's states, the most frequent first, such as ` (2 running, 1 starting)`. */
function inStates(states) {
  const counted = Object.entries(states ?? {}).filter(([, nodes]) => nodes > 0);
  const largest = counted.sort(([, some], [, others]) => others - some);
  const words = largest.map(([state, nodes]) => `${integer(nodes)} ${visible(inWords(state))}`);
  return words.length ? ` (${words.join(", ")})` : "";
}

/** Returns a state such as `startTaskFailed` as words: `start task failed`. */
function inWords(state) {
  return state.replace(/[A-Z]+/g, (letters) => ` ${letters.toLowerCase()}`);
}

function poolSizeCell(pool) {
  const text = el("span", null, poolSize(pool));
  const scale = Math.max(pool.maximum ?? 0, pool.target ?? 0, pool.nodes ?? 0);
  return scale ? el("div", null, text, sizeBar(pool, scale)) : text;
}

/** Draws the nodes, and an outline of the target, on a line as long as the maximum. The text beside it says the same. */
function sizeBar({ nodes, target }, scale) {
  const share = (number) => ((100 * (number ?? 0)) / scale).toFixed(1);
  const box = { viewBox: "0 0 100 6", preserveAspectRatio: "none", class: "size", "aria-hidden": "true" };
  return svg("svg", box,
    svg("rect", { class: "all", width: 100, height: 6 }),
    svg("rect", { class: "target", width: share(target), height: 6 }),
    svg("rect", { class: "nodes", width: share(nodes), height: 6 }));
}

function evaluation(pool) {
  const age = pool.evaluated_at ? `${duration(ageOf(pool.evaluated_at))} ago` : "–";
  return `${age} ${pool.error ?? ""}`;
}

function evaluationCell(pool) {
  const at = pool.evaluated_at ? ago(pool.evaluated_at) : "–";
  const error = pool.error ? el("p", { class: "problem" }, sentence(visible(pool.error))) : null;
  return el("div", null, at, error);
}

/** Returns the profiles of a pool, each with its pause if it has one. */
function profilesOf(pool) {
  const paused = page.report.paused ?? [];
  const pauseOf = (profile) => paused.find((pause) => pause.profile === profile) ?? null;
  const canPause = Array.isArray(page.report.paused);
  return (pool.profiles ?? []).map((profile) => ({ profile, pause: pauseOf(profile), canPause }));
}

function profilesCell(pool) {
  const items = profilesOf(pool).map(profileItem);
  return items.length ? el("ul", { class: "plain" }, ...items) : "–";
}

function profileItem({ profile, pause, canPause }) {
  const shown = visible(profile);
  if (pause) {
    const resume = button("Resume", `Resume profile ${shown}`, () => askToResume(profile));
    return el("li", null, untrusted(profile), el("span", { class: "badge paused" }, "Paused"), resume, pauseNote(pause));
  }
  const act = button("Pause", `Pause profile ${shown}`, () => askToPause(profile));
  return el("li", null, untrusted(profile), canPause ? act : null);
}

function pauseNote({ at, who, why }) {
  const by = who ? [" by ", untrusted(who)] : [];
  return el("p", { class: "note" }, "Since ", time(at), ...by, ": ", untrusted(why ?? "no reason given"));
}

const POISON_COLUMNS = [
  textColumn("Message", "handle", "id"),
  textColumn("Job", "job"),
  repositoryColumn(),
  ageColumn("Failed", "poisoned_at"),
  { head: "What happens to it", value: (message) => sentence(visible(message.disposition)) },
  actionColumn(() => "replay", ({ handle }) => button("Replay", `Replay message ${visible(handle)}`, () => askToReplayMessages(handle))),
];

const LOST_COLUMNS = [
  textColumn("Delivery", "guid", "id"),
  textColumn("Webhook", "webhook"),
  ageColumn("Last attempt", "at"),
  { head: "State", value: (lost) => `${lost.abandoned ? "Abandoned" : "Redelivered by itself"}, ${count(lost.redeliveries, "redelivery", "redeliveries")} so far` },
  actionColumn(() => "replay", ({ guid }) => button("Replay", `Replay delivery ${visible(guid)}`, () => askToReplayDeliveries(guid))),
];

const LIMIT_COLUMNS = [
  { head: "Limit", value: limitName, make: (limit) => untrusted(limitName(limit)) },
  numberColumn("Remaining", (limit) => (limit.resource ? `${integer(limit.remaining)} of ${integer(limit.limit)}` : "none")),
  { ...numberColumn("Resets", (limit) => limit.resets_at), make: (limit) => time(limit.resets_at) },
];

function limitName({ account, resource }) {
  return `${resource ?? "a pause that GitHub demands"}${account ? ` of ${account}` : ""}`;
}

Object.assign(tables, {
  pools: createTable("Pools of the profiles", POOL_COLUMNS),
  poison: createTable("Messages that failed five times", POISON_COLUMNS),
  lost: createTable("Webhook deliveries that no attempt has delivered", LOST_COLUMNS),
  limits: createTable("Rate limits that GitHub reported to this process", LIMIT_COLUMNS),
});

function renderPools(report) {
  patchTable(tables.pools, report.pools, (pool) => pool.pool);
  showTable("pools", tables.pools, "The settings name no pool.");
}

function renderFailures(report) {
  patchTable(tables.poison, report.poison, (message) => message.handle);
  showTable("poison", tables.poison, unknownOr(report, "poison", "No message has failed."));
  show("replay-poison", report.poison.length > 1);
  patchTable(tables.lost, report.lost_deliveries, (lost) => `${lost.webhook} ${lost.guid}`);
  showTable("lost", tables.lost, unknownOr(report, "deliveries", report.webhooks.length || report.polling
    ? "No delivery is lost."
    : "The credential sees no webhook, so lost deliveries are not known. Reconciliation finds their jobs nevertheless."));
  show("replay-lost", report.lost_deliveries.filter((lost) => lost.abandoned).length > 1);
}

function unknownOr(report, part, text) {
  return report.unread.includes(part) ? "This could not be read, so it is not known." : text;
}

function renderLimits(report) {
  patchTable(tables.limits, report.limits, limitName);
  showTable("limits", tables.limits, "This process has not called GitHub yet.");
  const items = [...report.webhooks.map((hook) => ["Webhook ", untrusted(hook)]), pollingItem(report.polling), messagesItem(report)];
  byId("sources").replaceChildren(...items.filter(Boolean).map((parts) => el("li", null, ...parts)));
}

function pollingItem(cost) {
  if (!cost) return null;
  return [`Polling of ${cost.repositories} of at most ${count(cost.max_repositories, "repository", "repositories")} every ${cost.period_seconds} s: ${cost.lists_per_minute} of at most ${cost.max_lists_per_minute} lists a minute`];
}

function messagesItem({ messages, webhooks, polling }) {
  const requests = messages === null ? "The length of the request queue is not known" : `${count(messages, "message")} in the request queue`;
  const hint = webhooks.length || polling ? "" : "; no webhook can be seen with the credential";
  return [requests + hint];
}
