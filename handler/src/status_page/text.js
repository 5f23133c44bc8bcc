// Texts: untrusted ones made visible, durations, times, numbers.

/** Returns a text in which invisible characters are written as ⟨U+202E⟩. Emoji keep the ones that belong to them. */
function visible(text) {
  const hidden = /(\p{ExtPict}\uFE0F?\u200D?)|[\p{C}\p{DI}\p{Zl}\p{Zp}]/gu;
  const code = (char) => char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return String(text).replace(hidden, (char, emoji) => emoji ?? `⟨U+${code(char)}⟩`);
}

/** Returns a duration in its two largest units: `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return pair(whole, 3600, "h", 60, "min");
  return pair(whole, 86400, "d", 3600, "h");
}

function pair(seconds, large, largeName, small, smallName) {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

/** Returns the seconds between two timestamps; NaN if one cannot be read. */
function secondsBetween(from, to) {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});

/** Returns a time in the operator's zone: the clock, with the day if it is another than that of `now`. */
function localTime(time, now) {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "–";
  return (at.toDateString() === new Date(now).toDateString() ? CLOCK : DAY_AND_CLOCK).format(at);
}

/** Returns a number with its noun: `1 job`, `2 jobs`. */
function count(number, noun, plural = `${noun}s`) {
  return `${integer(number)} ${number === 1 ? noun : plural}`;
}

/** Returns a number with separators between thousands; a dash if it is unknown. */
function integer(number) {
  return Number.isFinite(number) ? new Intl.NumberFormat("en").format(number) : "–";
}

/** Returns an amount of money; a dash if it is unknown. */
function money(amount, currency) {
  if (!Number.isFinite(amount)) return "–";
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return `${new Intl.NumberFormat("en", digits).format(amount)} ${visible(currency ?? "")}`.trim();
}

/** Returns a share as percentage; a dash if it is unknown. */
function percentage(share) {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "–";
}

/** Returns a list in a sentence: `a`, `a and b`, `a, b and c`. */
function sentenceList(items) {
  return new Intl.ListFormat("en-GB", { type: "conjunction" }).format(items);
}

/** Returns whether a text is an owner and a name that GitHub allows, so that it is safe in an address. The place of a pipeline of Azure DevOps has a dot in its owner. */
function isRepository(text) {
  const dots = /(^|\/)\.{1,2}(\/|$)/;
  return /^[A-Za-z0-9_-]{1,100}\/[A-Za-z0-9._-]{1,100}$/.test(text) && !dots.test(text);
}

/** Returns the address of GitHub's web pages if it is one: `https`, a host, and nothing that a link would leak. */
function githubAddress(text) {
  if (!URL.canParse(text ?? "")) return null;
  const url = new URL(text);
  if (url.protocol !== "https:" || url.username || url.password || url.search || url.hash) return null;
  return url.href.replace(/\/$/, "");
}
