// The calls whose result differs: [call, the emulator's result, Azurite's]. The emulators answer 501 to what they do
// not model.

export const DIFFERENT = {
  "@azure/storage-blob": [
    ["BlobClient.createSnapshot", "501 NotImplemented", "succeeded"],
    ["BlobClient.setAccessTier", "501 NotImplemented", "succeeded"],
    ["BlobClient.syncCopyFromURL", "501 NotImplemented", "succeeded"],
    ["ContainerClient.getAccessPolicy", "501 NotImplemented", "succeeded"],
  ],
  "@azure/storage-queue": [
    ["QueueServiceClient.getStatistics", "501 NotImplemented", "400 InvalidQueryParameterValue"],
    ["QueueClient.getAccessPolicy", "501 NotImplemented", "succeeded"],
    ["QueueServiceClient.setProperties", "501 NotImplemented", "succeeded"],
  ],
};
