//! The JSON of Azure DevOps: the parts that are used here. Absent members have their default.
//!
//! The shapes are those of `TaskAgentInterfaces` in <https://github.com/microsoft/azure-devops-node-api>, and of what
//! KEDA's scaler has recorded.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A list of the service.
#[derive(Deserialize)]
pub(super) struct List<T> {
    pub(super) value: Vec<T>,
}

/// An agent pool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// Its id, unique in the organization.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether the service updates agents to its own version.
    #[serde(default)]
    pub auto_update: Option<bool>,
    /// Whether Microsoft hosts it.
    #[serde(default)]
    pub is_hosted: bool,
}

/// An agent as requests refer to it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct AgentReference {
    /// Its id.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: String,
}

/// A registered agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Its id.
    pub id: u64,
    /// Its name, unique in its pool.
    pub name: String,
    /// Whether it may get jobs.
    #[serde(default)]
    pub enabled: bool,
    /// `online` or `offline`.
    #[serde(default)]
    pub status: String,
    /// When it was registered.
    #[serde(default, deserialize_with = "time")]
    pub created_on: Option<DateTime<Utc>>,
    /// When it went online or offline.
    #[serde(default, deserialize_with = "time")]
    pub status_changed_on: Option<DateTime<Utc>>,
    /// The request for which it is reserved.
    #[serde(default)]
    pub assigned_request: Option<RequestReference>,
    /// The latest request that it completed.
    #[serde(default)]
    pub last_completed_request: Option<RequestReference>,
    /// The capabilities that its registration, or its session, contained.
    #[serde(default)]
    pub system_capabilities: BTreeMap<String, String>,
}

impl Agent {
    /// Returns whether it has a session.
    pub fn is_online(&self) -> bool {
        self.status.eq_ignore_ascii_case("online")
    }
}

/// A job request as agents refer to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestReference {
    /// Its id.
    pub request_id: u64,
    /// When it got its result.
    #[serde(default, deserialize_with = "time")]
    pub finish_time: Option<DateTime<Utc>>,
}

/// The answer to a registration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredAgent {
    /// Its id.
    pub id: u64,
    /// What it authenticates with.
    pub authorization: Authorization,
    /// `ServerUrl`, as a text or as an object with the text in `$value`.
    #[serde(default)]
    pub properties: BTreeMap<String, Value>,
}

/// What an agent authenticates with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// The id of the agent as an OAuth client.
    pub client_id: String,
    /// The token endpoint. Its form is not documented, so it is used as answered.
    pub authorization_url: String,
}

/// A job's request for an agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRequest {
    /// Its id, unique in the organization.
    pub request_id: u64,
    /// When the job was queued.
    #[serde(default, deserialize_with = "time")]
    pub queue_time: Option<DateTime<Utc>>,
    /// When an agent acknowledged it.
    #[serde(default, deserialize_with = "time")]
    pub receive_time: Option<DateTime<Utc>>,
    /// Its result; null until it has ended.
    #[serde(default)]
    pub result: Option<Value>,
    /// The agent that is to run it, or runs it.
    #[serde(default)]
    pub reserved_agent: Option<AgentReference>,
    /// Whether every agent of the pool meets its demands; then no list of them may follow.
    #[serde(default)]
    pub matches_all_agents_in_pool: bool,
    /// The agents that meet its demands, also offline and disabled ones.
    #[serde(default)]
    pub matched_agents: Vec<AgentReference>,
    /// The name of the job.
    #[serde(default)]
    pub job_name: String,
    /// The pipeline.
    #[serde(default)]
    pub definition: Option<Owner>,
    /// The run: a build.
    #[serde(default)]
    pub owner: Option<Owner>,
}

/// A pipeline or a run.
#[derive(Clone, Debug, Deserialize)]
pub struct Owner {
    /// Its id.
    #[serde(default)]
    pub id: u64,
    /// Its name or number.
    #[serde(default)]
    pub name: String,
}

/// The self-hosted parallel jobs of the organization.
/// `getResourceUsage` of <https://github.com/microsoft/azure-devops-node-api>
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceUsage {
    /// The number that is used.
    #[serde(default)]
    pub used_count: u64,
    /// The number that the organization has.
    pub resource_limit: ResourceLimit,
}

/// A number of parallel jobs.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLimit {
    /// The number.
    #[serde(default)]
    pub total_count: u64,
}

/// A run of a pipeline.
/// <https://learn.microsoft.com/rest/api/azure/devops/build/builds/get>
#[derive(Clone, Debug, Deserialize)]
pub struct Build {
    /// `completed` once it has ended.
    #[serde(default)]
    pub status: String,
}

/// Reads a time. The first day of year 1, which .NET has for none, and a text in another format count as none.
fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let time = text.and_then(|text| text.parse::<DateTime<Utc>>().ok());
    Ok(time.filter(|time| time.year() > 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_any_number_of_digits_of_a_second() {
        let read = |json: &str| serde_json::from_str::<JobRequest>(json).expect("a request");
        let request = read(r#"{"requestId":1,"queueTime":"2026-11-29T11:20:22.4633333Z"}"#);
        assert!(request.queue_time.is_some() && request.receive_time.is_none());
        let zero = read(r#"{"requestId":1,"receiveTime":"0001-01-01T00:00:00"}"#);
        assert_eq!(zero.receive_time, None);
        let zero = read(r#"{"requestId":1,"receiveTime":"0001-01-01T00:00:00Z"}"#);
        assert_eq!(zero.receive_time, None);
    }
}
