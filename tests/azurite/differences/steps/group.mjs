// The form of a group of steps.

/** Creates a group for a service: its steps are sent in their order, each as `METHOD /path?query`. */
export function group(service, name, steps) {
  return {
    name,
    steps: steps.map(([step, target, options = {}]) => ({ name: step, service, target, ...options })),
  };
}

/** Returns what a step sends. */
export const sends = (headers, body) => ({ headers, body });

export const BLOCK_BLOB = { "x-ms-blob-type": "BlockBlob" };
export const APPEND_BLOB = { "x-ms-blob-type": "AppendBlob" };

/** Returns the body of Put Message and Update Message. */
export const message = (text) => `<QueueMessage><MessageText>${text}</MessageText></QueueMessage>`;
