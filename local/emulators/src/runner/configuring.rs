//! Configures the runner with a registration token, as `config.sh` does.

use std::collections::BTreeMap;

use serde_json::json;

use super::arguments::Arguments;
use super::service::Service;
use super::{Ending, Listener, home};

impl Listener {
    pub(super) async fn configure(&self, args: &Arguments) -> Ending {
        if home::is_configured(&self.home) {
            return self.fail("Cannot configure the runner because it is already configured.");
        }
        let (Some(url), Some(token)) = (args.text("url"), args.text("token")) else {
            return self.fail("Invalid configuration provided for url or token.");
        };
        let Ok(mut service_url) = url::Url::parse(url) else {
            return self.fail("Invalid configuration provided for url.");
        };
        service_url.set_path("/_services");
        let order = json!({
            "url": url,
            "name": args.text("name").unwrap_or(self.machine()),
            "labels": labels(args),
            "group": args.text("runnergroup"),
            "ephemeral": args.has("ephemeral"),
            "replace": args.has("replace"),
            "work_folder": args.text("work").unwrap_or("_work"),
        });
        let service = Service::new(&self.wire, service_url.as_str(), token);
        let files: BTreeMap<String, String> = match service.register(&order).await {
            Ok(files) => files,
            Err(reason) => return self.fail(&reason),
        };
        if home::write(&self.home, &files).is_err() {
            return self.fail("The settings could not be saved.");
        }
        self.say("√ Runner successfully added");
        self.say("√ Settings Saved.");
        Ending::Success
    }

    fn machine(&self) -> &str {
        self.env.get("HOSTNAME").map_or("runner", String::as_str)
    }

    pub(super) fn fail(&self, reason: &str) -> Ending {
        self.say(reason);
        Ending::TerminatedError
    }
}

/// The program's own labels come first, unless they are unwanted; each label once.
fn labels(args: &Arguments) -> Vec<String> {
    let own = ["self-hosted", "Linux", machine_label()];
    let own = own.into_iter().filter(|_| !args.has("no-default-labels"));
    let given = args.text("labels").unwrap_or_default().split(',').map(str::trim);
    let mut labels: Vec<String> = Vec::new();
    for label in own.chain(given).filter(|label| !label.is_empty()) {
        if !labels.iter().any(|known| known.eq_ignore_ascii_case(label)) {
            labels.push(label.to_owned());
        }
    }
    labels
}

pub(super) fn machine_label() -> &'static str {
    if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }
}
