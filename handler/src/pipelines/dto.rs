//! The JSON of Azure DevOps: the parts that are used here. Absent members have their default.
//!
//! The shapes are those of `TaskAgentInterfaces` in <https://github.com/microsoft/azure-devops-node-api>, and of what
//! KEDA's scaler has recorded.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A list of the service.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The items that can be read.
    pub items: Vec<T>,
    /// Whether all items can be read.
    pub complete: bool,
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
    #[serde(default, deserialize_with = "or_default")]
    pub is_hosted: bool,
}

/// An agent as requests refer to it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct AgentReference {
    /// Its id.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
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
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// `online` or `offline`.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// When it was registered.
    #[serde(default, deserialize_with = "time")]
    pub created_on: Option<DateTime<Utc>>,
    /// When it went online or offline.
    #[serde(default, deserialize_with = "time")]
    pub status_changed_on: Option<DateTime<Utc>>,
    /// The request for which it is reserved.
    #[serde(default)]
    pub assigned_request: Option<JobRequest>,
    /// The latest request that it completed.
    #[serde(default)]
    pub last_completed_request: Option<JobRequest>,
    /// The capabilities that its registration, or its session, contained.
    #[serde(default, deserialize_with = "or_default")]
    pub system_capabilities: BTreeMap<String, Value>,
}

impl Agent {
    /// Returns whether it has a session.
    pub fn is_online(&self) -> bool {
        self.status.eq_ignore_ascii_case("online")
    }
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
    #[serde(default, deserialize_with = "or_default")]
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
    /// When it got its result.
    #[serde(default, deserialize_with = "time")]
    pub finish_time: Option<DateTime<Utc>>,
    /// Its result; null until it has ended.
    #[serde(default)]
    pub result: Option<Value>,
    /// The agent that is to run it, or runs it.
    #[serde(default)]
    pub reserved_agent: Option<AgentReference>,
    /// Whether every agent of the pool meets its demands; then no list of them may follow.
    #[serde(default, deserialize_with = "or_default")]
    pub matches_all_agents_in_pool: bool,
    /// The agents that meet its demands, also offline and disabled ones.
    #[serde(default, deserialize_with = "or_default")]
    pub matched_agents: Vec<AgentReference>,
    /// The name of the job.
    #[serde(default, deserialize_with = "or_default")]
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
    #[serde(default, deserialize_with = "or_default")]
    pub id: u64,
    /// Its name or number.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
}

/// The self-hosted parallel jobs of the organization.
/// `getResourceUsage` of <https://github.com/microsoft/azure-devops-node-api>
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceUsage {
    /// The number that is used.
    #[serde(default, deserialize_with = "or_default")]
    pub used_count: u64,
    /// The number that the organization has.
    pub resource_limit: ResourceLimit,
}

/// A number of parallel jobs.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLimit {
    /// The number.
    #[serde(default, deserialize_with = "or_default")]
    pub total_count: u64,
}

/// A run of a pipeline.
/// <https://learn.microsoft.com/rest/api/azure/devops/build/builds/get>
#[derive(Clone, Debug, Deserialize)]
pub struct Build {
    /// `completed` once it has ended.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
}

/// Reads null as the default: .NET also writes it for what is absent.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
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

    #[test]
    fn null_is_read_like_an_absent_member() {
        let request = r#"{"requestId":1,"matchesAllAgentsInPool":null,"matchedAgents":null,"jobName":null,"definition":{"id":null,"name":null},"reservedAgent":{"id":1,"name":null}}"#;
        let request: JobRequest = serde_json::from_str(request).expect("a request");
        assert!(request.matched_agents.is_empty() && !request.matches_all_agents_in_pool);
        let agent = r#"{"id":1,"name":"az","enabled":null,"status":null,"systemCapabilities":{"java":null,"cores":4}}"#;
        let agent: Agent = serde_json::from_str(agent).expect("an agent");
        assert!(!agent.enabled && !agent.is_online());
    }
}
