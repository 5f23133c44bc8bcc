// Jobs: counts by phase, and the tables of waiting and running jobs.

/** The phases in the order of a job, each with its title and its meaning. */
const PHASES = [
  ["gated", "Gated", "an approval or a concurrency group holds it"],
  ["unserved", "Unserved", "no runner can serve it"],
  ["requested", "Requested", "its runner is requested"],
  ["waiting-for-node", "Waiting for a node", "its task is in the pool’s queue"],
  ["starting", "Starting", "its runner starts"],
  ["waiting-for-github", "Waiting for GitHub", "its runner is online"],
  ["running", "Running", "on a runner"],
  ["ending", "Ending", "its task ends"],
];
const NOT_WAITING = new Set(["running", "ending"]);
/** Jobs in these phases may have no runner that would serve them. */
const REPLAYABLE = new Set(["unserved", "requested"]);
const LONG_WAIT_SECONDS = 1800;
/** So many running jobs are shown at first. */
const MAX_OPEN_RUNNING = 15;

function phaseTitle(phase) {
  return PHASES.find(([name]) => name === phase)?.[1] ?? visible(phase);
}

function waitOf(job) {
  return ageOf(job.created_at);
}

/** Returns a reason as a sentence. */
function sentence(text) {
  const trimmed = String(text).trim();
  const end = /[.!?…]$/.test(trimmed) ? "" : ".";
  return trimmed ? trimmed[0].toUpperCase() + trimmed.slice(1) + end : "";
}

function renderPhases({ phases, jobs }) {
  const tiles = PHASES.map(([phase, title, meaning]) => phaseTile(phase, title, meaning, phases[phase] ?? 0, jobs));
  byId("phases").replaceChildren(...tiles);
}

function phaseTile(phase, title, meaning, number, jobs) {
  const ages = jobs.filter((job) => job.phase === phase).map(waitOf);
  const oldest = ages.length ? `oldest ${duration(Math.max(...ages))}` : number ? "age not listed" : "";
  const kind = number === 0 ? "none" : phase;
  return el("li", { class: `phase ${kind}` },
    el("span", { class: "number" }, integer(number)),
    el("span", { class: "title" }, title),
    el("span", { class: "oldest" }, oldest),
    el("span", { class: "meaning" }, meaning));
}

const JOB_COLUMN = { head: "Job", value: (job) => `${job.job} ${job.run} ${job.workflow ?? ""}`, make: jobCell };

const WAITING_COLUMNS = [
  JOB_COLUMN,
  repositoryColumn(),
  { head: "Labels", value: (job) => JSON.stringify(job.labels), make: (job) => labels(job.labels) },
  ageColumn("Waits", "created_at", since),
  { head: "Why it waits", kind: "reason", value: (job) => `${job.phase} ${job.task} ${job.wait_reason}`, make: reasonCell },
  actionColumn((job) => String(canReplay(job)), replayCell),
];

const RUNNING_COLUMNS = [
  JOB_COLUMN,
  repositoryColumn(),
  { head: "Phase", value: (job) => phaseTitle(job.phase) },
  textColumn("Profile", "profile"),
  textColumn("Task", "task"),
  ageColumn("Created", "created_at"),
];

function jobCell(job) {
  return el("div", null, job.workflow ? untrusted(`${job.workflow} `) : null, el("span", { class: "number" }, jobLink(job)));
}

function reasonCell(job) {
  const task = job.task ? el("span", { class: "note" }, "Task ", untrusted(job.task)) : null;
  const phase = el("span", { class: `badge ${job.phase}` }, phaseTitle(job.phase));
  return el("div", null, phase, " ", el("bdi", null, sentence(visible(job.wait_reason ?? "The reason is not known"))), " ", task);
}

function canReplay(job) {
  return REPLAYABLE.has(job.phase) && !job.task && isRepository(job.repository) && Number.isSafeInteger(job.job);
}

function replayCell(job) {
  if (!canReplay(job)) return "";
  return button("Replay", `Replay job ${job.job}`, () => askToReplayJob(job));
}

const tables = {
  waiting: createTable("Waiting jobs, the oldest of each phase first", WAITING_COLUMNS),
  running: createTable("Running and ending jobs", RUNNING_COLUMNS),
};

function renderJobs(report) {
  const waiting = report.jobs.filter((job) => !NOT_WAITING.has(job.phase));
  const shown = waiting.filter(matchesFilter);
  patchTable(tables.waiting, shown, (job) => job.job);
  showTable("waiting", tables.waiting, emptyJobs(report, waiting));
  show("filter-label", waiting.length > 5 || byId("filter").value);
  show("filtered", shown.length < waiting.length);
  setText(byId("filtered"), `${integer(shown.length)} of ${count(waiting.length, "waiting job")} match the filter.`);
  renderRunning(report);
  renderOmitted(report);
}

function matchesFilter(job) {
  const wanted = byId("filter").value.trim().toLowerCase();
  const texts = [job.job, job.workflow, job.repository, ...job.labels, job.phase, job.profile, job.task, job.wait_reason];
  return !wanted || texts.some((text) => String(text ?? "").toLowerCase().includes(wanted));
}

function emptyJobs(report, waiting) {
  if (waiting.length > 0) return "No waiting job matches the filter.";
  if (report.unread.includes("jobs") || report.refused) return "The jobs could not be read, so it is not known whether any waits.";
  return "No job waits. A job whose labels a profile has appears here seconds after it was queued.";
}

function renderRunning(report) {
  const running = report.jobs.filter((job) => NOT_WAITING.has(job.phase));
  const all = (report.phases.running ?? 0) + (report.phases.ending ?? 0);
  patchTable(tables.running, running, (job) => `${job.job} ${job.task}`);
  showTable("running", tables.running, all ? "More than 500 jobs wait, so running ones are not listed." : "No job runs.");
  setText(byId("running-summary"), `${count(all, "job")} ${all === 1 ? "runs" : "run"}`);
  if (!page.wasShown) byId("running-details").open = running.length > 0 && running.length <= MAX_OPEN_RUNNING;
}

function renderOmitted({ jobs, phases }) {
  const all = Object.values(phases).reduce((sum, number) => sum + number, 0);
  show("omitted", all > jobs.length);
  setText(byId("omitted"), `${count(all - jobs.length, "more job is", "more jobs are")} not listed: only those that have waited longest.`);
}
