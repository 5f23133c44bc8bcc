//! Registration with a token, as `config.sh` does it.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use emulator_core::service::Response;
use github_emulator::runner_keys::{Key, key};

use super::Listener;
use crate::arguments::Arguments;
use crate::configuration;
use crate::home::VERSION;
use crate::return_code::ReturnCode;
use crate::runner_service::RunnerService;
use crate::service_error::ServiceError;
use crate::worker::machine_label;

/// The number of attempts to register.
const MAX_REGISTRATIONS: u32 = 3;
/// The delay between two attempts; the real runner was observed to take 6.7 to 7.9 s for all three.
const REGISTRATION_RETRY_DELAY: Duration = Duration::from_millis(3500);

/// Statuses that are not retried.
const FINAL: [StatusCode; 3] =
    [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];

impl Listener {
    pub(super) async fn configure(&self, args: &Arguments) -> ReturnCode {
        if configuration::exists(&self.home) {
            return self.fail(
                "Cannot configure the runner because it is already configured. To reconfigure the \
                 runner, run './config.sh remove' first.",
            );
        }
        let (Some(url), Some(token)) = (args.text("url"), args.text("token")) else {
            return self.fail("Invalid configuration provided for url or token.");
        };
        let Ok(mut service_url) = url::Url::parse(url) else {
            return self.fail("Invalid configuration provided for url.");
        };
        service_url.set_path("/_services");
        // The real runner generates a key; this one uses one of the emulator's fixed keys.
        let key = key(u64::from(std::process::id()));
        let body = self.registration(args, url, key);
        let service = RunnerService::with_token(&self.transport, service_url.as_str(), None);
        let registered = match self.register(&service, token, &body).await {
            Ok(registered) => registered,
            Err(reason) => return self.fail(&reason),
        };
        let files = files(args, url, &registered, key);
        if configuration::write_from_config_sh(&self.home, &files, self.env.get("PATH")).is_err() {
            return self.fail("The settings could not be saved.");
        }
        self.print("√ Runner successfully added");
        self.print("√ Runner connection is good");
        self.print("√ Settings Saved.");
        ReturnCode::Success
    }

    fn registration(&self, args: &Arguments, url: &str, key: &Key) -> Value {
        let public_key = format!(
            "<RSAKeyValue><Modulus>{}</Modulus><Exponent>{}</Exponent></RSAKeyValue>",
            key.modulus, key.exponent
        );
        let host_name = self.env.get("HOSTNAME").map_or("runner", String::as_str);
        json!({
            "url": url,
            "name": args.text("name").unwrap_or(host_name),
            "version": VERSION,
            "labels": labels(args),
            "group": args.text("runnergroup"),
            "ephemeral": args.has("ephemeral"),
            "replace": args.has("replace"),
            "updates_disabled": args.has("disableupdate"),
            "public_key": public_key,
        })
    }

    /// Registers with a token. Final statuses, such as 404, are not retried.
    ///
    /// # Errors
    /// The reason that the listener prints.
    async fn register(
        &self,
        service: &RunnerService,
        token: &str,
        body: &Value,
    ) -> Result<Value, String> {
        let mut reason = String::new();
        for attempt in 1..=MAX_REGISTRATIONS {
            match service.register(token, body).await {
                Ok(response) if response.status().is_success() => {
                    return serde_json::from_slice(response.body()).map_err(|err| err.to_string());
                }
                Ok(response) => {
                    reason = rejection_text(&response, service.url());
                    if FINAL.contains(&response.status()) {
                        break;
                    }
                }
                Err(_) => reason = "Connection refused".to_owned(),
            }
            if attempt < MAX_REGISTRATIONS {
                tokio::time::sleep(REGISTRATION_RETRY_DELAY).await;
            }
        }
        Err(reason)
    }
}

/// Writes the text that the listener prints for a rejection.
fn rejection_text(response: &Response, url: &str) -> String {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let message = body["message"].as_str().unwrap_or_default();
    let status = response.status();
    if [StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY].contains(&status) {
        return message.to_owned();
    }
    let reason = ServiceError::Status(status);
    format!(
        "Http response code: {reason} from 'POST {url}/runners'\n{message}\n\
         Response status code does not indicate success: {} ({}).",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
    )
}

/// Writes the files of the configuration, by name.
fn files(args: &Arguments, url: &str, registered: &Value, key: &Key) -> [(&'static str, Value); 3] {
    let authorization = &registered["authorization"];
    let settings = json!({
        "isHostedServer": false,
        "agentId": registered["id"],
        "agentName": registered["name"],
        "poolId": registered["pool_id"],
        "poolName": registered["pool_name"],
        "disableUpdate": args.has("disableupdate"),
        "ephemeral": args.has("ephemeral"),
        "serverUrl": authorization["server_url"],
        "gitHubUrl": url,
        "workFolder": args.text("work").unwrap_or("_work"),
        "useV2Flow": true,
        "useRunnerAdminFlow": true,
        "serverUrlV2": authorization["server_url"],
    });
    let credentials = json!({
        "scheme": "OAuth",
        "data": {
            "clientId": authorization["client_id"],
            "authorizationUrl": authorization["authorization_url"],
            "requireFipsCryptography": "True",
        },
    });
    [(".runner", settings), (".credentials", credentials), (".credentials_rsaparams", json!(key))]
}

/// Lists the labels: the default ones first, unless disabled; each label once, with its spaces.
fn labels(args: &Arguments) -> Vec<String> {
    let default = ["self-hosted", "Linux", machine_label()];
    let default = default.into_iter().filter(|_| !args.has("no-default-labels"));
    let given = args.text("labels").unwrap_or_default().split(',');
    let mut labels: Vec<String> = Vec::new();
    for label in default.chain(given).filter(|label| !label.trim().is_empty()) {
        if !labels.iter().any(|known| known.eq_ignore_ascii_case(label)) {
            labels.push(label.to_owned());
        }
    }
    labels
}
