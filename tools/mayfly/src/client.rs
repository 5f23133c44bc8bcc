//! The client of a deployment: through its functions, which run inside its network, or directly with its settings.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use emulator_core::text_file;
use handler::app::App;
use handler::clock::Clock;
use handler::doctor::{DoctorReport, examine_faults};
use handler::history::{HistoryPage, HistoryRequest};
use handler::operation::Operation;
use handler::replay_plan::OperateResponse;
use handler::settings::{Faults, Settings};
use handler::status_report::StatusReport;
use handler::task_output::LogsResponse;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cli::Deployment;

/// The timeout of a request: Azure's front end ends requests to functions after 230 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(230);

/// The source of requests that are sent with the settings of a deployment.
const THIS_MACHINE: &str = "the command line";

/// The client of a deployment.
pub(crate) enum DeploymentClient {
    /// Through its functions.
    Functions { client: Client, url: String, key: String },
    /// With its settings.
    Settings(Box<App>),
}

impl DeploymentClient {
    /// Returns the client that the options select. Sends nothing yet.
    pub(crate) fn new(options: &Deployment) -> anyhow::Result<Self> {
        if let Some(file) = &options.settings {
            return Ok(Self::Settings(Box::new(app(file)?)));
        }
        let url = options.url.as_ref().context("select a deployment: use --url or --settings")?;
        let key = match (&options.key_file, &options.key) {
            (Some(file), _) => read_secret(file)?,
            // The shell sets an empty variable if a command that prints the key has failed.
            (None, Some(key)) if key.trim().is_empty() => {
                bail!("authenticate: the key is empty; use --key-file or MAYFLY_FUNCTION_KEY")
            }
            (None, Some(key)) => key.trim().to_owned(),
            (None, None) => bail!("authenticate: use --key-file or MAYFLY_FUNCTION_KEY"),
        };
        let client = handler::transport::http_client(None).context("create an HTTP client")?;
        Ok(Self::Functions { client, url: url.as_str().trim_end_matches('/').to_owned(), key })
    }

    /// Returns the status of all jobs.
    pub(crate) async fn status(&self) -> anyhow::Result<StatusReport> {
        match self {
            Self::Functions { client, url, key } => {
                let request = client.get(format!("{url}/Status"));
                send("Status", request.header("x-functions-key", key)).await
            }
            Self::Settings(app) => Ok(StatusReport::clone(&*app.status().await?)),
        }
    }

    /// Replays messages, deliveries, or a job, or pauses or resumes a profile.
    pub(crate) async fn operate(&self, operation: &Operation) -> anyhow::Result<OperateResponse> {
        self.call(operation).await
    }

    /// Checks the preconditions of the deployment.
    pub(crate) async fn doctor(&self) -> anyhow::Result<DoctorReport> {
        self.call(&Operation::Doctor).await
    }

    /// Reads the output of a task.
    pub(crate) async fn logs(&self, request: &Operation) -> anyhow::Result<LogsResponse> {
        self.call(request).await
    }

    /// Returns a page of the history of a day.
    pub(crate) async fn history(&self, request: HistoryRequest) -> anyhow::Result<HistoryPage> {
        self.call(&Operation::History(request)).await
    }

    async fn call<T: DeserializeOwned>(&self, operation: &Operation) -> anyhow::Result<T> {
        match self {
            Self::Functions { client, url, key } => {
                let request = client.post(format!("{url}/Operate")).json(&operation.as_json());
                send("Operate", request.header("x-functions-key", key)).await
            }
            Self::Settings(app) => {
                let response = app.operate(operation, THIS_MACHINE).await?;
                serde_json::from_value(response).context("parse the response")
            }
        }
    }

    /// Returns the status and the body of the response of Status, for the page of `status --web`.
    pub(crate) async fn forward_status(&self) -> anyhow::Result<(StatusCode, Bytes)> {
        match self {
            Self::Functions { client, url, key } => {
                let request = client.get(format!("{url}/Status"));
                receive("Status", request.header("x-functions-key", key)).await
            }
            Self::Settings(app) => as_response(app.status().await.map(|report| json!(*report))),
        }
    }

    /// Sends the request of the page of `status --web` to Operate, and returns the status and the body of the response.
    pub(crate) async fn forward_operation(
        &self,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        match self {
            Self::Functions { client, url, key } => {
                let request = client.post(format!("{url}/Operate")).body(body);
                let request = request.header("content-type", "application/json");
                receive("Operate", request.header("x-functions-key", key)).await
            }
            Self::Settings(app) => match Operation::parse(&body) {
                Ok(operation) => as_response(app.operate(&operation, THIS_MACHINE).await),
                Err(bad) => {
                    let error = json!({ "error": bad.to_string() }).to_string();
                    Ok((StatusCode::BAD_REQUEST, error.into()))
                }
            },
        }
    }
}

/// Returns what a function would respond.
fn as_response(result: anyhow::Result<Value>) -> anyhow::Result<(StatusCode, Bytes)> {
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(err) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": format!("{err:#}") })),
    };
    Ok((status, body.to_string().into()))
}

/// Returns the report about settings with which the handler does not start, if the options select such settings from a
/// file.
pub(crate) fn faulty_settings(options: &Deployment) -> anyhow::Result<Option<DoctorReport>> {
    // Standard input can be read once only.
    let Some(file) = options.settings.as_ref().filter(|file| file.as_path() != Path::new("-"))
    else {
        return Ok(None);
    };
    let faults = read_settings(&values(file)?).err();
    let faults = faults.as_ref().and_then(|err| err.downcast_ref::<Faults>());
    Ok(faults.map(|faults| examine_faults(faults.list(), Clock::system().now())))
}

/// Reads a file that contains one secret.
pub(crate) fn read_secret(file: &Path) -> anyhow::Result<String> {
    match read(file)?.trim() {
        "" => bail!("use {}: the file is empty", text_file::name(file)),
        secret => Ok(secret.to_owned()),
    }
}

fn app(file: &Path) -> anyhow::Result<App> {
    App::new(read_settings(&values(file)?)?, Clock::system())
}

fn values(file: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let values = parse_settings(&read(file)?);
    values.with_context(|| format!("read the settings in {}", text_file::name(file)))
}

/// Reads the handler's settings.
pub(crate) fn read_settings(values: &BTreeMap<String, String>) -> anyhow::Result<Settings> {
    let settings = Settings::read(|name| match name {
        // The Functions host sets this variable; here no server listens.
        "FUNCTIONS_CUSTOMHANDLER_PORT" => Some("0".to_owned()),
        name => values.get(name).cloned(),
    });
    settings.context("use the settings")
}

/// Reads settings: a plain object, or the format of Azure Functions Core Tools.
fn parse_settings(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let parsed: Value = serde_json::from_str(text).context("it is not JSON")?;
    let values = parsed.get("Values").unwrap_or(&parsed);
    let values = values.as_object().context("expected a JSON object of names and values")?;
    let text = |(name, value): (&String, &Value)| match value.as_str() {
        Some(value) => Ok((name.clone(), value.to_owned())),
        None => bail!("the value of {name} is no text: write it in quotes"),
    };
    values.iter().map(text).collect()
}

/// Returns the cause of a failed request: the refused connection, the unknown host, the rejected certificate. The errors
/// around it have the words of libraries.
pub(crate) fn innermost_cause(err: &reqwest::Error) -> anyhow::Error {
    if err.is_timeout() && !err.is_connect() {
        return anyhow!("no response within {} s", REQUEST_TIMEOUT.as_secs());
    }
    let mut cause: &dyn std::error::Error = err;
    while let Some(source) = cause.source() {
        cause = source;
    }
    anyhow!("{cause}")
}

fn read(file: &Path) -> anyhow::Result<String> {
    text_file::read(file).with_context(|| format!("read {}", text_file::name(file)))
}

/// Sends a request, and returns the status and the body of its response.
async fn receive(function: &str, request: RequestBuilder) -> anyhow::Result<(StatusCode, Bytes)> {
    let response = request.timeout(REQUEST_TIMEOUT).send().await;
    // Without the URL, which may contain secrets.
    let response = response.map_err(|err| innermost_cause(&err.without_url()));
    let response = response.with_context(|| format!("connect to {function} at --url"))?;
    let status = response.status();
    let body = response.bytes().await.map_err(|err| innermost_cause(&err.without_url()));
    let body = body.with_context(|| format!("read the response of {function}"))?;
    Ok((status, body))
}

async fn send<T: DeserializeOwned>(function: &str, request: RequestBuilder) -> anyhow::Result<T> {
    let (status, body) = receive(function, request).await?;
    if status == StatusCode::OK {
        let parsed = serde_json::from_slice(&body);
        return parsed.with_context(|| {
            format!("parse the response of {function}: is --url a deployment of Mayfly?")
        });
    }
    let error: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
    let reason = match (error["error"].as_str(), status) {
        (Some(error), _) => error,
        (None, StatusCode::UNAUTHORIZED) => "the key is not valid",
        (None, StatusCode::FORBIDDEN) => "an access restriction of the app rejects this machine",
        (None, StatusCode::NOT_FOUND) => "no such function: the URL must end with /api",
        (None, _) => "no reason given",
    };
    bail!("call {function}: {status}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_another_form_are_named() {
        let error = |text| format!("{:#}", parse_settings(text).expect_err(text));
        assert_eq!(error(r#"{"A":1}"#), "the value of A is no text: write it in quotes");
        assert_eq!(error("[]"), "expected a JSON object of names and values");
        assert_eq!(error(r#"{"Values":[]}"#), "expected a JSON object of names and values");
        assert!(error("A=1").starts_with("it is not JSON: "));
        let expected = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        for text in [r#"{"A":"1"}"#, r#"{"IsEncrypted":false,"Values":{"A":"1"}}"#] {
            assert_eq!(parse_settings(text).expect("settings"), expected);
        }
    }
}
