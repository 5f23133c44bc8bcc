// Charts: lines of waiting and running jobs and nodes over time. Each has a title, a description, and a table of its data.

/** In the order in which they are drawn: nodes are an area behind the lines. */
const SERIES = [
  ["nodes", "Nodes"],
  ["running", "Running jobs"],
  ["waiting", "Waiting jobs"],
];
const CHART = { width: 720, height: 160 };
/** A longer time between two samples is a gap: nothing was recorded. */
const GAP_FACTOR = 4;

/** Returns the samples of the last hours. */
function samplesOf(samples, hours, now) {
  const from = Date.parse(now) - hours * 3_600_000;
  return samples
    .map((sample) => ({ ...sample, ms: Date.parse(sample.at) }))
    .filter(({ ms }) => ms >= from)
    .sort((one, other) => one.ms - other.ms);
}

/** Creates the chart of the last hours. */
function loadChart(samples, hours, now) {
  const shown = samplesOf(samples, hours, now);
  if (shown.length < 2) return el("p", { class: "empty" }, page.report.history?.days === 0 ? "No history is recorded." : "There are not enough samples yet. Each reconciliation adds one.");
  const highest = Math.max(1, ...shown.flatMap((sample) => SERIES.map(([name]) => sample[name] ?? 0)));
  const scale = { from: Date.parse(now) - hours * 3_600_000, to: Date.parse(now), top: niceTop(highest) };
  const plot = el("div", { class: "plot" }, yLabels(scale.top), drawing(shown, scale, hours), xLabels(scale));
  return el("figure", { class: "chart" }, legend(), plot, samplesTable(shown, hours));
}

/** Returns the next round number: 1, 2, 4, 5 or 10 times a power of ten. */
function niceTop(highest) {
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((top) => top >= highest);
}

function drawing(samples, scale, hours) {
  const box = { viewBox: `0 0 ${CHART.width} ${CHART.height}`, preserveAspectRatio: "none", role: "img", "aria-labelledby": "load-chart-title load-chart-text" };
  return svg("svg", box,
    svg("title", { id: "load-chart-title" }, `Jobs and nodes over ${hours === 24 ? "24 hours" : "7 days"}`),
    svg("desc", { id: "load-chart-text" }, description(samples)),
    ...[0.25, 0.5, 0.75, 1].map((share) => gridLine(CHART.height * (1 - share))),
    ...SERIES.map(([name]) => svg("path", { class: `line ${name}`, d: linePath(samples, name, scale) })));
}

function gridLine(y) {
  return svg("line", { class: "grid", x1: 0, x2: CHART.width, y1: y, y2: y });
}

/** Returns steps: a value holds until the next sample. A gap is not bridged. The nodes are areas, down to the axis. */
function linePath(samples, name, { from, to, top }) {
  const isArea = name === "nodes";
  const usual = median(samples.slice(1).map((sample, index) => sample.ms - samples[index].ms));
  const x = ({ ms }) => ((CHART.width * (ms - from)) / (to - from)).toFixed(1);
  const y = (sample) => (CHART.height * (1 - (sample[name] ?? 0) / top)).toFixed(1);
  return samples.map((sample, index) => {
    const starts = index === 0 || sample.ms - samples[index - 1].ms > GAP_FACTOR * usual;
    if (!starts) return `H${x(sample)}V${y(sample)}`;
    const end = isArea && index > 0 ? `V${CHART.height}` : "";
    return `${end}M${x(sample)} ${isArea ? `${CHART.height}V` : ""}${y(sample)}`;
  }).join("") + (isArea ? `V${CHART.height}` : "");
}

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function description(samples) {
  const last = samples.at(-1);
  const text = ([name, title]) => `${title}: at most ${integer(Math.max(...samples.map((one) => one[name] ?? 0)))}, ${integer(last[name])} at last`;
  return `${SERIES.map(text).join(". ")}.`;
}

function yLabels(top) {
  return el("div", { class: "y", "aria-hidden": "true" }, ...[top, top / 2, 0].map((value) => el("span", null, integer(value))));
}

function xLabels({ from, to }) {
  const at = [0, 0.25, 0.5, 0.75, 1].map((share) => new Date(from + share * (to - from)));
  return el("div", { class: "x", "aria-hidden": "true" }, ...at.map((date) => el("span", null, axisTime(date, to - from))));
}

function axisTime(date, span) {
  const isLong = span > 90_000_000;
  const format = isLong ? { weekday: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(undefined, format).format(date);
}

function legend() {
  const item = ([name, title]) => el("li", null, swatch(name), title);
  return el("figcaption", null, el("ul", { class: "legend" }, ...SERIES.map(item)));
}

function swatch(name) {
  return svg("svg", { viewBox: "0 0 24 8", class: "swatch", "aria-hidden": "true" }, svg("path", { class: `line ${name}`, d: name === "nodes" ? "M0 0H24V8H0Z" : "M0 4H24" }));
}

/** Creates the table of a chart: the highest values of each hour, or of six hours. */
function samplesTable(samples, hours) {
  const bucket = (hours === 24 ? 1 : 6) * 3_600_000;
  const buckets = Map.groupBy(samples, ({ ms }) => Math.floor(ms / bucket) * bucket);
  const table = createTable(`Highest values of each ${hours === 24 ? "hour" : "six hours"}`, SAMPLE_COLUMNS);
  patchTable(table, [...buckets].map(highestOf).reverse(), ({ from }) => from);
  return el("details", { class: "data" }, el("summary", null, "The data as a table"), table);
}

function highestOf([from, samples]) {
  const highest = ([name]) => [name, Math.max(...samples.map((sample) => sample[name] ?? 0))];
  return { from, ...Object.fromEntries(SERIES.map(highest)) };
}

const SAMPLE_COLUMNS = [
  { head: "From", value: ({ from }) => from, make: ({ from }) => time(from) },
  ...SERIES.map(([name, head]) => numberColumn(head, (row) => integer(row[name]))),
];

/** Draws the median, the 95th percentile and the worst wait on a line as long as the worst of all. */
function waitBar(row, worst) {
  const share = (seconds) => ((100 * (seconds ?? 0)) / Math.max(worst, 1)).toFixed(1);
  const id = `wait-${encodeURIComponent(row.profile)}-${row.window}`;
  const text = `Median ${duration(row.p50_seconds)}, 95th percentile ${duration(row.p95_seconds)}, worst ${duration(row.worst_seconds)}`;
  const box = { viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "waitbar", role: "img", "aria-labelledby": `${id}-title ${id}-text` };
  return svg("svg", box,
    svg("title", { id: `${id}-title` }, `Waits of ${visible(row.profile)}, ${row.window}`),
    svg("desc", { id: `${id}-text` }, text),
    svg("rect", { class: "worst", y: 4, height: 2, width: share(row.worst_seconds) }),
    svg("rect", { class: "p95", y: 1.5, height: 7, width: share(row.p95_seconds) }),
    svg("rect", { class: "p50", y: 1.5, height: 7, width: share(row.p50_seconds) }));
}
