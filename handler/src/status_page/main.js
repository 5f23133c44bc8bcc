// The page: reads the status, shows it, counts its age, and announces what has changed.

const page = { report: null, wasShown: false, collected: 0, isBusy: false, timer: 0 };
/** From this age the figures are marked as old. */
const OLD_SECONDS = 300;

/** Reads the status and shows it. A failure leaves the last figures, whose age goes on counting. */
async function refresh({ isQuiet = false } = {}) {
  if (page.isBusy || !access.key) return;
  setBusy(true);
  try {
    const { body, date } = await call("Status");
    receive(body, date, isQuiet);
  } catch (failure) {
    fail(failure);
  } finally {
    setBusy(false);
    schedule();
  }
}

function setBusy(isBusy) {
  page.isBusy = isBusy;
  byId("report").setAttribute("aria-busy", String(isBusy));
  setText(byId("refresh"), isBusy ? "Refreshing …" : "Refresh");
}

function receive(report, date, isQuiet) {
  const previous = page.report;
  page.report = report;
  const age = secondsBetween(report.at, date ?? new Date().toISOString());
  page.collected = performance.now() - 1000 * Math.max(0, age || 0);
  showFailure(null);
  askForKey(false);
  render(report);
  if (!isQuiet) announce(changes(previous, report));
}

function render(report) {
  renderAlarms(report);
  renderPhases(report);
  renderJobs(report);
  renderPools(report);
  renderHistory(report);
  renderFailures(report);
  renderLimits(report);
  page.wasShown = true;
  tick();
}

function fail(failure) {
  const isRejectedKey = failure.status === 401;
  const cause = sentence(visible(failure.message));
  const isKnown = failure instanceof CallFailure;
  const rest = page.wasShown && isKnown ? " The figures below are those of the last success." : "";
  const text = isRejectedKey ? `${cause} Enter the current key.` : `The status could not be ${isKnown ? "read" : "shown"}: ${cause}${rest}`;
  showFailure(text);
  if (isRejectedKey) forget();
}

/** Shows a failure, or none. */
function showFailure(text) {
  byId("failure").replaceChildren(...(text ? [el("p", null, text)] : []));
}

/** Shows the form for the key, or hides it. */
function askForKey(isAsked) {
  const changes = byId("key-form").hidden === isAsked;
  show("key-form", isAsked);
  show("report", !isAsked && page.report);
  show("controls", !isAsked);
  if (changes) (isAsked ? byId("key") : byId("main")).focus({ preventScroll: true });
}

/** Forgets the key, and all that was shown with it. */
function forget() {
  forgetKey();
  page.report = null;
  byId("key").value = "";
  announce("");
  askForKey(true);
}

function schedule() {
  clearTimeout(page.timer);
  const seconds = Number(byId("interval").value);
  if (seconds > 0 && access.key) page.timer = setTimeout(refresh, seconds * 1000);
}

/** Counts the age of all figures. */
function tick() {
  if (!page.report) return;
  const age = (performance.now() - page.collected) / 1000;
  const { at, cached } = page.report;
  const place = byId("freshness");
  if (place.dataset.at !== at) {
    place.dataset.at = at;
    place.replaceChildren("As of ", time(at), ", ", el("span", { id: "age" }), el("span", { id: "cached" }));
  }
  setText(byId("age"), `${duration(age)} ago`);
  setText(byId("cached"), cached ? " (the report of an earlier request)" : "");
  place.classList.toggle("old", age > OLD_SECONDS);
}

function announce(text) {
  setText(byId("announcement"), text);
}

/** Returns a sentence about what has changed since the last report. */
function changes(previous, report) {
  const at = localTime(report.at, Date.now());
  const number = (one, test) => one.jobs.filter(test).length;
  const waits = (job) => !NOT_WAITING.has(job.phase);
  const summary = `${count(number(report, waits), "waiting job")}, ${count(number(report, (job) => !waits(job)), "running job")}`;
  if (!previous) return `Status of ${at}: ${summary}.`;
  const known = new Map(previous.jobs.map((job) => [job.job, job]));
  const present = new Set(report.jobs.map((job) => job.job));
  const news = [
    [number(report, (job) => !known.has(job.job)), "new"],
    [number(report, (job) => job.phase === "running" && known.has(job.job) && waits(known.get(job.job))), "started"],
    [number(previous, (job) => !present.has(job.job)), "no longer listed"],
  ];
  const texts = news.filter(([jobs]) => jobs > 0).map(([jobs, what]) => `${count(jobs, "job")} ${what}`);
  return texts.length ? `${sentenceList(texts)}: ${summary}.` : `No change at ${at}: ${summary}.`;
}

/** Lists what needs attention, each with a link to its section. */
function renderAlarms(report) {
  const items = [...alarmsOfReport(report), ...alarmsOfJobs(report), ...alarmsOfParts(report)].filter(Boolean);
  byId("alarms").replaceChildren(...items.map(alarmItem));
  show("calm", items.length === 0);
}

function alarmItem([level, text, section]) {
  const link = section ? el("a", { href: `#${section}-title` }, "Show") : null;
  return el("li", { class: level }, el("strong", null, level === "bad" ? "Problem: " : "Note: "), text, " ", link);
}

const PART_NAMES = { "refused-claims": "refused claims", groups: "runner groups", poison: "failed messages", messages: "the length of the queue" };

function alarmsOfReport({ unread, refused, complete }) {
  const names = unread.map((part) => PART_NAMES[part] ?? visible(part));
  const parts = `${sentenceList(names)} could not be read`;
  return [
    refused && ["bad", sentence(visible(refused))],
    names.length && !complete && ["bad", `The report is incomplete: ${parts}. What is missing below is not known to be absent.`],
    names.length && complete && ["note", sentence(parts)],
  ];
}

function alarmsOfJobs({ jobs, phases }) {
  const late = jobs.filter((job) => !NOT_WAITING.has(job.phase) && job.phase !== "gated" && waitOf(job) > LONG_WAIT_SECONDS);
  const unserved = phases.unserved ?? 0;
  return [
    unserved && ["bad", `${count(unserved, "job")} cannot be served by any runner under the current settings.`, "waiting"],
    late.length && ["bad", `${count(late.length, "job waits", "jobs wait")} longer than 30 minutes, the oldest for ${duration(Math.max(...late.map(waitOf)))}.`, "waiting"],
  ];
}

function alarmsOfParts({ pools, poison, lost_deliveries: lost, limits, paused = [] }) {
  const failing = pools.filter((pool) => pool.error).map(({ pool, error }) => ["bad", `Pool ${visible(pool)}: ${sentence(visible(error))}`, "pools"]);
  const abandoned = lost.filter((one) => one.abandoned).length;
  const low = limits.filter(({ resource, remaining, limit }) => !resource || remaining < limit / 10);
  return [
    ...failing,
    paused.length && ["note", `Paused: ${sentenceList(paused.map((one) => visible(one.profile)))}.`, "pools"],
    poison.length && ["note", `${count(poison.length, "message has", "messages have")} failed.`, "poison"],
    abandoned && ["note", `${count(abandoned, "lost delivery is", "lost deliveries are")} not redelivered any more.`, "lost"],
    low.length && ["note", `GitHub’s limits are nearly used up: ${sentenceList(low.map((one) => visible(limitName(one))))}.`, "limits"],
  ];
}

function connect() {
  setText(byId("host"), location.host);
  byId("refresh").addEventListener("click", () => refresh());
  byId("interval").addEventListener("change", schedule);
  byId("forget").addEventListener("click", forget);
  byId("filter").addEventListener("input", () => renderJobs(page.report));
  byId("period").addEventListener("change", () => renderLoad(page.report.history?.samples ?? []));
  byId("more-ended").addEventListener("click", () => {
    byId("ended").classList.toggle("short");
    labelMore(tables.ended.body.rows.length);
  });
  byId("replay-poison").addEventListener("click", () => askToReplayMessages("all"));
  byId("replay-lost").addEventListener("click", () => askToReplayDeliveries("all"));
  byId("key-form").addEventListener("submit", enterKey);
  addEventListener("hashchange", followAddress);
  connectDialog();
}

function enterKey(event) {
  event.preventDefault();
  const key = byId("key").value.trim();
  showFailure(isKey(key) ? null : "This is no key: it has spaces or other characters that a key does not have.");
  if (!isKey(key)) return;
  rememberKey(key);
  refresh();
}

/** Takes a key that was pasted into the address of the open page. */
function followAddress() {
  if (!location.hash.startsWith("#code=")) return;
  takeKey();
  refresh();
}

connect();
takeKey();
askForKey(!access.key);
setInterval(tick, 1000);
refresh();
