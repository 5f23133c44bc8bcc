// The calls of Status and Operate, and the key that they need.

const KEY_NAME = "mayfly-key";
/** Operate may take 200 s. */
const CALL_TIMEOUT_MS = 210_000;

/** A call that failed; the status is 0 if there was no response. */
class CallFailure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const access = { key: null };

/** Takes the key from the address, where it must not stay, or from this tab's storage. */
function takeKey() {
  const parts = [new URLSearchParams(location.hash.slice(1)), new URLSearchParams(location.search)];
  const given = parts.map((part) => part.get("code")).find((key) => key);
  if (parts.some((part) => part.has("code"))) history.replaceState(null, "", `${basePath()}StatusPage`);
  if (given && isKey(given)) rememberKey(given);
  else access.key = stored();
}

function stored() {
  try {
    return sessionStorage.getItem(KEY_NAME);
  } catch {
    return null;
  }
}

/** Keeps a key until the tab is closed; only in memory if the browser allows no storage. */
function rememberKey(key) {
  access.key = key;
  try {
    sessionStorage.setItem(KEY_NAME, key);
  } catch {
    // The next reload asks again.
  }
}

function forgetKey() {
  access.key = null;
  try {
    sessionStorage.removeItem(KEY_NAME);
  } catch {
    // Nothing was stored.
  }
}

/** Returns whether a text can be sent as a header. */
function isKey(text) {
  return /^[\x21-\x7e]{1,500}$/.test(text);
}

/** Returns the path of the functions, with a slash at its end: that of this page without its last part. */
function basePath() {
  return location.pathname.replace(/\/+$/, "").replace(/[^/]*$/, "");
}

/** Calls a function, with a body by POST, and returns its JSON and the seconds since the data were collected. */
async function call(name, body) {
  const response = await send(name, body);
  const parsed = await response.json().catch(() => null);
  if (response.ok && parsed) return { body: parsed, date: response.headers.get("date") };
  throw new CallFailure(response.status, parsed?.error ?? reason(response.status));
}

async function send(name, body) {
  const headers = { accept: "application/json", "x-functions-key": access.key };
  if (body) headers["content-type"] = "application/json";
  const options = { headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(CALL_TIMEOUT_MS) };
  if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  try {
    return await fetch(basePath() + name, options);
  } catch (error) {
    const timedOut = error.name === "TimeoutError";
    throw new CallFailure(0, timedOut ? "it did not answer in time" : "the app cannot be reached");
  }
}

function reason(status) {
  if (status === 401) return "the key was rejected: it is mistyped, of another app, or was renewed";
  if (status === 403) return "an access restriction of the app rejects your address";
  if (status === 200) return "the response is no report: is this the address of a Mayfly deployment?";
  if (status === 404) return "the app has no such function: is it an older version?";
  return `the response has status ${status}`;
}
