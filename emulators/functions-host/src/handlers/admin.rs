//! The host's own pages: its start page, and the admin endpoints of functions and of the host.
//!
//! The source is `FunctionsController`, `HostController` and `HomepageMiddleware` in
//! <https://github.com/Azure/azure-functions-host>. All but the ping need the master key.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use emulator_core::service::{Emulator as _, Request, Response, json_response, origin};

use super::forward::HOST_VERSION;
use crate::auth::Keys;
use crate::definitions::{AuthLevel, Trigger};
use crate::dto::function_list;
use crate::host::FunctionsHost;
use crate::routes::Operation;

/// The start page that the host shows to a browser.
const START_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Your Functions app is running</title></head>\
                          <body><h1>Your Functions app is running</h1></body></html>\n";

impl FunctionsHost {
    /// Answers a request for a page of the host; `name` is the function that the path names.
    pub(super) fn answer_for_host(
        &self,
        operation: Operation,
        name: &str,
        request: &Request,
    ) -> Response {
        match operation {
            Operation::StartPage => return self.start_page(),
            Operation::Ping => return self.failure(StatusCode::OK, ""),
            _ if !is_admin(&self.keys, request) => {
                return self.failure(StatusCode::UNAUTHORIZED, "");
            }
            _ => {}
        }
        match operation {
            Operation::ListFunctions => json_response(StatusCode::OK, &self.listed_functions()),
            Operation::GetFunction => self.listed_function(name, request),
            Operation::FunctionStatus => match self.invoker.app.document(name) {
                Some(_) => json_response(StatusCode::OK, &json!({})),
                None => self.failure(StatusCode::NOT_FOUND, ""),
            },
            Operation::HostStatus => json_response(StatusCode::OK, &self.status()),
            _ => self.trigger_function(name, request),
        }
    }

    fn start_page(&self) -> Response {
        let is_disabled = self.app_info.disable_home_page;
        let mut response = Response::new(Bytes::new());
        if is_disabled {
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        *response.body_mut() = Bytes::from_static(START_PAGE.as_bytes());
        let html = HeaderValue::from_static("text/html");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        response
    }

    fn listed_functions(&self) -> Value {
        let host = self.app_info.host_name.as_deref().unwrap_or("localhost");
        let base = format!("https://{host}");
        let documents = self.invoker.app.documents.iter();
        documents.map(|document| function_list::entry(document, &self.invoker.app, &base)).collect()
    }

    fn listed_function(&self, name: &str, request: &Request) -> Response {
        let Some(document) = self.invoker.app.document(name) else {
            return self.failure(StatusCode::NOT_FOUND, "");
        };
        let entry = function_list::entry(document, &self.invoker.app, &origin(request));
        json_response(StatusCode::OK, &entry)
    }

    fn status(&self) -> Value {
        let uptime = self.invoker.events.clock.now() - self.app_info.started;
        json!({
            "id": self.app_info.id,
            "state": "Running",
            "version": HOST_VERSION,
            "versionDetails": HOST_VERSION,
            "processUptime": uptime.num_milliseconds(),
            "functionAppContentEditingState": "Unknown",
        })
    }

    /// Invokes a function manually. Its caller gets the response at once; the invoker logs a failure.
    fn trigger_function(&self, name: &str, request: &Request) -> Response {
        let input = match manual_input(request) {
            Ok(input) => input,
            Err(status) => return self.failure(status, ""),
        };
        let Some(function) = self.invoker.function(name) else {
            return self.failure(StatusCode::NOT_FOUND, "");
        };
        match &function.trigger {
            Trigger::Http(_) => {
                let text = format!(
                    "{name} has an HTTP trigger; invoking it through the admin endpoint is not modelled"
                );
                return self.failure(StatusCode::NOT_IMPLEMENTED, &text);
            }
            Trigger::Queue(_) => {
                let (invoker, function) = (Arc::clone(&self.invoker), function.clone());
                self.tasks().spawn(async move {
                    let _ = invoker.invoke_manually(&function, &input).await;
                });
            }
            Trigger::Timer(_) => {
                let timer = self.timer(name).expect("every timer function has a timer");
                let timer = Arc::clone(timer);
                self.tasks().spawn(async move {
                    let _ = timer.fire_manually(&input).await;
                });
            }
        }
        self.failure(StatusCode::ACCEPTED, "")
    }
}

fn is_admin(keys: &Keys, request: &Request) -> bool {
    keys.allow(AuthLevel::Admin, request)
}

/// Returns the `input` of a manual invocation, or the status that rejects it.
///
/// The real host also rejects a body without a type, with 415.
fn manual_input(request: &Request) -> Result<String, StatusCode> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|text| !text.to_ascii_lowercase().contains("json")) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let fields = match serde_json::from_slice(request.body()) {
        Ok(Value::Object(fields)) => fields,
        _ => return Err(StatusCode::BAD_REQUEST),
    };
    let input = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("input"));
    match input.map(|(_, input)| input) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(StatusCode::BAD_REQUEST),
    }
}
