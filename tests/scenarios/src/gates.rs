//! Looks at both gates of a world: the ranges that are kept, and the app's access restrictions.

use std::net::IpAddr;

use emulator_core::events::EventKind;
use local_deployment::STATE;
use serde_json::Value;

use crate::World;

impl World {
    /// Runs RefreshFirewall; tells whether it was content.
    pub async fn refresh_firewall(&self) -> bool {
        self.cloud.functions.emulator.trigger("RefreshFirewall").await.is_ok()
    }

    /// Queues a job whose delivery comes from an address, and tells the answer's status.
    pub async fn deliver_from(&mut self, address: &str) -> u16 {
        let address: IpAddr = address.parse().expect("an address");
        self.cloud.functions.emulator.calls_come_from(Some(address));
        // It takes no runner: whether it is let in is all that is asked.
        let job = self.queue_job(&["self-hosted", "nobody"]);
        let mut answered = 0;
        self.until("an answer to the delivery", |what| match what {
            EventKind::Delivered { job: of, status, .. } if *of == job => {
                answered = *status;
                true
            }
            _ => false,
        })
        .await;
        answered
    }

    /// Tells the ranges that are kept, a line each.
    pub async fn kept_ranges(&self) -> String {
        let storage = &self.cloud.storage;
        let url = format!("{}/{STATE}/hook-ranges?{}", storage.blobs, storage.signature);
        let answer = self.client.get(url).header("x-ms-version", "2026-04-06").send().await;
        let answer = answer.expect("an answer");
        if answer.status() == 404 {
            return "none".to_owned();
        }
        let text = answer.text().await.expect("a text");
        let kept: Value = serde_json::from_str(&text).expect("JSON");
        let ranges = kept["ranges"].as_array().expect("a list");
        ranges.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Writes over the ranges that are kept what nobody can read.
    pub async fn spoil_kept_ranges(&self) {
        let storage = &self.cloud.storage;
        let url = format!("{}/{STATE}/hook-ranges?{}", storage.blobs, storage.signature);
        let request = self.client.put(url).header("x-ms-version", "2026-04-06");
        let request = request.header("x-ms-blob-type", "BlockBlob").body("spoilt");
        let answer = request.send().await.expect("an answer");
        answer.error_for_status().expect("success");
    }

    /// Tells the app's access restrictions, a line each.
    pub fn restrictions(&self) -> String {
        let rules = self.cloud.platform.management.emulator.rules();
        let line = |rule: &Value| {
            let text = |name: &str| rule[name].as_str();
            let subnet = || text("vnetSubnetResourceId")?.rsplit('/').next();
            let source = text("ipAddress").or_else(subnet).unwrap_or("-");
            let [name, action] = ["name", "action"].map(|name| text(name).unwrap_or("-"));
            format!("{} {name}: {action} {source}", rule["priority"])
        };
        rules.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Counts what was written to either gate.
    pub fn writes(&self) -> u64 {
        let Self { cloud, .. } = self;
        cloud.blobs.faults.calls_of("PutBlob") + cloud.platform.management.emulator.writes()
    }

    /// Lists the lines that somebody must act on, when there are so many, by the field `alarm`.
    ///
    /// # Panics
    /// When there are others.
    pub async fn alarms(&self, number: usize) -> String {
        // The answer to an invocation may be there before the line that was written first.
        self.until_logged_times("alarm=\"firewall\"", number).await;
        let log = self.log();
        let told = log.lines().filter_map(|line| line.split_once(" ERROR ")?.1.split_once(": "));
        let told: Vec<&str> = told.map(|(_, text)| text).collect();
        assert_eq!(told.len(), number, "each error is an alarm\n{log}");
        told.join("\n")
    }
}
