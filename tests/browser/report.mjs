// A report of a busy deployment with a history of a week, which no deployment on this machine has.

/** The time of the report. A Tuesday morning. */
export const AT = "2026-11-24T10:42:07Z";

const MINUTE = 60_000;
const UBUNTU = ["self-hosted", "ubuntu-latest"];
const WINDOWS = ["self-hosted", "windows-latest"];

/** Returns the time some minutes before the report. */
function ago(minutes) {
  return new Date(Date.parse(AT) - minutes * MINUTE).toISOString();
}

/** Returns numbers from 0 to 1 that are the same in each run. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function job(id, repository, workflow, labels, phase, minutes, wait_reason = null) {
  const isWaiting = ["gated", "unserved", "requested"].includes(phase);
  const profile = labels.includes("windows-latest") ? "windows" : labels.includes("gpu") ? null : "ubuntu";
  const task = isWaiting ? null : `gh-${52_000_000_000 + id}`;
  return { job: 52_000_000_000 + id, run: 19_400_000_000 + id, repository, workflow, labels, phase, created_at: ago(minutes), profile, task, wait_reason };
}

const JOBS = [
  job(31, "octo/deploy", "Release", UBUNTU, "gated", 96, "an approval, a concurrency group or another gate of GitHub"),
  job(38, "octo/models", "Train", ["self-hosted", "linux", "gpu"], "unserved", 41, 'no profile in setting RunnerProfiles has its label "gpu"'),
  job(52, "octo/app", "CI", UBUNTU, "requested", 0.4, "its runner is requested"),
  job(45, "octo/app", "CI", UBUNTU, "waiting-for-node", 3.4, "pool ubuntu is growing: it has 6 of 9 nodes"),
  job(46, "octo/app", "CI", UBUNTU, "waiting-for-node", 3.4, "pool ubuntu is growing: it has 6 of 9 nodes"),
  job(44, "octo/shop", "Installer", WINDOWS, "waiting-for-node", 12, "pool windows cannot grow (AccountCoreQuotaReached)"),
  job(47, "octo/api", "Integration tests", UBUNTU, "starting", 1.6, "its runner starts"),
  job(39, "octo/app", "Nightly", UBUNTU, "running", 34),
  job(40, "octo/api", "Integration tests", UBUNTU, "running", 17),
  job(41, "octo/api", "Lint", UBUNTU, "running", 9),
  job(42, "octo/shop", "CI", UBUNTU, "running", 8),
  job(43, "octo/shop", "CI", UBUNTU, "running", 5),
];

function ended(count) {
  const random = numbers(3);
  const pick = (items) => items[Math.floor(random() * items.length)];
  return Array.from({ length: count }, (_, index) => {
    const [repository, workflow] = pick([["octo/app", "CI"], ["octo/api", "Lint"], ["octo/shop", "CI"], ["octo/api", "Integration tests"]]);
    const conclusion = pick(["success", "success", "success", "success", "failure", "cancelled"]);
    const [wait_seconds, run_seconds] = [pick([9, 11, 12, 14, 95, 262, 388]), Math.round(60 + random() * 900)];
    const end = 2 + index * 7;
    return {
      task: `gh-${51_999_999_980 - index}`, job: 51_999_999_980 - index, run: 19_399_999_980 - index, repository, workflow, profile: "ubuntu",
      queued: ago(end + (wait_seconds + run_seconds) / 60), started: ago(end + run_seconds / 60), ended: ago(end), wait_seconds, run_seconds,
      node: `tvmps_${Math.floor(random() * 2 ** 32).toString(16).padStart(8, "0")}_d`, slots: 1, exit: 0, conclusion, cost: (0.0966 * run_seconds) / 3600,
    };
  });
}

/** Returns the load at a time: working days with a peak in the morning and one in the afternoon. */
function loadAt(ms, random) {
  const date = new Date(ms);
  const hour = date.getUTCHours() + date.getUTCMinutes() / 60;
  const peak = (at) => Math.exp(-((hour - at) ** 2) / 5);
  const day = [0, 6].includes(date.getUTCDay()) ? 0.12 : 1;
  // Some jobs at night, and waves of a quarter of an hour.
  const demand = day * (10 * peak(10.5) + 8 * peak(15)) + (random() < 0.08 ? 2 : 0) + Math.sin(ms / 150_000) * peak(11);
  const [nodes, running] = [Math.min(10, Math.ceil(demand)), Math.min(9, Math.round(demand * 0.85))];
  return { at: date.toISOString(), waiting: Math.max(0, Math.round(demand - running - 0.4)), running: Math.max(0, running), nodes: Math.max(0, nodes) };
}

function samples() {
  const random = numbers(11);
  const end = Date.parse(AT) - MINUTE;
  const coarse = Array.from({ length: 144 }, (_, index) => end - (24 + index) * 60 * MINUTE);
  const fine = Array.from({ length: 288 }, (_, index) => end - index * 5 * MINUTE);
  return [...fine, ...coarse].reverse().map((ms) => loadAt(ms, random));
}

function waits(profile, window, jobs, p50_seconds, p95_seconds, worst_seconds) {
  return { profile, window, jobs, p50_seconds, p95_seconds, worst_seconds };
}

function cost(repository, profile, jobs, minutes, node_minutes, rate, hosted) {
  const idle_share = 1 - minutes / node_minutes;
  return { repository, profile, month: "2026-11", jobs, minutes, node_minutes, idle_share, cost: (node_minutes * rate) / 60, hosted_cost: hosted && minutes * hosted };
}

/** Returns the report, with changes. */
export function busyReport(changes = {}) {
  const phases = {};
  for (const { phase } of JOBS) phases[phase] = (phases[phase] ?? 0) + 1;
  return {
    at: AT, github: "https://github.com/", cached: false, complete: true, unread: [], refused: null, messages: 1, phases, jobs: JOBS,
    pools: [
      { pool: "ubuntu", profiles: ["ubuntu", "ubuntu-2204"], nodes: 6, node_states: { running: 6 }, target: 9, maximum: 10, evaluated_at: ago(2.1), pending_tasks: 2, running_tasks: 6, error: null },
      { pool: "windows", profiles: ["windows"], nodes: 1, node_states: { starting: 1 }, target: 3, maximum: 4, evaluated_at: ago(3.8), pending_tasks: 1, running_tasks: 0, error: "AccountCoreQuotaReached" },
    ],
    paused: [{ profile: "ubuntu-2204", at: ago(118), who: "ann@desk", why: "the new image lacks git" }],
    poison: [{ handle: "8f0c1d52-6b1e-4f57-9d0e-2f6a1c9b7e11", poisoned_at: ago(6), job: 51_999_999_001, repository: "octo/app", disposition: "it is re-enqueued after ten minutes" }],
    polling: null, webhooks: ["orgs/octo/hooks/1"],
    lost_deliveries: [{ webhook: "orgs/octo/hooks/1", guid: "0b1c2d3e-c93f-11f0-8d1f-0123456789ab", at: ago(14), redeliveries: 2, abandoned: false }],
    limits: [{ account: null, resource: "core", limit: 5000, remaining: 4312, resets_at: ago(-31) }],
    history: {
      days: 400, currency: "USD", prices: { region: "westeurope", date: "2026-11-20" }, ended: ended(50),
      waits: [waits("ubuntu", "24h", 214, 12, 391, 655), waits("ubuntu", "7d", 1386, 13, 412, 1190), waits("windows", "24h", 9, 318, 902, 1015), waits("windows", "7d", 58, 305, 840, 1015)],
      costs: [cost("octo/app", "ubuntu", 1212, 9840, 11_730, 0.0966, 0.008), cost("octo/api", "ubuntu", 840, 5120, 6150, 0.0966, 0.008), cost("octo/shop", "windows", 92, 1480, 2290, 0.376, 0.016), cost(null, "ubuntu", 0, 0, 310, 0.0966, null)],
      samples: samples(),
    },
    ...changes,
  };
}
