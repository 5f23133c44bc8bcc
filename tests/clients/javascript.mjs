// Drives the Batch emulator by @azure/batch; prints a JSON line for each operation: its name, and what it raised.
//
//   node javascript.mjs PACKAGE URL ACCOUNT KEY

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

const [, , name, url, account, key] = process.argv;
const { BatchServiceClient, BatchSharedKeyCredentials } = (await import(name)).default;
const client = new BatchServiceClient(new BatchSharedKeyCredentials(account, key), url);
console.log(JSON.stringify({ version: client.apiVersion }));

const virtualMachineConfiguration = {
  imageReference: { publisher: "canonical", offer: "ubuntu-24_04-lts", sku: "server" },
  nodeAgentSKUId: "batch.node.ubuntu 24.04",
};
const formula = "$TargetDedicatedNodes = 2; $NodeDeallocationOption = taskcompletion;";

async function tries(operation, call) {
  const outcome = { operation };
  try {
    await call();
  } catch (error) {
    outcome.error = `${error.stack} ${JSON.stringify(error.body ?? error.code ?? "")}`;
  }
  console.log(JSON.stringify(outcome));
}

async function until(what, ready) {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(50)) {
    const result = await ready();
    if (result) return result;
  }
  throw new Error(`no ${what} within a minute`);
}

async function all(list, next, ...where) {
  const items = [];
  let page = await list(...where);
  for (; ; page = await next(page.odatanextLink)) {
    items.push(...page);
    if (!page.odatanextLink) return items;
  }
}

async function text(response) {
  const chunks = [];
  for await (const chunk of response.readableStreamBody) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function pools() {
  const { pool, account } = client;
  await tries("pool.add", () =>
    pool.add({ id: "p", vmSize: "Standard_D2s_v3", virtualMachineConfiguration, targetDedicatedNodes: 1 }));
  await tries("pool.exists", async () => {
    assert.equal((await pool.exists("p")).body, true);
    assert.equal((await pool.exists("absent")).body, false);
  });
  await tries("pool.get", async () => {
    const found = await until("node", async () => {
      const one = await pool.get("p");
      return one.currentDedicatedNodes === 1 && one.allocationState === "steady" && one;
    });
    assert.equal(found.vmSize, "Standard_D2s_v3");
  });
  await tries("pool.list", async () => {
    const found = await all(pool.list.bind(pool), pool.listNext.bind(pool), { poolListOptions: { maxResults: 1 } });
    assert.deepEqual(found.map((one) => one.id), ["linux", "p"]);
  });
  await tries("pool.patch", async () => {
    await pool.patch("p", { metadata: [{ name: "team", value: "build" }] });
    assert.equal((await pool.get("p")).metadata[0].value, "build");
  });
  await tries("pool.updateProperties", async () => {
    const lists = { certificateReferences: [], applicationPackageReferences: [], metadata: [] };
    await pool.updateProperties("p", { ...lists, startTask: { commandLine: "/bin/true" } });
    const { metadata, startTask } = await pool.get("p");
    assert.deepEqual([metadata, startTask.commandLine], [[], "/bin/true"]);
  });
  await tries("pool.resize", async () => {
    await pool.resize("p", { targetDedicatedNodes: 2, nodeDeallocationOption: "requeue" });
    await until("second node", async () => (await pool.get("p")).currentDedicatedNodes === 2);
  });
  await tries("pool.stopResize", async () => {
    await until("steady pool", async () => (await pool.get("p")).allocationState === "steady");
    await pool.resize("p", { targetDedicatedNodes: 3 });
    await pool.stopResize("p");
    await until("steady pool", async () => (await pool.get("p")).allocationState === "steady");
  });
  await tries("pool.enableAutoScale", () =>
    pool.enableAutoScale("p", { autoScaleFormula: formula, autoScaleEvaluationInterval: "PT5M" }));
  await tries("pool.evaluateAutoScale", async () => {
    const { results } = await pool.evaluateAutoScale("p", formula);
    assert.match(results, /\$TargetDedicatedNodes=2/);
  });
  await tries("pool.disableAutoScale", async () => {
    await pool.disableAutoScale("p");
    assert.equal((await pool.get("p")).enableAutoScale, false);
  });
  await tries("account.listSupportedImages", async () => assert.ok((await account.listSupportedImages()).length > 1));
  await tries("account.listPoolNodeCounts", async () => {
    const [linux] = await account.listPoolNodeCounts({ accountListPoolNodeCountsOptions: { filter: "poolId eq 'linux'" } });
    assert.equal(linux.dedicated.total, 2);
  });
  await tries("pool.listUsageMetrics", () => pool.listUsageMetrics());
}

async function nodes() {
  const { computeNode, pool } = client;
  let node;
  await tries("computeNode.list", async () => {
    [node] = await until("idle node", async () => {
      const found = await computeNode.list("p", { computeNodeListOptions: { filter: "state eq 'idle'" } });
      return found.length > 0 && found;
    });
  });
  await tries("computeNode.get", async () => assert.equal((await computeNode.get("p", node.id)).isDedicated, true));
  await tries("pool.removeNodes", async () => {
    await until("steady pool", async () => (await pool.get("p")).allocationState === "steady");
    await pool.removeNodes("p", { nodeList: [node.id] });
    await until("removal", async () => (await computeNode.list("p")).every((one) => one.id !== node.id));
  });
  await tries("computeNode.disableScheduling", async () => {
    await computeNode.disableScheduling("linux", "tvm-linux-1");
    assert.equal((await computeNode.get("linux", "tvm-linux-1")).schedulingState, "disabled");
  });
  await tries("computeNode.enableScheduling", () => computeNode.enableScheduling("linux", "tvm-linux-1"));
  await tries("computeNode.reboot", async () => {
    await computeNode.reboot("linux", "tvm-linux-1");
    await until("reboot", async () => (await computeNode.get("linux", "tvm-linux-1")).state === "idle");
  });
  await tries("file.listFromComputeNode", async () => {
    const found = await client.file.listFromComputeNode("linux", "tvm-linux-1");
    assert.ok(found.some((file) => file.name === "workitems"));
  });
}

async function jobs() {
  const { job } = client;
  await tries("job.add", async () => {
    await job.add({ id: "job", poolInfo: { poolId: "linux" }, priority: 7, onAllTasksComplete: "noaction" });
    await job.add({ id: "other", poolInfo: { poolId: "linux" } });
  });
  await tries("job.get", async () => assert.equal((await job.get("job")).priority, 7));
  await tries("job.list", async () => {
    const found = await all(job.list.bind(job), job.listNext.bind(job), { jobListOptions: { maxResults: 1 } });
    assert.deepEqual(found.map((one) => one.id), ["job", "other"]);
  });
  await tries("job.patch", async () => {
    await job.patch("job", { priority: 9 });
    assert.equal((await job.get("job")).priority, 9);
  });
  await tries("job.update", async () => {
    await job.update("job", { poolInfo: { poolId: "linux" }, priority: 1 });
    assert.equal((await job.get("job")).priority, 1);
  });
  await tries("job.disable", async () => {
    await job.disable("other", "requeue");
    await until("disabled job", async () => (await job.get("other")).state === "disabled");
  });
  await tries("job.enable", () => job.enable("other"));
  await tries("job.terminate", async () => {
    await job.terminate("other", { terminateReason: "enough" });
    await until("end", async () => (await job.get("other")).executionInfo.terminateReason === "enough");
  });
  await tries("job.deleteMethod", async () => {
    await job.deleteMethod("other");
    await until("deletion", async () => (await job.list()).length === 1);
  });
}

async function tasks() {
  const { task, file, job } = client;
  const completed = (id) =>
    until(`end of ${id}`, async () => {
      const one = await task.get("job", id);
      return one.state === "completed" && one;
    });
  await tries("task.add", () =>
    task.add("job", {
      id: "hello",
      commandLine: "/bin/sh -c 'echo hello $NAME'",
      environmentSettings: [{ name: "NAME", value: "node" }],
      constraints: { maxTaskRetryCount: 0, retentionTime: "P1D" },
    }));
  await tries("task.addCollection", async () => {
    const { value } = await task.addCollection("job", [
      { id: "fails", commandLine: "/bin/sh -c 'exit 3'" },
      { id: "long", commandLine: "/bin/sleep 600" },
    ]);
    assert.deepEqual(value.map((one) => one.status.toLowerCase()), ["success", "success"]);
  });
  await tries("task.get", async () => {
    const { executionInfo } = await completed("hello");
    assert.deepEqual([executionInfo.exitCode, executionInfo.result], [0, "success"]);
    assert.equal((await completed("fails")).executionInfo.exitCode, 3);
  });
  await tries("task.list", async () => {
    const found = await all(task.list.bind(task), task.listNext.bind(task), "job", { taskListOptions: { maxResults: 2 } });
    assert.deepEqual(found.map((one) => one.id), ["fails", "hello", "long"]);
  });
  await tries("task.reactivate", async () => {
    await task.reactivate("job", "fails");
    await completed("fails");
  });
  await tries("task.update", async () => {
    await task.update("job", "long", { constraints: { maxTaskRetryCount: 2 } });
    assert.equal((await task.get("job", "long")).constraints.maxTaskRetryCount, 2);
  });
  await tries("task.terminate", async () => {
    await task.terminate("job", "long");
    await completed("long");
  });
  await tries("job.getTaskCounts", async () => {
    const { taskCounts } = await job.getTaskCounts("job");
    assert.deepEqual([taskCounts.succeeded, taskCounts.failed], [1, 2]);
  });
  await tries("file.listFromTask", async () => {
    const files = await file.listFromTask("job", "hello", { fileListFromTaskOptions: {}, recursive: true });
    assert.ok(files.some((one) => one.name === "stdout.txt"));
  });
  await tries("file.getFromTask", async () =>
    assert.equal(await text(await file.getFromTask("job", "hello", "stdout.txt")), "hello node\n"));
  await tries("file.getPropertiesFromTask", async () =>
    assert.equal((await file.getPropertiesFromTask("job", "hello", "stdout.txt")).contentLength, 11));
  await tries("task.deleteMethod", async () => {
    await task.deleteMethod("job", "fails");
    assert.equal((await task.list("job")).length, 2);
  });
  await tries("task.listSubtasks", () => task.listSubtasks("job", "hello"));
}

await pools();
await nodes();
await jobs();
await tasks();
await tries("pool.deleteMethod", async () => {
  await client.pool.deleteMethod("p");
  await until("deletion", async () => !(await client.pool.exists("p")).body);
});
await tries("jobSchedule.list", () => client.jobSchedule.list());
await tries("certificate.list", () => client.certificate.list());
