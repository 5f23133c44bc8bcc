// Elements: created from tags and texts. No text ever becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** Creates an element. `on` has its listeners; other properties are attributes, and null ones are left out. */
function el(tag, properties, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** Creates an element of a chart. */
function svg(tag, properties, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name === "on") listen(element, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}

/** Returns the element of the document with this id. */
function byId(id) {
  return document.getElementById(id);
}

/** Shows or hides the element with this id. */
function show(id, isShown) {
  byId(id).hidden = !isShown;
}

/** Sets a text if it has changed, so that a screen reader or a selection is not disturbed. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Creates a text that others have chosen: isolated from its surroundings, with its invisible characters shown. */
function untrusted(text, className) {
  return el("bdi", { class: className ?? null }, visible(text));
}

/** Creates a time with its UTC form as title. */
function time(at) {
  return timed(at, localTime(at, page.report.at));
}

/** Creates the duration since a time, whose title is the time. */
function since(at) {
  return timed(at, duration(ageOf(at)));
}

/** Creates the same with the word "ago". */
function ago(at) {
  return el("span", null, since(at), " ago");
}

function timed(at, text) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return el("span", null, "–");
  return el("time", { datetime: date.toISOString(), title: utc(date) }, text);
}

/** Returns the seconds from a time to the collection of the report. */
function ageOf(at) {
  return secondsBetween(at, page.report.at);
}

function utc(date) {
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Creates a link to a page of GitHub if its address is known and the path is built from checked parts. */
function githubLink(path, text, label) {
  const base = githubAddress(page.report?.github);
  if (!base || !path) return untrusted(text);
  const attributes = { href: `${base}/${path}`, rel: "noopener noreferrer", "aria-label": label ?? null };
  return el("a", attributes, untrusted(text));
}

/** Creates a link to a repository. */
function repositoryLink(repository) {
  return githubLink(isRepository(repository) ? repository : null, repository);
}

/** Creates a link to a job, or to its text if it has no run. */
function jobLink({ job, run, repository }) {
  const isKnown = isRepository(repository) && Number.isSafeInteger(run) && run > 0 && Number.isSafeInteger(job);
  return githubLink(isKnown ? `${repository}/actions/runs/${run}/job/${job}` : null, String(job), `Job ${job}`);
}

/** Creates a button. */
function button(text, label, onClick) {
  return el("button", { type: "button", "aria-label": label, on: { click: onClick } }, text);
}

/** Creates the labels of a job; of many, the first ones, and the others on demand. */
function labels(all) {
  const [first, rest] = all.length > 7 ? [all.slice(0, 6), all.slice(6)] : [all, []];
  const list = el("ul", { class: "labels" }, ...first.map(labelItem));
  if (rest.length === 0) return list;
  const more = el("details", null, el("summary", null, `${rest.length} more labels`));
  more.append(el("ul", { class: "labels" }, ...rest.map(labelItem)));
  return el("div", null, list, more);
}

function labelItem(text) {
  return el("li", null, untrusted(text));
}
