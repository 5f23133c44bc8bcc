//! Answers requests: who asks, what they ask for, and how the answer is written.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Batch;
use super::failure::Failure;
use super::query::Query;
use super::route::{Operation, Route, route};
use super::wire::{self, Stamp};
use emulator_core::service::{Request, Response};

mod jobs;
mod tasks;
mod collection;
mod files;
mod pools;
mod sizes;
mod account;
mod views;

/// The most that a body may hold.
const BODY: usize = 1 << 20;

/// A request, taken apart.
struct Call<'a> {
    request: &'a Request,
    route: Route,
    /// The address that the client used, for the addresses in answers.
    base: String,
    /// The request's id.
    id: String,
}

/// An answer before it is written.
#[derive(Default)]
struct Reply {
    status: StatusCode,
    /// When what was asked about was last modified.
    modified: Option<Stamp>,
    /// The path of what was written to.
    subject: Option<String>,
    headers: Vec<(HeaderName, String)>,
    body: Option<Bytes>,
}

impl Reply {
    fn new(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// Shows something that has no version of its own.
    fn showing(base: &str, metadata: &str, mut body: Value) -> Self {
        body["odata.metadata"] = json!(format!("{base}/$metadata#{metadata}"));
        let json = "application/json;odata=minimalmetadata".to_owned();
        let headers = vec![(header::CONTENT_TYPE, json)];
        Self { headers, body: Some(body.to_string().into()), ..Self::default() }
    }

    fn modified(self, modified: Stamp) -> Self {
        Self { modified: Some(modified), ..self }
    }

    fn subject(self, path: String) -> Self {
        Self { subject: Some(path), ..self }
    }
}

impl Call<'_> {
    /// Reads the body.
    fn body<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let given = self.request.headers().get(header::CONTENT_TYPE);
        let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Without it the service cannot know which form of JSON it is sent.
        let kind = given.to_ascii_lowercase().replace(' ', "");
        if !kind.starts_with("application/json;odata=") {
            return Err(Failure::invalid_header("Content-Type", given));
        }
        wire::read(self.request.body())
    }

    /// Reads the body, if there is one.
    fn optional_body<T: DeserializeOwned + Default>(&self) -> Result<T, Failure> {
        if self.request.body().is_empty() { Ok(T::default()) } else { self.body() }
    }

    fn query(&self, allowed: &[&str]) -> Result<Query, Failure> {
        Query::read(self.request, allowed)
    }

    /// Fails where a condition of the request does not hold.
    fn check(&self, modified: Stamp) -> Result<(), Failure> {
        super::conditions::check(self.request, modified)
    }

    /// Shows a page of a list.
    fn list(&self, query: &Query, metadata: &str, page: (Vec<Value>, Option<String>)) -> Reply {
        let (items, last) = page;
        let mut body = json!({ "value": items });
        if let Some(last) = last {
            let link = query.next_link(&self.base, self.request.uri().path(), &last);
            body["odata.nextLink"] = json!(link);
        }
        Reply::showing(&self.base, metadata, body)
    }
}

impl Batch {
    /// Answers a request.
    pub(super) fn reply(&self, operation: Operation, request: &Request) -> Response {
        let id = self.next_request_id();
        let Some(route) = route(request.method(), request.uri().path()) else {
            return self.write_failure(&Failure::not_modelled("this operation"), Some(request));
        };
        let call = Call { request, route, base: base(request), id };
        let done = self.access.check(request, &self.site.clock);
        match done.and_then(|()| self.perform(operation, &call)) {
            Ok(reply) => write(reply, &call),
            Err(failure) => self.write_failed(&failure, request, &call.base, &call.id),
        }
    }

    fn perform(&self, operation: Operation, call: &Call<'_>) -> Result<Reply, Failure> {
        if call.request.body().len() > BODY {
            return Err(Failure::body_too_large());
        }
        match operation {
            Operation::AddJob => self.add_job(call),
            Operation::ListJobs => self.list_jobs(call),
            Operation::GetJob => self.get_job(call),
            Operation::UpdateJob => self.update_job(call),
            Operation::ReplaceJob => self.replace_job(call),
            Operation::DeleteJob => self.delete_job(call),
            Operation::DisableJob => self.disable_job(call),
            Operation::EnableJob => self.enable_job(call),
            Operation::TerminateJob => self.terminate_job(call),
            Operation::GetTaskCounts => self.task_counts(call),
            Operation::AddTask => self.add_task(call),
            Operation::AddTaskCollection => self.add_task_collection(call),
            Operation::ListTasks => self.list_tasks(call),
            Operation::GetTask => self.get_task(call),
            Operation::UpdateTask => self.update_task(call),
            Operation::DeleteTask => self.delete_task(call),
            Operation::TerminateTask => self.terminate_task(call),
            Operation::ReactivateTask => self.reactivate_task(call),
            Operation::ListTaskFiles => self.list_task_files(call),
            Operation::GetTaskFile => self.get_task_file(call),
            Operation::GetTaskFileProperties => self.task_file_properties(call),
            Operation::AddPool => self.add_pool(call),
            Operation::ListPools => self.list_pools(call),
            Operation::UpdatePool => self.update_pool(call),
            Operation::DeletePool => self.delete_pool(call),
            Operation::EnablePoolAutoScale => self.enable_scaling(call),
            Operation::DisablePoolAutoScale => self.disable_scaling(call),
            Operation::EvaluatePoolAutoScale => self.evaluate_formula(call),
            Operation::ResizePool => self.resize_pool(call),
            Operation::StopPoolResize => self.stop_resize(call),
            Operation::RemoveNodes => self.remove_nodes(call),
            Operation::ListNodeCounts => self.node_counts(call),
            Operation::ListSupportedImages => self.supported_images(call),
            Operation::GetPool => self.get_pool(call),
            Operation::PoolExists => self.pool_exists(call),
            Operation::ListNodes => self.list_nodes(call),
            Operation::GetNode => self.get_node(call),
        }
    }

    fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u64_pair(self.options.seed, number).to_string()
    }

    /// Writes an error.
    pub(super) fn write_failure(&self, failure: &Failure, request: Option<&Request>) -> Response {
        let id = self.next_request_id();
        match request {
            Some(request) => self.write_failed(failure, request, &base(request), &id),
            None => self.write_failed(failure, &Request::default(), "http://localhost", &id),
        }
    }

    fn write_failed(&self, failure: &Failure, request: &Request, base: &str, id: &str) -> Response {
        let now = Stamp::of(self.site.clock.now());
        let mut answer = Response::default();
        *answer.status_mut() = failure.status;
        let bare =
            request.method() == http::Method::HEAD || failure.status == StatusCode::NOT_MODIFIED;
        if !bare {
            *answer.body_mut() = failure.body(base, id, now).to_string().into();
            let json = "application/json;odata=minimalmetadata";
            set(&mut answer, header::CONTENT_TYPE, json);
        }
        if failure.status == StatusCode::UNAUTHORIZED {
            let challenge = "Bearer authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", resource_id=\"https://batch.core.windows.net/\"";
            set(&mut answer, header::WWW_AUTHENTICATE, challenge);
        }
        sign_off(&mut answer, request, id);
        answer
    }
}

fn write(reply: Reply, call: &Call<'_>) -> Response {
    let mut answer = Response::new(reply.body.unwrap_or_default());
    *answer.status_mut() = reply.status;
    for (name, value) in &reply.headers {
        set(&mut answer, name.clone(), value);
    }
    if let Some(modified) = reply.modified {
        set(&mut answer, header::ETAG, &format!("\"{}\"", modified.etag()));
        set(&mut answer, header::LAST_MODIFIED, &modified.http_date());
    }
    if let Some(subject) = &reply.subject {
        let id = HeaderName::from_static("dataserviceid");
        set(&mut answer, id, &format!("{}{subject}", call.base));
    }
    sign_off(&mut answer, call.request, &call.id);
    answer
}

/// Sets the headers that every answer has.
fn sign_off(answer: &mut Response, request: &Request, id: &str) {
    set(answer, HeaderName::from_static("request-id"), id);
    set(answer, HeaderName::from_static("dataserviceversion"), "3.0");
    let headers = request.headers();
    let wanted = headers.get("return-client-request-id");
    if wanted.is_some_and(|wanted| wanted.as_bytes().eq_ignore_ascii_case(b"true"))
        && let Some(given) = headers.get("client-request-id")
    {
        answer.headers_mut().insert("client-request-id", given.clone());
    }
}

fn set(answer: &mut Response, name: HeaderName, value: &str) {
    // What clients have chosen and is repeated in a header are ids and paths, which may hold anything.
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn base(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    format!("http://{}", host.unwrap_or("localhost"))
}
