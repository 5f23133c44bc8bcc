// The operations of @azure/storage-queue, each with what it returns. Later ones use what earlier ones wrote.

const collect = async (items, describe) => {
  const found = [];
  for await (const item of items) found.push(describe(item));
  return found.join(",");
};

/** Returns the operations for a QueueServiceClient. */
export function queueOperations(service) {
  const queue = service.getQueueClient("clients");
  const missing = service.getQueueClient("missing");
  let message;
  return {
    "QueueClient.exists, missing": () => queue.exists(),
    "QueueClient.getProperties, missing": () => queue.getProperties(),
    "QueueClient.create": async () => (await queue.create({ metadata: { a: "1" } }))._response.status,
    "QueueClient.create, same metadata": async () => (await queue.create({ metadata: { a: "1" } }))._response.status,
    "QueueClient.create, other metadata": () => queue.create({ metadata: { a: "2" } }),
    "QueueClient.createIfNotExists": async () => (await queue.createIfNotExists()).succeeded,
    "QueueClient.exists": () => queue.exists(),
    "QueueClient.setMetadata": async () => (await queue.setMetadata({ b: "2" }))._response.status,
    "QueueClient.getProperties": async () => {
      const { metadata, approximateMessagesCount } = await queue.getProperties();
      return `${metadata.b} ${approximateMessagesCount}`;
    },
    "QueueServiceClient.listQueues": () => collect(service.listQueues({ prefix: "clients" }), ({ name }) => name),
    "QueueServiceClient.listQueues, metadata": () =>
      collect(service.listQueues({ prefix: "clients", includeMetadata: true }), ({ name, metadata }) => `${name} ${metadata?.b}`),
    "QueueServiceClient.getProperties": async () => (await service.getProperties())._response.status,
    "QueueClient.sendMessage": async () => (await queue.sendMessage("first & <second>"))._response.status,
    "QueueClient.sendMessage, hidden": async () => (await queue.sendMessage("later", { visibilityTimeout: 60 }))._response.status,
    "QueueClient.sendMessage, forever": async () => (await queue.sendMessage("ever", { messageTimeToLive: -1 })).expiresOn.getFullYear(),
    "QueueClient.sendMessage, too large": () => queue.sendMessage("x".repeat(65_537)),
    "QueueClient.sendMessage, missing": () => missing.sendMessage("x"),
    "QueueClient.peekMessages": async () =>
      (await queue.peekMessages({ numberOfMessages: 32 })).peekedMessageItems.map(({ messageText }) => messageText).join(),
    "QueueClient.receiveMessages": async () => {
      [message] = (await queue.receiveMessages({ visibilityTimeout: 60 })).receivedMessageItems;
      return `${message.messageText} ${message.dequeueCount}`;
    },
    "QueueClient.receiveMessages, 33": () => queue.receiveMessages({ numberOfMessages: 33 }),
    "QueueClient.updateMessage": async () => {
      const { messageId, popReceipt } = message;
      message.newReceipt = (await queue.updateMessage(messageId, popReceipt, "changed", 60)).popReceipt;
      return message.newReceipt !== popReceipt;
    },
    "QueueClient.updateMessage, stale": () => queue.updateMessage(message.messageId, message.popReceipt, "again", 60),
    "QueueClient.deleteMessage, stale": () => queue.deleteMessage(message.messageId, message.popReceipt),
    "QueueClient.deleteMessage": async () => (await queue.deleteMessage(message.messageId, message.newReceipt))._response.status,
    "QueueClient.deleteMessage, deleted": () => queue.deleteMessage(message.messageId, message.newReceipt),
    "QueueClient.clearMessages": async () => (await queue.clearMessages())._response.status,
    "QueueClient.peekMessages, none": async () => (await queue.peekMessages()).peekedMessageItems.length,
    "QueueServiceClient.getStatistics": () => service.getStatistics(),
    "QueueClient.getAccessPolicy": () => queue.getAccessPolicy(),
    "QueueServiceClient.setProperties": () => service.setProperties({ cors: [] }),
    "QueueClient.delete": async () => (await queue.delete())._response.status,
    "QueueClient.delete, missing": () => missing.delete(),
    "QueueClient.deleteIfExists, missing": async () => (await missing.deleteIfExists()).succeeded,
  };
}
