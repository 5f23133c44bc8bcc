//! The published error codes with their status and message.
//!
//! From "Common REST API error codes", "Queue Storage error codes" and "Blob Storage error codes".

use http::StatusCode;

use super::StorageError;

macro_rules! published {
    ($($name:ident = $status:ident $code:literal $message:literal;)*) => {
        impl StorageError {
            $(pub(crate) const $name: Self =
                Self::published(StatusCode::$status, $code, $message);)*
        }
    };
}

published! {
    AUTHENTICATION_FAILED = FORBIDDEN "AuthenticationFailed"
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
    AUTHORIZATION_PERMISSION_MISMATCH = FORBIDDEN "AuthorizationPermissionMismatch"
        "This request is not authorized to perform this operation using this permission.";
    AUTHORIZATION_PROTOCOL_MISMATCH = FORBIDDEN "AuthorizationProtocolMismatch"
        "This request is not authorized to perform this operation using this protocol.";
    AUTHORIZATION_RESOURCE_TYPE_MISMATCH = FORBIDDEN "AuthorizationResourceTypeMismatch"
        "This request is not authorized to perform this operation using this resource type.";
    AUTHORIZATION_SERVICE_MISMATCH = FORBIDDEN "AuthorizationServiceMismatch"
        "This request is not authorized to perform this operation using this service.";
    AUTHORIZATION_SOURCE_IP_MISMATCH = FORBIDDEN "AuthorizationSourceIPMismatch"
        "This request is not authorized to perform this operation using this source IP.";
    INVALID_AUTHENTICATION_INFO = UNAUTHORIZED "InvalidAuthenticationInfo"
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.";
    INVALID_AUTHENTICATION_INFO_FORMAT = BAD_REQUEST "InvalidAuthenticationInfo"
        "The authentication information was not provided in the correct format. Verify the value of Authorization header.";
    NO_AUTHENTICATION_INFORMATION = UNAUTHORIZED "NoAuthenticationInformation"
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.";

    EMPTY_METADATA_KEY = BAD_REQUEST "EmptyMetadataKey"
        "The key for one of the metadata key-value pairs is empty.";
    INVALID_HEADER_VALUE = BAD_REQUEST "InvalidHeaderValue"
        "The value for one of the HTTP headers is not in the correct format.";
    INVALID_METADATA = BAD_REQUEST "InvalidMetadata"
        "The specified metadata is invalid. It includes characters that are not permitted.";
    INVALID_QUERY_PARAMETER_VALUE = BAD_REQUEST "InvalidQueryParameterValue"
        "Value for one of the query parameters specified in the request URI is invalid.";
    INVALID_RESOURCE_NAME = BAD_REQUEST "InvalidResourceName"
        "The specified resource name contains invalid characters.";
    INVALID_XML_DOCUMENT = BAD_REQUEST "InvalidXmlDocument"
        "XML specified is not syntactically valid.";
    INVALID_XML_NODE_VALUE = BAD_REQUEST "InvalidXmlNodeValue"
        "The value provided for one of the XML nodes in the request body was not in the correct format.";
    METADATA_TOO_LARGE = BAD_REQUEST "MetadataTooLarge"
        "The size of the specified metadata exceeds the maximum size permitted.";
    MISSING_CONTENT_LENGTH_HEADER = LENGTH_REQUIRED "MissingContentLengthHeader"
        "The Content-Length header was not specified.";
    MISSING_REQUIRED_HEADER = BAD_REQUEST "MissingRequiredHeader"
        "An HTTP header that's mandatory for this request is not specified.";
    MISSING_REQUIRED_QUERY_PARAMETER = BAD_REQUEST "MissingRequiredQueryParameter"
        "A query parameter that's mandatory for this request is not specified.";
    MISSING_REQUIRED_XML_NODE = BAD_REQUEST "MissingRequiredXmlNode"
        "A required XML node was not specified in the request body.";
    OUT_OF_RANGE_INPUT = BAD_REQUEST "OutOfRangeInput"
        "The specified resource name length is not within the permissible limits.";
    OUT_OF_RANGE_QUERY_PARAMETER_VALUE = BAD_REQUEST "OutOfRangeQueryParameterValue"
        "One of the query parameters specified in the request URI is outside the permissible range.";
    REQUEST_BODY_TOO_LARGE = PAYLOAD_TOO_LARGE "RequestBodyTooLarge"
        "The request body is too large and exceeds the maximum permissible limit.";
    UNSUPPORTED_XML_NODE = BAD_REQUEST "UnsupportedXmlNode"
        "One of the XML nodes specified in the request body is not supported.";
    RESOURCE_NOT_FOUND = NOT_FOUND "ResourceNotFound"
        "The specified resource does not exist.";

    MESSAGE_NOT_FOUND = NOT_FOUND "MessageNotFound"
        "The specified message does not exist.";
    POP_RECEIPT_MISMATCH = BAD_REQUEST "PopReceiptMismatch"
        "The specified pop receipt did not match the pop receipt for a dequeued message.";
    QUEUE_ALREADY_EXISTS = CONFLICT "QueueAlreadyExists"
        "The specified queue already exists.";
    QUEUE_BEING_DELETED = CONFLICT "QueueBeingDeleted"
        "The specified queue is being deleted.";
    QUEUE_NOT_FOUND = NOT_FOUND "QueueNotFound"
        "The specified queue does not exist.";

    BLOB_ALREADY_EXISTS = CONFLICT "BlobAlreadyExists"
        "The specified blob already exists.";
    APPEND_POSITION_CONDITION_NOT_MET = PRECONDITION_FAILED "AppendPositionConditionNotMet"
        "The append position condition specified was not met.";
    BLOB_NOT_FOUND = NOT_FOUND "BlobNotFound"
        "The specified blob does not exist.";
    BLOCK_LIST_TOO_LONG = BAD_REQUEST "BlockListTooLong"
        "The block list may not contain more than 50,000 blocks.";
    BLOCK_COUNT_EXCEEDS_LIMIT = CONFLICT "BlockCountExceedsLimit"
        "The committed block count cannot exceed the maximum limit of 50,000 blocks.";
    BOTH_CRC64_AND_MD5_HEADER_PRESENT = BAD_REQUEST "BothCrc64AndMd5HeaderPresent"
        "Both x-ms-content-crc64 header and Content-MD5 header are present.";
    CONDITION_HEADERS_NOT_SUPPORTED = BAD_REQUEST "ConditionHeadersNotSupported"
        "Condition headers are not supported.";
    CONDITION_NOT_MET = PRECONDITION_FAILED "ConditionNotMet"
        "The condition specified using HTTP conditional header(s) is not met.";
    CONTAINER_ALREADY_EXISTS = CONFLICT "ContainerAlreadyExists"
        "The specified container already exists.";
    CONTAINER_BEING_DELETED = CONFLICT "ContainerBeingDeleted"
        "The specified container is being deleted. Try operation later.";
    CONTAINER_NOT_FOUND = NOT_FOUND "ContainerNotFound"
        "The specified container does not exist.";
    INVALID_BLOB_OR_BLOCK = BAD_REQUEST "InvalidBlobOrBlock"
        "The specified blob or block content is invalid.";
    INVALID_BLOB_TYPE = CONFLICT "InvalidBlobType"
        "The blob type is invalid for this operation.";
    INVALID_BLOCK_ID = BAD_REQUEST "InvalidBlockId"
        "The specified block ID is invalid. The block ID must be Base64-encoded.";
    INVALID_BLOCK_LIST = BAD_REQUEST "InvalidBlockList"
        "The specified block list is invalid.";
    CRC64_MISMATCH = BAD_REQUEST "Crc64Mismatch"
        "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server.";
    INVALID_CRC64 = BAD_REQUEST "InvalidCrc64"
        "The CRC64 value specified in the request is invalid. CRC64 value must be 64 bits and base64 encoded.";
    INVALID_MD5 = BAD_REQUEST "InvalidMd5"
        "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 encoded.";
    MD5_MISMATCH = BAD_REQUEST "Md5Mismatch"
        "The MD5 value specified in the request did not match with the MD5 value calculated by the server.";
    INVALID_RANGE = RANGE_NOT_SATISFIABLE "InvalidRange"
        "The range specified is invalid for the current size of the resource.";
    LEASE_ALREADY_PRESENT = CONFLICT "LeaseAlreadyPresent"
        "There is already a lease present.";
    LEASE_ID_MISMATCH_WITH_BLOB_OPERATION = PRECONDITION_FAILED "LeaseIdMismatchWithBlobOperation"
        "The lease ID specified did not match the lease ID for the blob.";
    LEASE_ID_MISMATCH_WITH_CONTAINER_OPERATION = PRECONDITION_FAILED "LeaseIdMismatchWithContainerOperation"
        "The lease ID specified did not match the lease ID for the container.";
    LEASE_ID_MISMATCH_WITH_LEASE_OPERATION = CONFLICT "LeaseIdMismatchWithLeaseOperation"
        "The lease ID specified did not match the lease ID for the blob.";
    LEASE_ID_MISSING = PRECONDITION_FAILED "LeaseIdMissing"
        "There is currently a lease on the blob and no lease ID was specified in the request.";
    LEASE_IS_BREAKING_AND_CANNOT_BE_ACQUIRED = CONFLICT "LeaseIsBreakingAndCannotBeAcquired"
        "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.";
    LEASE_IS_BREAKING_AND_CANNOT_BE_CHANGED = CONFLICT "LeaseIsBreakingAndCannotBeChanged"
        "The lease ID matched, but the lease is currently in breaking state and cannot be changed.";
    LEASE_IS_BROKEN_AND_CANNOT_BE_RENEWED = CONFLICT "LeaseIsBrokenAndCannotBeRenewed"
        "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.";
    LEASE_LOST = PRECONDITION_FAILED "LeaseLost"
        "A lease ID was specified, but the lease for the blob has expired.";
    LEASE_NOT_PRESENT_WITH_BLOB_OPERATION = PRECONDITION_FAILED "LeaseNotPresentWithBlobOperation"
        "There is currently no lease on the blob.";
    LEASE_NOT_PRESENT_WITH_CONTAINER_OPERATION = PRECONDITION_FAILED "LeaseNotPresentWithContainerOperation"
        "There is currently no lease on the container.";
    LEASE_NOT_PRESENT_WITH_LEASE_OPERATION = CONFLICT "LeaseNotPresentWithLeaseOperation"
        "There is currently no lease on the blob.";
    MAX_BLOB_SIZE_CONDITION_NOT_MET = PRECONDITION_FAILED "MaxBlobSizeConditionNotMet"
        "The max blob size condition specified was not met.";
    MULTIPLE_CONDITION_HEADERS = BAD_REQUEST "MultipleConditionHeadersNotSupported"
        "Multiple condition headers are not supported.";
    NOT_MODIFIED = NOT_MODIFIED "ConditionNotMet"
        "The condition specified using HTTP conditional header(s) is not met.";
    UNSATISFIABLE_CONDITION = BAD_REQUEST "UnsatisfiableCondition"
        "The request includes an unsatisfiable condition for this operation.";
}
