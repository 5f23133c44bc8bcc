//! A client of Azure Batch's REST API: the operations on jobs, tasks and pools that runners need.
//!
//! There is no Rust SDK for Batch's data plane, so this client uses the pipeline of `azure_core`. It retries reads. It
//! does not retry writes: the queue does, with the delay that Batch demands.
//!
//! <https://learn.microsoft.com/rest/api/batchservice/>

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::headers::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{
    Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request, RetryOptions,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use url::Url;

use crate::batch_job::BatchJobId;
use crate::clock::Clock;
use crate::error_chain::ErrorChain;
use crate::settings::BatchSettings;
use crate::task::{RunnerTask, TaskId};
use crate::transport::{HttpTransport, azure_options, reading_retries};

mod shared_key;
mod dto;
mod ledger;
mod node_counts;
mod nodes;
mod pool_facts;
mod task_ranges;
mod wakes;
mod files;

pub use dto::{NodeId, SeenTask, TaskState};
pub use ledger::{JobState, ListedTask};
pub use node_counts::NodeStates;
use shared_key::SharedKeyPolicy;
pub use shared_key::authorization;
pub use task_ranges::IdRange;

const API_VERSION: &str = "2025-06-01";
/// The resource is `https://batch.core.windows.net/`, hence the double slash.
const SCOPE: &str = "https://batch.core.windows.net//.default";

/// Why a call to Batch failed, by what callers do about it.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The task already exists, which means success to a caller that adds it.
    #[error("task {0} already exists")]
    TaskExists(TaskId),
    /// The Batch job does not exist (yet).
    #[error("Batch job {0} does not exist")]
    NoJob(BatchJobId),
    /// The Batch job accepts no tasks: it is completed, disabled or being deleted.
    #[error("Batch job {job} accepts no tasks ({code})")]
    JobClosed {
        /// The Batch job.
        job: BatchJobId,
        /// The published error code.
        code: String,
    },
    /// The task does not exist.
    #[error("task {0} does not exist")]
    NoTask(String),
    /// The identity may not change nodes or pools.
    #[error(
        "{call} failed with {status} {code}: profiles with nodePerJob, and WakePools, need the role that the template parameters nodePerJobRole and wakePools assign"
    )]
    NoNodeRole {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// The published error code.
        code: String,
    },
    /// Batch is overloaded, throttles, or cannot be reached; the same call may succeed later.
    #[error("{call} failed: Batch is unavailable ({fault})")]
    Unavailable {
        /// The operation.
        call: &'static str,
        /// The status and code, or the error of the connection.
        fault: String,
        /// The delay that Batch demands.
        retry_after: Option<Duration>,
    },
    /// Batch rejected the call: an operator must change the deployment.
    #[error("{call} failed with {status} {code}: {advice}")]
    Rejected {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// The published error code.
        code: String,
        /// The setting or role to check.
        advice: &'static str,
    },
}

/// A client of a Batch account.
#[derive(Clone, Debug)]
pub struct Batch {
    url: Url,
    writing: Pipeline,
    reading: Pipeline,
}

impl Batch {
    /// Creates a client that authenticates with the account's key if there is one, and else with `identity`.
    pub fn new(
        settings: &BatchSettings,
        identity: Option<Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
        clock: Clock,
    ) -> Self {
        let mut per_try: Vec<Arc<dyn Policy>> = Vec::new();
        match (&settings.key, identity) {
            (Some(key), _) => {
                per_try.push(Arc::new(SharedKeyPolicy::new(&settings.account, key, clock)))
            }
            (None, Some(identity)) => {
                per_try.push(Arc::new(BearerTokenAuthorizationPolicy::new(identity, [SCOPE])));
            }
            (None, None) => {}
        }
        let pipeline = |retries: RetryOptions| {
            let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
            let options = azure_options(transport, retries);
            Pipeline::new(name, version, options, Vec::new(), per_try.clone(), None)
        };
        let (writing, reading) = (pipeline(RetryOptions::none()), pipeline(reading_retries()));
        Self { url: settings.url.clone(), writing, reading }
    }

    /// Adds a Batch job on its profile's pool. Succeeds if it already exists.
    pub async fn add_job(&self, job: &BatchJobId, pool: &str) -> Result<(), BatchError> {
        let call = "adding a Batch job";
        let response = self.post(call, "jobs", &dto::JobToAdd::new(&job.to_string(), pool)).await?;
        match (status(&response), dto::code(&response).as_str()) {
            (201, _) | (409, "JobExists") => Ok(()),
            _ => Err(error(call, &response)),
        }
    }

    /// Adds a task to a Batch job.
    ///
    /// # Errors
    /// [`BatchError::TaskExists`], [`BatchError::NoJob`] and [`BatchError::JobClosed`] if Batch says so.
    pub async fn add_task(&self, job: &BatchJobId, task: &RunnerTask) -> Result<(), BatchError> {
        let call = "adding a task";
        let path = format!("jobs/{job}/tasks");
        let response = self.post(call, &path, &dto::TaskToAdd::new(task)).await?;
        let code = dto::code(&response);
        match (status(&response), code.as_str()) {
            (201, _) => Ok(()),
            (409, "TaskExists") => Err(BatchError::TaskExists(task.id.clone())),
            (404, "JobNotFound") => Err(BatchError::NoJob(job.clone())),
            (409, _) if code.starts_with("Job") => {
                Err(BatchError::JobClosed { job: job.clone(), code })
            }
            _ => Err(error(call, &response)),
        }
    }

    /// Reads the state and the environment of a task.
    ///
    /// # Errors
    /// [`BatchError::NoTask`] if the task or the Batch job does not exist.
    pub async fn task(&self, job: &BatchJobId, task: &str) -> Result<SeenTask, BatchError> {
        let call = "reading a task";
        let path = task_path(job, task);
        let response = self.send(call, Method::Get, &path, &[], None).await?;
        match (status(&response), dto::code(&response).as_str()) {
            (200, _) => dto::parse_task(response.body().as_ref()).ok_or_else(|| malformed(call)),
            (404, "TaskNotFound" | "JobNotFound") => Err(BatchError::NoTask(task.to_owned())),
            _ => Err(error(call, &response)),
        }
    }

    async fn post(
        &self,
        call: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<RawResponse, BatchError> {
        let json = serde_json::to_vec(body).expect("plain fields always serialize");
        self.send(call, Method::Post, path, &[], Some(json)).await
    }

    async fn send(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<RawResponse, BatchError> {
        self.send_with(call, method, path, query, body, None).await
    }

    /// Sends a request with one more header.
    async fn send_with(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Vec<u8>>,
        header: Option<(HeaderName, String)>,
    ) -> Result<RawResponse, BatchError> {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{path}", self.url.path().trim_end_matches('/')));
        url.query_pairs_mut().append_pair("api-version", API_VERSION).extend_pairs(query);
        let reads = matches!(method, Method::Get | Method::Head);
        let pipeline = if reads { &self.reading } else { &self.writing };
        let mut request = Request::new(url, method);
        request.insert_header("accept", "application/json");
        if let Some((name, value)) = header {
            request.insert_header(name, value);
        }
        if let Some(body) = body {
            request.insert_header(CONTENT_TYPE, "application/json; odata=minimalmetadata");
            request.set_body(body);
        }
        // The status is checked by the callers: they need Batch's error code, not the text of an error.
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let sent = pipeline.send(&Context::new(), &mut request, Some(options)).await;
        sent.map_err(|err| BatchError::Unavailable {
            call,
            fault: ErrorChain(&err).to_string(),
            retry_after: None,
        })
    }
}

fn task_path(job: &BatchJobId, task: &str) -> String {
    format!("jobs/{job}/tasks/{}", utf8_percent_encode(task, NON_ALPHANUMERIC))
}

fn status(response: &RawResponse) -> u16 {
    response.status().into()
}

fn error(call: &'static str, response: &RawResponse) -> BatchError {
    let (status, code) = (status(response), dto::code(response));
    let later = matches!(status, 408 | 429 | 500..);
    if later {
        let seconds = response.headers().get_optional_as(&RETRY_AFTER).ok().flatten();
        let retry_after = seconds.map(Duration::from_secs);
        return BatchError::Unavailable { call, fault: format!("{status} {code}"), retry_after };
    }
    let advice = match status {
        401 | 403 => {
            "check the identity's role on the Batch account, or BatchAccountName and BatchAccountKey"
        }
        404 => "check BatchAccountUrl",
        _ => "check the profile's pool and image in setting RunnerProfiles",
    };
    BatchError::Rejected { call, status, code, advice }
}

fn malformed(call: &'static str) -> BatchError {
    let fault = "the response is not the documented JSON".to_owned();
    BatchError::Unavailable { call, fault, retry_after: None }
}
