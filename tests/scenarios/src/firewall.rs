//! The two webhook filters of a test environment: the stored ranges and the app's access restrictions.

use std::net::IpAddr;

use emulator_core::events::EventKind;
use local_deployment::STATE;
use serde_json::Value;

use crate::TestEnvironment;

impl TestEnvironment {
    /// Runs RefreshFirewall, and returns whether it succeeded.
    pub async fn refresh_firewall(&self) -> bool {
        self.deployment.functions.emulator.trigger("RefreshFirewall").await.is_ok()
    }

    /// Queues a job whose webhook is delivered from an address, and returns the status of the response.
    pub async fn deliver_from(&mut self, address: &str) -> u16 {
        let address: IpAddr = address.parse().expect("an address");
        self.deployment.functions.emulator.set_client_address(Some(address));
        // No profile serves these labels: only the admission of the delivery is tested.
        let job = self.queue_job(&["self-hosted", "no-profile"]);
        let mut answered = 0;
        self.until("a response to the delivery", |event| match event {
            EventKind::Delivered { job: of, status, .. } if *of == job => {
                answered = *status;
                true
            }
            _ => false,
        })
        .await;
        answered
    }

    /// Returns the stored ranges, one per line.
    pub async fn stored_ranges(&self) -> String {
        let storage = &self.deployment.storage;
        let url = format!("{}/{STATE}/hook-ranges?{}", storage.blobs, storage.signature);
        let answer = self.client.get(url).header("x-ms-version", "2026-04-06").send().await;
        let answer = answer.expect("an answer");
        if answer.status() == 404 {
            return "none".to_owned();
        }
        let text = answer.text().await.expect("a text");
        let stored: Value = serde_json::from_str(&text).expect("JSON");
        let ranges = stored["ranges"].as_array().expect("a list");
        ranges.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Overwrites the stored ranges with invalid content.
    pub async fn corrupt_stored_ranges(&self) {
        let storage = &self.deployment.storage;
        let url = format!("{}/{STATE}/hook-ranges?{}", storage.blobs, storage.signature);
        let request = self.client.put(url).header("x-ms-version", "2026-04-06");
        let request = request.header("x-ms-blob-type", "BlockBlob").body("invalid");
        let answer = request.send().await.expect("an answer");
        answer.error_for_status().expect("success");
    }

    /// Returns the app's access restrictions, one per line.
    pub fn restrictions(&self) -> String {
        let rules = self.deployment.platform.management.emulator.rules();
        let line = |rule: &Value| {
            let text = |name: &str| rule[name].as_str();
            let subnet = || text("vnetSubnetResourceId")?.rsplit('/').next();
            let source = text("ipAddress").or_else(subnet).unwrap_or("-");
            let [name, action] = ["name", "action"].map(|name| text(name).unwrap_or("-"));
            format!("{} {name}: {action} {source}", rule["priority"])
        };
        rules.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Counts the writes to both filters.
    pub fn writes(&self) -> u64 {
        let Self { deployment, .. } = self;
        deployment.blobs.faults.calls_of("PutBlob")
            + deployment.platform.management.emulator.writes()
    }

    /// Waits for a number of firewall alarms, and returns their log lines.
    ///
    /// # Panics
    /// The log has other errors, or another number of alarms.
    pub async fn alarms(&self, number: usize) -> String {
        // The response to an invocation may arrive before a log line that was written earlier.
        self.until_logged_times("alarm=\"firewall\"", number).await;
        let log = self.log();
        let errors = log.lines().filter_map(|line| line.split_once(" ERROR ")?.1.split_once(": "));
        let errors: Vec<&str> = errors.map(|(_, text)| text).collect();
        assert_eq!(errors.len(), number, "each error is an alarm\n{log}");
        errors.join("\n")
    }
}
