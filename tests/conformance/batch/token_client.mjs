// Uses storage with the credentials of @azure/identity, whose settings are in the environment.

import { DefaultAzureCredential, WorkloadIdentityCredential } from "@azure/identity";
import { QueueServiceClient } from "@azure/storage-queue";

// The libraries would ask Microsoft whether it knows the emulator's host.
const options = { disableInstanceDiscovery: true };
for (const Credential of [WorkloadIdentityCredential, DefaultAzureCredential]) {
  const credential = new Credential(options);
  const queue = new QueueServiceClient(process.env.QUEUES, credential).getQueueClient("requests");
  await queue.createIfNotExists();
  await queue.sendMessage(Credential.name);
}
const unknown = new WorkloadIdentityCredential({ ...options, clientId: "unknown" });
await unknown.getToken("https://storage.azure.com/.default").catch((error) => console.log(error.message));
console.log("end");
