// Starts the GitHub emulator, and orders it about through its control port.

import { mkdtemp, mkdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { emulate, program, start } from "./programs.mjs";

/** The credential that the emulator takes. */
export const TOKEN = "ghp_conformance";
/** The enterprise that has all of its organizations. */
export const ENTERPRISE = "octo-enterprise";
/** The owner of repositories who is a person; every other owner is an organization. */
export const PERSON = "mona";

/** Starts an emulated GitHub. */
export async function startGithub() {
  const options = ["--token", TOKEN, "--person", PERSON, "--enterprise", ENTERPRISE];
  const { url, control, end } = await emulate("github", ...options);
  return {
    url,
    end,
    /** Has the control port do something. */
    order: (what, body = {}) => post(`${control}/${what}`, body),
    /** Registers a runner for a repository and lets it serve one job. */
    async serve(repository, name, labels) {
      const body = { name, labels, runner_group_id: 1 };
      const made = await post(`${url}/repos/${repository}/actions/runners/generate-jitconfig`, body);
      await serveOneJob(made.encoded_jit_config);
    },
  };
}

async function post(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Runs the stand-in for GitHub's runner until it ends. */
async function serveOneJob(configuration) {
  const home = await mkdtemp(path.join(tmpdir(), "mayfly-runner-"));
  try {
    await mkdir(path.join(home, "bin"));
    const [listener, worker] = ["Listener", "Worker"].map((name) => path.join(home, "bin", `Runner.${name}`));
    for (const name of [listener, worker]) await symlink(program("mayfly"), name);
    const runner = start(listener, ["run", "--jitconfig", configuration], { PATH: process.env.PATH });
    try {
      await runner.said.until(/^\(ended with 0\)$/m);
    } finally {
      await runner.end();
    }
  } finally {
    await rm(home, { recursive: true });
  }
}
