//! Reaches a deployment: through its functions, which stand inside its network, or with its settings from here.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use handler::clock::Clock;
use handler::functions::App;
use handler::operate::{Operated, Replay};
use handler::settings::Settings;
use handler::status::StatusReport;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cli::Deployment;

/// The front end of the platform waits no longer for a function.
const PATIENCE: Duration = Duration::from_secs(230);

/// A deployment that can be asked.
pub(crate) enum Reached {
    /// Through its functions.
    Functions { client: Client, url: String, key: String },
    /// With its settings.
    Settings(Box<App>),
}

/// A file of settings: alone, or as the tools for Functions write them.
#[derive(Deserialize)]
#[serde(untagged)]
enum SettingsFile {
    Local {
        #[serde(rename = "Values")]
        values: BTreeMap<String, String>,
    },
    Plain(BTreeMap<String, String>),
}

impl Reached {
    /// Finds the deployment that the options mean. Nothing is sent yet.
    pub(crate) fn by(options: &Deployment) -> anyhow::Result<Self> {
        if let Some(file) = &options.settings {
            return Ok(Self::Settings(Box::new(app(file)?)));
        }
        let url = options.url.as_ref().context("say which deployment: --url or --settings")?;
        let key = match (&options.key_file, &options.key) {
            (Some(file), _) => read(file)?.trim().to_owned(),
            (None, Some(key)) => key.clone(),
            (None, None) => bail!("prove yourself: --key-file, or MAYFLY_FUNCTION_KEY"),
        };
        let client = handler::transport::http_client(None).context("make an HTTP client")?;
        Ok(Self::Functions { client, url: url.as_str().trim_end_matches('/').to_owned(), key })
    }

    /// Asks where each job stands.
    pub(crate) async fn status(&self) -> anyhow::Result<StatusReport> {
        match self {
            Self::Functions { client, url, key } => {
                let asked = client.get(format!("{url}/Status"));
                answer("Status", asked.header("x-functions-key", key)).await
            }
            Self::Settings(app) => Ok(StatusReport::clone(&*app.status().await?)),
        }
    }

    /// Has something put back on the road.
    pub(crate) async fn replay(&self, order: &Replay) -> anyhow::Result<Operated> {
        match self {
            Self::Functions { client, url, key } => {
                let asked = client.post(format!("{url}/Operate")).json(&order.as_json());
                answer("Operate", asked.header("x-functions-key", key)).await
            }
            Self::Settings(app) => app.replay(order).await,
        }
    }
}

fn app(file: &Path) -> anyhow::Result<App> {
    let settings: SettingsFile = serde_json::from_str(&read(file)?)
        .with_context(|| format!("read the settings in {}", file.display()))?;
    let (SettingsFile::Local { values } | SettingsFile::Plain(values)) = settings;
    let settings = Settings::read(|name| match name {
        // The host tells it to whoever listens.
        "FUNCTIONS_CUSTOMHANDLER_PORT" => Some("0".to_owned()),
        name => values.get(name).cloned(),
    });
    App::new(settings.context("use these settings")?, Clock::of_this_machine())
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))
}

async fn answer<T: DeserializeOwned>(function: &str, asked: RequestBuilder) -> anyhow::Result<T> {
    let answer = asked.timeout(PATIENCE).send().await;
    // An address may hold what is nobody's business.
    let answer = answer.map_err(reqwest::Error::without_url);
    let answer = answer.with_context(|| format!("reach {function} at --url"))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(reqwest::Error::without_url);
    let body = body.with_context(|| format!("read the answer of {function}"))?;
    if status == StatusCode::OK {
        let told = serde_json::from_slice(&body);
        return told.with_context(|| format!("read the answer of {function}: is it Mayfly's?"));
    }
    let told: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
    let why = match (told["error"].as_str(), status) {
        (Some(error), _) => error,
        (None, StatusCode::UNAUTHORIZED) => "the key is not one of its keys",
        (None, StatusCode::FORBIDDEN) => "an access restriction of the app refuses this machine",
        (None, StatusCode::NOT_FOUND) => "no such function: the address ends with /api",
        (None, _) => "without a reason",
    };
    bail!("ask {function}: {status}: {why}")
}
