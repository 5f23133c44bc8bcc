// The known differences between Azurite and the storage emulators. Each names the source that decides, which the
// emulators follow. A rule that matches no difference, and a difference that no rule matches, fail the test.

const REST = "https://learn.microsoft.com/rest/api/storageservices";
const AZURITE = "https://github.com/Azure/Azurite/issues";
const RECORDINGS =
  "recorded answers of the service in the tests of azure-sdk-for-js (https://github.com/Azure/azure-sdk-for-js, sdk/storage)";

/** Parts that only one of the two bodies has; they are removed before the bodies are compared. */
export const BODY_RULES = [
  { of: "azurite", remove: /<(Prefix|Marker)\/>|<MaxResults>5000<\/MaxResults>/g, source: `${REST}/list-blobs: returned only if given in the request` },
  { of: "azurite", remove: /<AccessTierChangeTime>DATE<\/AccessTierChangeTime>/g, source: `${REST}/list-blobs: only after the tier was set` },
  { of: "azurite", remove: /(?<=<\/CommittedBlocks>)<UncommittedBlocks\/>/g, source: `${REST}/get-block-list: only the requested list` },
  { of: "azurite", remove: /<(NextMarker)>[^<]+<\/\1>/g, source: `${REST}/list-queues2: an opaque value` },
  { of: "emulator", remove: /<(NextMarker|Marker)>[^<]+<\/\1>/g, source: `${REST}/list-queues2: a marker of the request is repeated` },
  { of: "azurite", remove: /<Reason>[^<]*<\/Reason>/g, source: "the wording is not published" },
  { of: "emulator", remove: /<Reason>[^<]*<\/Reason>/g, source: "the wording is not published" },
  { of: "emulator", remove: /<Content-(Encoding|Language|Disposition|MD5)\/>|<Cache-Control\/>|<Content-CRC64\/>/g, source: RECORDINGS },
  { of: "emulator", remove: /<(DefaultEncryptionScope|DenyEncryptionScopeOverride|ImmutableStorageWithVersioningEnabled)>[^<]*<\/\1>/g, source: `${REST}/list-containers2` },
  { of: "azurite", remove: /<(HeaderName|HeaderValue)>[^<]*<\/\1>/g, source: `${REST}/status-and-error-codes2: details of an error are elements of their own` },
  { of: "azurite", remove: /<Sealed>false<\/Sealed>/g, source: `${REST}/list-blobs: of a sealed append blob` },
  { of: "emulator", remove: /<(AuthenticationErrorDetail|HeaderName|HeaderValue)>[^<]*<\/\1>/g, source: `${REST}/status-and-error-codes2: details of an error are elements of their own` },
];

/** Rules about all answers, then about single steps. `at` is `group/step`. */
export const RULES = [
  { at: /./, field: "x-ms-version", azurite: /2026-06-06|-/, emulator: /^\d{4}-\d\d-\d\d$/, source: `${REST}/versioning-for-the-azure-storage-services: the version of the request` },
  { at: /./, field: "mark", azurite: "false", emulator: "true", source: `${AZURITE}/2603 (confirmed by Microsoft); ${RECORDINGS}` },
  { at: /./, field: "framing", azurite: "chunked", emulator: "length", source: RECORDINGS },
  { at: /./, field: "cache-control", azurite: "-", emulator: "no-cache", source: RECORDINGS },
  { at: /./, field: "x-ms-access-tier-change-time", azurite: "DATE", emulator: "-", source: `${REST}/get-blob-properties: only after the tier was set` },
  { at: /./, field: "x-ms-content-crc64", azurite: "-", emulator: /^.{11}=$/, source: `${REST}/put-blob, put-block-list: from version 2019-02-02` },
  { at: /\/get(-|$)|since$|match$/, field: "x-ms-blob-content-md5", azurite: /./, emulator: "-", source: `${REST}/get-blob: only for a range` },
  { at: /^condition\/get-(unchanged|not-since)$/, field: "content-type", azurite: "application/xml", emulator: "-", source: "RFC 9110, 15.4.5: an answer 304 has no content" },

  { at: /^use-(broken|expired)\/.*-a$/, field: "outcome", azurite: "412 LeaseNotPresentWithBlobOperation", emulator: "412 LeaseLost", source: "https://github.com/Azure/azure-diagnostics-tools/issues/190" },
  { at: /^use-(broken|expired)\/.*-b$/, field: "outcome", azurite: "412 LeaseNotPresentWithBlobOperation", emulator: "412 LeaseIdMismatchWithBlobOperation", source: `${REST}/lease-blob: 412; an ended lease keeps its id, which is not this one` },
  { at: /^use-\w+\/put-new-\w+$|^webjobs-host\/other-creates$/, field: "outcome", azurite: "409 BlobAlreadyExists", emulator: /^412 Lease/, source: `${AZURITE}/2637: the service checks the lease first` },
  { at: "lease-expired/renew-b", field: "outcome", azurite: "200", emulator: "409 LeaseIdMismatchWithLeaseOperation", source: `${REST}/lease-blob: renewing with another id fails` },
  { at: "lease-expired/renew-b-then", field: /^x-ms-lease-/, azurite: /./, emulator: /./, source: "the step before" },
  { at: /^lease-invalid\/(no-action|renew-no-id|release-no-id|change-no-proposed)$/, field: "outcome", azurite: "400", emulator: "400 MissingRequiredHeader", source: `${REST}/lease-blob, and ${REST}/common-rest-api-error-codes` },
  { at: "lease-invalid/no-duration", field: "outcome", azurite: "201", emulator: "400 MissingRequiredHeader", source: `${REST}/lease-blob: required for acquire` },
  { at: /^lease-invalid\/(duration-14|duration-61|proposed-text)$/, field: "outcome", azurite: "500", emulator: "400 InvalidHeaderValue", source: `${REST}/lease-blob; LeaseTests.cs of https://github.com/Azure/azure-storage-net` },
  { at: "lease-invalid/unknown-action", field: "outcome", azurite: "400", emulator: "400 InvalidHeaderValue", source: `${REST}/common-rest-api-error-codes` },
  { at: "lease-invalid/break-61", field: "outcome", azurite: "202", emulator: "400 InvalidHeaderValue", source: `${REST}/lease-blob: 0 to 60; LeaseTests.cs of https://github.com/Azure/azure-storage-net` },

  { at: /^queue\/list-(metadata|capital)$/, field: "outcome", azurite: "500", emulator: "200", source: `${REST}/list-queues2: include=metadata` },
  { at: /^queue\/(list-text)$|^message\/(ttl-negative|get-text)$|^version\/timeout-text$/, field: "outcome", azurite: "400", emulator: "400 InvalidQueryParameterValue", source: `${REST}/common-rest-api-error-codes` },
  { at: /^(queue\/list-zero|message\/get-zero|list\/zero)$/, field: "outcome", azurite: "400", emulator: "400 OutOfRangeQueryParameterValue", source: `${REST}/common-rest-api-error-codes` },
  { at: /-no-receipt$|-no-timeout$|^block\/no-id$/, field: "outcome", azurite: "400", emulator: "400 MissingRequiredQueryParameter", source: `${REST}/common-rest-api-error-codes` },
  { at: /\/not-xml$/, field: "outcome", azurite: "400", emulator: "400 InvalidXmlDocument", source: `${REST}/common-rest-api-error-codes` },
  { at: "blob/no-type", field: "outcome", azurite: "400", emulator: "400 MissingRequiredHeader", source: `${REST}/put-blob: x-ms-blob-type is required` },
  { at: "queue/bad-metadata", field: "outcome", azurite: "204", emulator: "400 InvalidMetadata", source: `${REST}/naming-queues-and-metadata: names are C# identifiers` },
  { at: /^(queue\/properties|container\/service)$/, field: "body", azurite: /./, emulator: /./, source: `${REST}/get-blob-service-properties: the values of a new account` },
  { at: "message/other-root", field: "outcome", azurite: "201", emulator: "400 InvalidXmlDocument", source: `${REST}/put-message: the root is QueueMessage` },
  { at: "message/no-text", field: "outcome", azurite: "400 InvalidXmlDocument", emulator: "400 MissingRequiredXmlNode", source: `${REST}/common-rest-api-error-codes` },
  { at: "message/delete-malformed", field: "outcome", azurite: "400 PopReceiptMismatch", emulator: "400 InvalidQueryParameterValue", source: `${RECORDINGS}: messageidclient delete with a malformed receipt` },
  { at: "message/count", field: "x-ms-approximate-messages-count", azurite: "5", emulator: "4", source: "message/other-root, which Azurite takes" },
  { at: "blob/range-beyond", field: "outcome", azurite: "206", emulator: "416 InvalidRange", source: `${REST}/specifying-the-range-header-for-blob-service-operations` },
  { at: "blob/range-suffix", field: "outcome", azurite: "HPE_INVALID_CONTENT_LENGTH", emulator: "400 InvalidHeaderValue", source: `${REST}/specifying-the-range-header-for-blob-service-operations: only bytes=start- and bytes=start-end` },
  { at: "blob/put-chunked", field: "outcome", azurite: "403 AuthorizationFailure", emulator: "403 AuthenticationFailed", source: `${REST}/common-rest-api-error-codes` },
  { at: /^(blob\/get-metadata|container\/metadata)$/, field: /./, azurite: /./, emulator: /^(-|)$/, source: `${REST}/get-blob-metadata, get-container-metadata: neither content nor properties` },
  { at: "blob/head-changed", field: "content-type", azurite: "-", emulator: "application/octet-stream", source: `${REST}/set-blob-properties: cleared, and the default is ${REST}/put-blob's` },
  { at: "condition/bad-date", field: "outcome", azurite: "304 ConditionNotMet", emulator: "400 InvalidHeaderValue", source: `${REST}/specifying-conditional-headers-for-blob-service-operations: RFC 1123` },
  { at: "block/not-base64", field: "outcome", azurite: "400 InvalidQueryParameterValue", emulator: "400 InvalidBlockId", source: `${REST}/blob-service-error-codes` },
  { at: /^block\/(commit|get)$/, field: "content-md5", azurite: /./, emulator: "-", source: `${REST}/put-block-list: the hash of the blob is that of the request's x-ms-blob-content-md5, if any` },
  { at: /^append\//, field: "x-ms-blob-sealed", azurite: "false", emulator: "-", source: `${REST}/get-blob-properties: of a sealed append blob` },
  { at: "append/put-content", field: "outcome", azurite: "400 InvalidOperation", emulator: "400 InvalidHeaderValue", source: `${REST}/put-blob: the length must be zero; ${REST}/common-rest-api-error-codes` },
  { at: "append/get", field: "content-md5", azurite: /./, emulator: "-", source: `${REST}/append-block: a hash is that of the block` },
  { at: "append/block", field: "outcome", azurite: "403 AuthorizationFailure", emulator: "409 InvalidBlobType", source: `${REST}/blob-service-error-codes` },
  { at: "append/bad-position", field: "outcome", azurite: "400", emulator: "400 InvalidHeaderValue", source: `${REST}/common-rest-api-error-codes` },
  { at: "list/include-unknown", field: "outcome", azurite: "400", emulator: "400 InvalidQueryParameterValue", source: `${REST}/common-rest-api-error-codes` },
  { at: "block/list-all", field: /^(etag|last-modified|x-ms-blob-content-length)$/, azurite: /./, emulator: "-", source: `${REST}/get-block-list: only for a committed blob` },
  { at: /^version\/(none|old-date|no-date)$/, field: "outcome", azurite: "200", emulator: /^40/, source: `${REST}/authorize-with-shared-key: x-ms-date is required and at most 15 minutes old` },
  { at: "version/anonymous", field: "outcome", azurite: "403 AuthenticationFailed", emulator: "401 NoAuthenticationInformation", source: `${REST}/common-rest-api-error-codes` },
  { at: "version/post", field: "outcome", azurite: "400", emulator: "501 NotImplemented", source: "not modelled: no operation" },
  { at: /^sas\/(no-expiry|bad-expiry)$/, field: "outcome", azurite: "200", emulator: "403 AuthenticationFailed", source: `${REST}/create-account-sas: signedExpiry is required` },
  { at: "sas/other-address", field: "outcome", azurite: "200", emulator: "403 AuthorizationSourceIPMismatch", source: `${REST}/create-account-sas: signedIP` },
];
