// Starts programs of the project, reads their output, and ends them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** The folder of cargo's debug build. */
const PROGRAMS = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "debug");
/** Milliseconds to wait for output. */
const TIMEOUT = 20_000;

/** Returns the path of a program of the project. */
export function program(name) {
  return path.join(PROGRAMS, name);
}

/** Starts a program with only these environment variables. */
export function start(file, args = [], environment = {}) {
  const child = spawn(file, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const output = new Output(path.basename(file));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => output.add(text));
  }
  child.on("exit", (code, signal) => output.add(`\n(ended with ${code ?? signal})\n`));
  child.on("error", (error) => output.add(`\n(${error.message})\n`));
  return {
    output,
    ended,
    /** Kills the program. */
    async end() {
      if (child.exitCode === null && child.signalCode === null && child.pid) {
        child.kill("SIGKILL");
        await ended;
      }
    },
  };
}

/** Runs `mayfly emulate`; returns the addresses of the emulator, and how to reach its control port, when it is ready. */
export async function emulate(which, ...args) {
  const running = start(program("mayfly"), ["emulate", which, ...args], { PATH: process.env.PATH });
  const [line] = await orEnd(running, running.output.until(/^\{.*"ready".*\}$/m));
  const { url, control, token } = JSON.parse(line);
  return { url, control: { url: control, token }, end: running.end };
}

/** Waits for a promise, and ends the program if it fails. */
export async function orEnd(running, promise) {
  try {
    return await promise;
  } catch (error) {
    await running.end();
    throw error;
  }
}

/** Finds a free port, as the Functions host does for its worker. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Ends all programs in reverse order. */
export async function endAll(running) {
  for (const one of running.splice(0).reverse()) {
    await one.end();
  }
}

/** The output of a program so far. */
class Output {
  #program;
  #text = "";
  #waiting = new Set();

  constructor(program) {
    this.#program = program;
  }

  get text() {
    return this.#text;
  }

  add(text) {
    this.#text += text;
    for (const check of this.#waiting) check();
  }

  /** Waits until the output matches a pattern. */
  until(pattern) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`the output of ${this.#program} does not match ${pattern}:\n${this.#text}`));
      }, TIMEOUT);
      const check = () => {
        const match = this.#text.match(pattern);
        if (!match) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(match);
      };
      this.#waiting.add(check);
      check();
    });
  }
}
