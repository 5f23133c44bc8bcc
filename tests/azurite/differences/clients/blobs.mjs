// The operations of @azure/storage-blob, each with what it returns. Later ones use what earlier ones wrote.

const text = async (response) => {
  const chunks = [];
  for await (const chunk of response.readableStreamBody) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const collect = async (items, describe) => {
  const found = [];
  for await (const item of items) found.push(describe(item));
  return found.join(",");
};

const A = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const B = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
const LARGE = Buffer.alloc(3_000_000, "mayfly");

/** Returns the operations for a BlobServiceClient. */
export function blobOperations(service) {
  const container = service.getContainerClient("clients");
  const blob = container.getBlockBlobClient("a/blob");
  const missing = container.getBlockBlobClient("missing");
  const lease = blob.getBlobLeaseClient(A);
  const held = { conditions: { leaseId: A } };
  const state = async () => {
    const { leaseStatus, leaseState, leaseDuration } = await blob.getProperties();
    return `${leaseStatus} ${leaseState} ${leaseDuration}`;
  };
  return {
    "ContainerClient.exists, missing": () => container.exists(),
    "BlobClient.exists, no container": () => blob.exists(),
    "ContainerClient.getProperties, missing": () => container.getProperties(),
    "ContainerClient.create": async () => (await container.create({ metadata: { a: "1" } })).etag.length > 0,
    "ContainerClient.create, exists": () => container.create(),
    "ContainerClient.createIfNotExists": async () => (await container.createIfNotExists()).succeeded,
    "ContainerClient.exists": () => container.exists(),
    "ContainerClient.getProperties": async () => (await container.getProperties()).metadata.a,
    "ContainerClient.setMetadata": async () => (await container.setMetadata({ b: "2" }))._response.status,
    "BlobServiceClient.listContainers": () =>
      collect(service.listContainers({ prefix: "clients", includeMetadata: true }), ({ name, metadata }) => `${name} ${metadata.b}`),
    "BlobServiceClient.getProperties": async () => (await service.getProperties())._response.status,
    "BlobClient.exists, missing": () => missing.exists(),
    "BlobClient.getProperties, missing": () => missing.getProperties(),
    "BlobClient.download, missing": () => missing.download(),
    "BlobClient.delete, missing": () => missing.delete(),
    "BlobClient.deleteIfExists, missing": async () => (await missing.deleteIfExists()).succeeded,
    "BlockBlobClient.upload": async () =>
      (await blob.upload("0123456789", 10, { metadata: { k: "v" }, blobHTTPHeaders: { blobContentType: "text/plain" } }))._response.status,
    "BlockBlobClient.upload, if absent": () => blob.upload("x", 1, { conditions: { ifNoneMatch: "*" } }),
    "BlockBlobClient.upload, other etag": () => blob.upload("x", 1, { conditions: { ifMatch: '"0x1"' } }),
    "BlobClient.exists": () => blob.exists(),
    "BlobClient.download": async () => text(await blob.download()),
    "BlobClient.download, range": async () => text(await blob.download(2, 3)),
    "BlobClient.download, beyond": () => blob.download(100),
    "BlobClient.download, unchanged": async () => {
      const { etag } = await blob.getProperties();
      return blob.download(0, undefined, { conditions: { ifNoneMatch: etag } });
    },
    "BlobClient.getProperties": async () => {
      const { contentLength, contentType, metadata, blobType } = await blob.getProperties();
      return `${contentLength} ${contentType} ${metadata.k} ${blobType}`;
    },
    "BlobClient.setMetadata": async () => (await blob.setMetadata({ k: "w" }))._response.status,
    "BlobClient.setHTTPHeaders": async () => {
      await blob.setHTTPHeaders({ blobCacheControl: "no-cache", blobContentType: "text/html" });
      const { cacheControl, contentType } = await blob.getProperties();
      return `${cacheControl} ${contentType}`;
    },
    "BlockBlobClient.uploadData, blocks": async () => {
      const large = container.getBlockBlobClient("large");
      await large.uploadData(LARGE, { blockSize: 1_000_000, maxSingleShotSize: 1_000_000 });
      return LARGE.equals(await large.downloadToBuffer());
    },
    "BlockBlobClient.stageBlock": async () => (await blob.stageBlock("YTE=", "block", 5))._response.status,
    "BlockBlobClient.getBlockList": async () => (await blob.getBlockList("all")).uncommittedBlocks.map(({ name }) => name).join(),
    "BlockBlobClient.commitBlockList": async () => (await blob.commitBlockList(["YTE="], { metadata: { k: "v" } }))._response.status,
    "BlockBlobClient.commitBlockList, unknown": () => blob.commitBlockList(["YTk="]),
    "ContainerClient.listBlobsFlat": () =>
      collect(container.listBlobsFlat({ includeMetadata: true }), ({ name, metadata, properties }) => `${name} ${metadata?.k} ${properties.contentLength}`),
    "ContainerClient.listBlobsByHierarchy": () =>
      collect(container.listBlobsByHierarchy("/"), ({ kind, name }) => `${kind} ${name}`),
    "ContainerClient.listBlobsFlat, pages": async () =>
      collect(container.listBlobsFlat().byPage({ maxPageSize: 1 }), (page) => page.segment.blobItems.length),
    "BlobLeaseClient.acquireLease": async () => (await lease.acquireLease(15)).leaseId,
    "BlobLeaseClient.acquireLease, held": () => blob.getBlobLeaseClient(B).acquireLease(15),
    "BlobClient.getProperties, leased": state,
    "BlobClient.setMetadata, no lease": () => blob.setMetadata({ k: "x" }),
    "BlobClient.setMetadata, lease": async () => (await blob.setMetadata({ k: "x" }, held))._response.status,
    "BlockBlobClient.upload, lease": async () => (await blob.upload("y", 1, held))._response.status,
    "BlobClient.delete, other lease": () => blob.delete({ conditions: { leaseId: B } }),
    "BlobLeaseClient.renewLease": async () => (await lease.renewLease()).leaseId,
    "BlobLeaseClient.changeLease": async () => (await lease.changeLease(B)).leaseId,
    "BlobLeaseClient.renewLease, changed": async () => (await lease.renewLease()).leaseId,
    "BlobLeaseClient.breakLease": async () => (await lease.breakLease(0)).leaseTime,
    "BlobClient.getProperties, broken": state,
    "BlobLeaseClient.releaseLease": async () => (await lease.releaseLease())._response.status,
    "BlobLeaseClient.releaseLease, released": () => lease.releaseLease(),
    "ContainerClient.getBlobLeaseClient": async () => (await container.getBlobLeaseClient(A).acquireLease(-1)).leaseId,
    "ContainerClient.delete, no lease": () => container.delete(),
    "BlobClient.createSnapshot": () => blob.createSnapshot(),
    "BlobClient.setAccessTier": () => blob.setAccessTier("Cool"),
    "BlobClient.syncCopyFromURL": () => blob.syncCopyFromURL(container.getBlobClient("large").url),
    "AppendBlobClient.create": () => container.getAppendBlobClient("append").create(),
    "ContainerClient.getAccessPolicy": () => container.getAccessPolicy(),
    "BlobServiceClient.getAccountInfo": () => service.getAccountInfo(),
    "BlobClient.delete": async () => (await blob.delete({ deleteSnapshots: "include" }))._response.status,
    "ContainerClient.delete, lease": async () => (await container.delete(held))._response.status,
    "ContainerClient.deleteIfExists, missing": async () => (await service.getContainerClient("none").deleteIfExists()).succeeded,
  };
}
