// Starts the GitHub emulator and controls it through its control port.

import { mkdtemp, mkdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { emulate, program, start } from "./programs.mjs";

/** The credential that the emulator accepts. */
export const TOKEN = "ghp_conformance";
/** The enterprise that has all of its organizations. */
export const ENTERPRISE = "octo-enterprise";
/** The owner of repositories that is a user; every other owner is an organization. */
export const PERSON = "mona";

/** Starts an emulated GitHub, with more options. */
export async function startGithub(...more) {
  const options = ["--token", TOKEN, "--person", PERSON, "--enterprise", ENTERPRISE, ...more];
  const { url, control, end } = await emulate("github", ...options);
  return {
    url,
    end,
    /** Sends a command to the control port. */
    command: (path, body = {}) => post(`${control.url}/${path}`, body, control.token),
    /** Registers a runner for a repository and lets it serve one job. */
    async serve(repository, name, labels) {
      const body = { name, labels, runner_group_id: 1 };
      const made = await post(`${url}/repos/${repository}/actions/runners/generate-jitconfig`, body, TOKEN);
      await serveOneJob(made.encoded_jit_config);
    },
  };
}

async function post(url, body, token) {
  const response = await fetch(url, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Runs the runner emulator until it exits. */
async function serveOneJob(configuration) {
  const home = await mkdtemp(path.join(tmpdir(), "mayfly-runner-"));
  try {
    await mkdir(path.join(home, "bin"));
    const [listener, worker] = ["Listener", "Worker"].map((name) => path.join(home, "bin", `Runner.${name}`));
    for (const name of [listener, worker]) await symlink(program("mayfly"), name);
    const runner = start(listener, ["run", "--jitconfig", configuration], { PATH: process.env.PATH });
    try {
      await runner.output.until(/^\(ended with 0\)$/m);
    } finally {
      await runner.end();
    }
  } finally {
    await rm(home, { recursive: true });
  }
}
