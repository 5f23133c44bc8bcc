//! Configures the runner with a registration token, as `config.sh` does.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::rejected::Rejected;
use super::service::Service;
use super::{Ending, Listener, VERSION, home};
use emulator_core::service::Response;
use github_emulator::runner_keys::{Key, key};

/// How often it tries to register.
const REGISTRATIONS: u32 = 3;
/// How long it waits between two tries; the real one was seen to take 6.7 to 7.9 s for the three.
const PAUSE: Duration = Duration::from_millis(3500);

/// What is not tried again.
const FINAL: [StatusCode; 3] =
    [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];

impl Listener {
    pub(super) async fn configure(&self, args: &Arguments) -> Ending {
        if home::is_configured(&self.home) {
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
        // The real one makes a key; this one takes one of those that the emulator has.
        let key = key(u64::from(std::process::id()));
        let order = self.order(args, url, key);
        let service = Service::with_token(&self.transport, service_url.as_str(), None);
        let registered = match self.register(&service, token, &order).await {
            Ok(registered) => registered,
            Err(reason) => return self.fail(&reason),
        };
        let files = files(args, url, &registered, key);
        if home::write_texts(&self.home, &files, self.env.get("PATH")).is_err() {
            return self.fail("The settings could not be saved.");
        }
        self.say("√ Runner successfully added");
        self.say("√ Runner connection is good");
        self.say("√ Settings Saved.");
        Ending::Success
    }

    fn order(&self, args: &Arguments, url: &str, key: &Key) -> Value {
        let public_key = format!(
            "<RSAKeyValue><Modulus>{}</Modulus><Exponent>{}</Exponent></RSAKeyValue>",
            key.modulus, key.exponent
        );
        json!({
            "url": url,
            "name": args.text("name").unwrap_or(self.machine()),
            "version": VERSION,
            "labels": labels(args),
            "group": args.text("runnergroup"),
            "ephemeral": args.has("ephemeral"),
            "replace": args.has("replace"),
            "updates_disabled": args.has("disableupdate"),
            "public_key": public_key,
        })
    }

    /// Registers with a token; where that is refused, the reason is what a person reads. 404 is not tried again.
    async fn register(
        &self,
        service: &Service,
        token: &str,
        order: &Value,
    ) -> Result<Value, String> {
        let mut reason = String::new();
        for attempt in 1..=REGISTRATIONS {
            match service.register(token, order).await {
                Ok(answer) if answer.status().is_success() => {
                    return serde_json::from_slice(answer.body()).map_err(|err| err.to_string());
                }
                Ok(answer) => {
                    reason = refusal(&answer, service.url());
                    if FINAL.contains(&answer.status()) {
                        break;
                    }
                }
                Err(_) => reason = "Connection refused".to_owned(),
            }
            if attempt < REGISTRATIONS {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(reason)
    }

    fn machine(&self) -> &str {
        self.env.get("HOSTNAME").map_or("runner", String::as_str)
    }

    pub(super) fn fail(&self, reason: &str) -> Ending {
        self.say(reason);
        Ending::TerminatedError
    }
}

/// Writes what a person reads of a refusal.
fn refusal(answer: &Response, url: &str) -> String {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let message = body["message"].as_str().unwrap_or_default();
    let status = answer.status();
    if [StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY].contains(&status) {
        return message.to_owned();
    }
    let reason = Rejected::Status(status);
    format!(
        "Http response code: {reason} from 'POST {url}/runners'\n{message}\n\
         Response status code does not indicate success: {} ({}).",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
    )
}

/// Writes what `config.sh` leaves, by the names of the files.
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

/// The program's own labels come first, unless they are unwanted; each label once, with its spaces.
fn labels(args: &Arguments) -> Vec<String> {
    let own = ["self-hosted", "Linux", machine_label()];
    let own = own.into_iter().filter(|_| !args.has("no-default-labels"));
    let given = args.text("labels").unwrap_or_default().split(',');
    let mut labels: Vec<String> = Vec::new();
    for label in own.chain(given).filter(|label| !label.trim().is_empty()) {
        if !labels.iter().any(|known| known.eq_ignore_ascii_case(label)) {
            labels.push(label.to_owned());
        }
    }
    labels
}

pub(super) fn machine_label() -> &'static str {
    if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }
}
