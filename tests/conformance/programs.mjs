// Starts programs of the project, listens to what they say, and ends them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** Where cargo's debug build lays the programs. */
const PROGRAMS = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "debug");
/** What has not been said by then never will be. */
const PATIENCE = 20_000;

/** Names a program of the project. */
export function program(name) {
  return path.join(PROGRAMS, name);
}

/** Starts a program with this environment and no other. */
export function start(file, args = [], environment = {}) {
  const child = spawn(file, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const said = new Said(path.basename(file));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => said.add(text));
  }
  child.on("exit", (code, signal) => said.add(`\n(ended with ${code ?? signal})\n`));
  child.on("error", (error) => said.add(`\n(${error.message})\n`));
  return {
    said,
    ended,
    /** Ends the program as the machine does: without a question. */
    async end() {
      if (child.exitCode === null && child.signalCode === null && child.pid) {
        child.kill("SIGKILL");
        await ended;
      }
    },
  };
}

/** Starts an emulator of the command line `mayfly`; gives its addresses when it answers. */
export async function emulate(which, ...args) {
  const running = start(program("mayfly"), ["emulate", which, ...args], { PATH: process.env.PATH });
  const [line] = await orEnd(running, running.said.until(/^\{.*"ready".*\}$/m));
  const { url, control } = JSON.parse(line);
  return { url, control, end: running.end };
}

/** Waits for something, without which a program is not left running. */
export async function orEnd(running, something) {
  try {
    return await something;
  } catch (error) {
    await running.end();
    throw error;
  }
}

/** Finds a port that is free, as the Functions host does for its worker. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Ends all of them, the last first. */
export async function endAll(running) {
  for (const one of running.splice(0).reverse()) {
    await one.end();
  }
}

/** What a program has said so far. */
class Said {
  #who;
  #text = "";
  #waiting = new Set();

  constructor(who) {
    this.#who = who;
  }

  get text() {
    return this.#text;
  }

  add(text) {
    this.#text += text;
    for (const look of this.#waiting) look();
  }

  /** Waits until it has said something like this. */
  until(pattern) {
    return new Promise((found, inVain) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        inVain(new Error(`${this.#who} never said ${pattern}; it said:\n${this.#text}`));
      }, PATIENCE);
      const look = () => {
        const match = this.#text.match(pattern);
        if (!match) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        found(match);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
