// Replay and pause: each asks first, in a sentence that says what will happen, and announces the result.

const pending = { action: null };

/** Asks for the confirmation of an action: its title, what will happen, its request, and whether it needs a reason. */
function ask(action) {
  pending.action = action;
  setText(byId("confirm-title"), action.title);
  setText(byId("confirm-text"), action.sentence);
  setText(byId("confirm-button"), action.verb);
  byId("why").value = "";
  byId("why").required = Boolean(action.needsWhy);
  show("why-field", action.needsWhy);
  byId("confirm").showModal();
  (action.needsWhy ? byId("why") : byId("confirm-button")).focus();
}

function connectDialog() {
  byId("cancel").addEventListener("click", () => byId("confirm").close());
  byId("confirm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const { action } = pending;
    const request = action.needsWhy ? { ...action.request, why: byId("why").value.trim() } : action.request;
    byId("confirm").close();
    operate(action.title, request);
  });
}

/** Sends a request to Operate, announces what was done or skipped, and reads the status again. */
async function operate(title, request) {
  announce(`${title}: requested …`);
  let result;
  try {
    result = outcome((await call("Operate", request)).body);
  } catch (failure) {
    result = `failed: ${operateFailure(failure)}`;
  }
  announce(`${title}: ${result}`);
  await refresh({ isQuiet: true });
}

function operateFailure({ status, message }) {
  const hint = "the key does not allow it: forget it, and enter the host key of the app";
  return sentence(status === 401 ? hint : visible(message));
}

/** Returns the response of Operate as sentences. */
function outcome({ done = [], skipped = [] }) {
  const skippedTexts = skipped.map(({ item, reason }) => `skipped ${item}: ${reason}`);
  const texts = [...done, ...skippedTexts].map((text) => sentence(visible(text)));
  if (texts.length === 0) return "there was nothing to do.";
  const more = texts.length > 5 ? ` And ${texts.length - 5} more.` : "";
  return texts.slice(0, 5).join(" ") + more;
}

function askToReplayJob(job) {
  ask({
    title: `Replay job ${job.job}`,
    verb: "Replay the job",
    sentence: `Mayfly looks at job ${job.job} of ${visible(job.repository)} again and requests a runner for it, unless it has one or waits no more.`,
    request: { operation: "replay", job: { repository: job.repository, id: job.job } },
  });
}

function askToReplayMessages(handle) {
  const isAll = handle === "all";
  ask({
    title: isAll ? "Replay all failed messages" : "Replay a failed message",
    verb: "Replay",
    sentence: `${isAll ? "Up to 32 failed messages go" : "The message goes"} back to the request queue. Jobs that still wait get their runners; others get none.`,
    request: { operation: "replay", poison: handle },
  });
}

function askToReplayDeliveries(guid) {
  const isAll = guid === "all";
  ask({
    title: isAll ? "Replay all abandoned deliveries" : "Replay a delivery",
    verb: "Replay",
    sentence: `GitHub is asked to send ${isAll ? "up to 50 abandoned webhook deliveries" : `webhook delivery ${visible(guid)}`} again.`,
    request: { operation: "replay", deliveries: guid },
  });
}

function askToPause(profile) {
  ask({
    title: `Pause profile ${visible(profile)}`,
    verb: "Pause the profile",
    needsWhy: true,
    sentence: `New jobs of profile ${visible(profile)} get a task, but no runner starts until the profile is resumed. Running jobs continue.`,
    request: { operation: "pause", profile },
  });
}

function askToResume(profile) {
  ask({
    title: `Resume profile ${visible(profile)}`,
    verb: "Resume the profile",
    sentence: `The waiting tasks of profile ${visible(profile)} start as soon as its pool has nodes for them.`,
    request: { operation: "resume", profile },
  });
}
