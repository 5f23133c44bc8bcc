//! The errors that Batch publishes: their codes, statuses and messages.

use http::StatusCode;
use serde_json::{Value, json};

use super::dto::Timestamp;

/// An error response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The published code.
    pub(crate) code: &'static str,
    /// The published message.
    pub(crate) message: String,
    /// Details: property, header or parameter, and its value.
    pub(crate) values: Vec<(&'static str, String)>,
}

macro_rules! published {
    ($($name:ident = $status:ident $code:literal $message:literal;)*) => {
        impl ApiError {
            $(
                #[doc = concat!("Makes `", $code, "`.")]
                pub(crate) fn $name() -> Self {
                    Self::new(StatusCode::$status, $code, $message)
                }
            )*
        }
    };
}

published! {
    authentication_failed = FORBIDDEN "AuthenticationFailed" "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
    malformed_authentication = BAD_REQUEST "InvalidAuthenticationInfo" "The authentication information was not provided in the correct format. Verify the value of Authorization header.";
    unauthenticated = UNAUTHORIZED "AuthenticationFailed" "Server failed to authenticate the request. The request carries no Authorization header, or a token that is not accepted.";
    empty_metadata_key = BAD_REQUEST "EmptyMetadataKey" "The key for one of the metadata key-value pairs is empty.";
    body_too_large = PAYLOAD_TOO_LARGE "RequestBodyTooLarge" "The size of the request body exceeds the maximum size permitted.";
    invalid_range = RANGE_NOT_SATISFIABLE "InvalidRange" "The range specified is invalid for the current size of the resource.";
    not_modified = NOT_MODIFIED "ConditionNotMet" "The condition specified in the conditional header(s) was not met for a read operation.";
    condition_not_met = PRECONDITION_FAILED "ConditionNotMet" "The condition specified in the conditional header(s) was not met for a write operation.";
    pool_exists = CONFLICT "PoolExists" "The specified pool already exists.";
    pool_being_deleted = CONFLICT "PoolBeingDeleted" "The specified pool has been marked for deletion and is being garbage collected.";
    pool_being_resized = CONFLICT "PoolBeingResized" "The specified pool is being resized.";
    pool_quota_reached = CONFLICT "PoolQuotaReached" "The Batch account has reached its quota of pools.";
    active_job_quota_reached = CONFLICT "ActiveJobAndScheduleQuotaReached" "The Batch account has reached its quota of active jobs and job schedules.";
    too_many_enable_requests = SERVICE_UNAVAILABLE "TooManyEnableAutoScaleRequests" "Automatic scaling of the specified pool was enabled or changed less than 30 seconds ago.";
    task_files_cleaned_up = CONFLICT "TaskFilesCleanedup" "The files of the specified task have been cleaned up.";
    pool_not_found = NOT_FOUND "PoolNotFound" "The specified pool does not exist.";
    node_not_found = NOT_FOUND "NodeNotFound" "The specified node does not exist.";
    job_not_found = NOT_FOUND "JobNotFound" "The specified job does not exist.";
    task_not_found = NOT_FOUND "TaskNotFound" "The specified task does not exist.";
    file_not_found = NOT_FOUND "FileNotFound" "The specified file does not exist.";
    node_being_created = CONFLICT "NodeBeingCreated" "The specified node is being created.";
    node_being_started = CONFLICT "NodeBeingStarted" "The specified node is being started.";
    node_being_rebooted = CONFLICT "NodeBeingRebooted" "The specified node is being rebooted.";
    node_unusable = CONFLICT "NodeStateUnusable" "The state of the specified node is unusable.";
    already_scheduled_so = CONFLICT "NodeAlreadyInTargetSchedulingState" "The specified node is already in the target scheduling state.";
    io_error = FORBIDDEN "IOError" "An I/O error occurred when accessing the specified resource.";
    job_exists = CONFLICT "JobExists" "The specified job already exists.";
    job_completed = CONFLICT "JobCompleted" "The specified job is already in a completed state.";
    job_being_terminated = CONFLICT "JobBeingTerminated" "The specified job is being terminated.";
    job_being_deleted = CONFLICT "JobBeingDeleted" "The specified job has been marked for deletion and is being garbage collected.";
    job_disabled = CONFLICT "JobDisabled" "The specified job is disabled.";
    wrong_state = CONFLICT "OperationInvalidForCurrentState" "The specified operation is not valid for the current state of the resource.";
    task_exists = CONFLICT "TaskExists" "The specified task already exists.";
    task_completed = CONFLICT "TaskCompleted" "The specified task is already in a completed state.";
    task_not_completed = CONFLICT "TaskNotCompleted" "The specified task is not in a completed state, and the requested operation can be performed only on completed tasks.";
    task_succeeded = CONFLICT "TaskSucceeded" "The specified task has already completed successfully, and the requested operation cannot be performed on successful tasks.";
    task_files_unavailable = CONFLICT "TaskFilesUnavailable" "The files of the specified task are unavailable.";
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.to_owned(), values: Vec::new() }
    }

    fn about(mut self, values: &[(&'static str, &str)]) -> Self {
        let known = values.iter().filter(|(_, value)| !value.is_empty());
        self.values.extend(known.map(|(key, value)| (*key, (*value).to_owned())));
        self
    }

    /// Creates `InvalidRequestBody`.
    pub(crate) fn invalid_body(reason: &str) -> Self {
        let text = "The specified Request Body is not syntactically valid.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestBody", text).about(&[("Reason", reason)])
    }

    /// Creates `MissingRequiredProperty`.
    pub(crate) fn missing_property(name: &str) -> Self {
        let text = "A required property was not specified in the request body.";
        Self::new(StatusCode::BAD_REQUEST, "MissingRequiredProperty", text)
            .about(&[("PropertyName", name)])
    }

    /// Creates `UnsupportedProperty`.
    pub(crate) fn unsupported_property(name: &str) -> Self {
        let text = "One of the properties specified in the request body is not supported.";
        Self::new(StatusCode::BAD_REQUEST, "UnsupportedProperty", text)
            .about(&[("PropertyName", name)])
    }

    /// Creates `InvalidPropertyValue`.
    pub(crate) fn invalid_property(name: &str, value: &str, reason: &str) -> Self {
        let text = "The value provided for one of the properties in the request body is invalid.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidPropertyValue", text).about(&[
            ("PropertyName", name),
            ("PropertyValue", value),
            ("Reason", reason),
        ])
    }

    /// Creates `InvalidHeaderValue`.
    pub(crate) fn invalid_header(name: &str, value: &str) -> Self {
        let text = "The value for one of the HTTP headers is not in the correct format.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidHeaderValue", text)
            .about(&[("HeaderName", name), ("HeaderValue", value)])
    }

    /// Creates `MissingRequiredHeader`.
    pub(crate) fn missing_header(name: &str) -> Self {
        let text = "A required HTTP header was not specified.";
        Self::new(StatusCode::BAD_REQUEST, "MissingRequiredHeader", text)
            .about(&[("HeaderName", name)])
    }

    /// Creates `MissingRequiredQueryParameter`.
    pub(crate) fn missing_parameter(name: &str) -> Self {
        let text = "A required query parameter was not specified for this request.";
        Self::new(StatusCode::BAD_REQUEST, "MissingRequiredQueryParameter", text)
            .about(&[("QueryParameterName", name)])
    }

    /// Creates `UnsupportedQueryParameter`.
    pub(crate) fn unsupported_parameter(name: &str) -> Self {
        let text = "One of the query parameters specified in the request URI is not supported.";
        Self::new(StatusCode::BAD_REQUEST, "UnsupportedQueryParameter", text)
            .about(&[("QueryParameterName", name)])
    }

    /// Creates `InvalidQueryParameterValue`.
    pub(crate) fn invalid_parameter(name: &str, value: &str, reason: &str) -> Self {
        let text = "Value for one of the query parameters specified in the request URI is invalid.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidQueryParameterValue", text).about(&[
            ("QueryParameterName", name),
            ("QueryParameterValue", value),
            ("Reason", reason),
        ])
    }

    /// Creates the error for a formula with a syntax error.
    pub(crate) fn bad_formula(err: &autoscale_formula::Error) -> Self {
        let code = err.code();
        let text = err.to_string();
        Self::new(StatusCode::BAD_REQUEST, code.as_str(), code.message())
            .about(&[("Message", &text)])
    }

    /// Creates `InvalidPropertyValue` for a target of a pool that has a formula.
    pub(crate) fn not_with_scaling(name: &str) -> Self {
        let reason = "must not be set on a pool with automatic scaling";
        Self::invalid_property(name, "", reason)
    }

    /// Creates `InvalidPropertyValue` for a property that requires automatic scaling.
    pub(crate) fn only_with_scaling(name: &str) -> Self {
        Self::invalid_property(name, "", "enableAutoScale is not true")
    }

    /// Creates the error for a resize of a pool with automatic scaling.
    pub(crate) fn scaling_enabled() -> Self {
        Self::wrong_state().about(&[("Reason", "automatic scaling is enabled on the pool")])
    }

    /// Creates the error for a removal of nodes from a pool with automatic scaling.
    ///
    /// The text is that of the service, as its users quote it; the code is not published. Clients such as
    /// <https://github.com/microsoft/ga4gh-tes> disable automatic scaling before they remove nodes.
    pub(crate) fn removal_with_scaling() -> Self {
        Self::wrong_state().about(&[("Reason", "Remove VMs not allowed when AutoScale is enabled")])
    }

    /// Creates the error for an operation that requires automatic scaling.
    pub(crate) fn scaling_disabled() -> Self {
        Self::wrong_state().about(&[("Reason", "automatic scaling is not enabled on the pool")])
    }

    /// Creates the error for a reimage of a node with a virtual machine configuration.
    pub(crate) fn node_not_reimaged() -> Self {
        let text = "The specified operation is not valid on the node.";
        let reason =
            "Operation reimage can be invoked only on pools created with cloudServiceConfiguration";
        Self::new(StatusCode::CONFLICT, "OperationNotValidOnNode", text)
            .about(&[("Reason", reason)])
    }

    /// Creates the error for a feature that is not modelled.
    pub(crate) fn not_modelled(what: &str) -> Self {
        let text = format!("{what} is not modelled");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", &text)
    }

    /// Creates an error from a status, with the code that Batch most often returns with it.
    pub(crate) fn of_status(status: StatusCode, message: &str) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => "ResourceNotFound",
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => "AuthenticationFailed",
            StatusCode::CONFLICT => "OperationInvalidForCurrentState",
            StatusCode::PRECONDITION_FAILED => "ConditionNotMet",
            StatusCode::NOT_IMPLEMENTED => "NotImplemented",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "ServerBusy",
            status if status.is_client_error() => "InvalidInput",
            _ => "InternalError",
        };
        Self::new(status, code, message)
    }

    /// Returns the error as a response body.
    pub(crate) fn body(&self, base: &str, request_id: &str, now: Timestamp) -> Value {
        let errors = "Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element";
        let mut body = self.element(request_id, now);
        body["odata.metadata"] = json!(format!("{base}/$metadata#{errors}"));
        body
    }

    /// Returns the error as it is embedded in the result of a collection.
    pub(crate) fn element(&self, request_id: &str, now: Timestamp) -> Value {
        let text = format!("{}\nRequestId:{request_id}\nTime:{now}", self.message);
        let mut body = json!({ "code": self.code, "message": { "lang": "en-US", "value": text } });
        if !self.values.is_empty() {
            let values =
                self.values.iter().map(|(key, value)| json!({ "key": key, "value": value }));
            body["values"] = values.collect();
        }
        body
    }
}
