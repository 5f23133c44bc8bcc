//! Messages from the service.

use std::time::Duration;

use serde_json::Value;

/// A message and its id.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) id: u64,
    pub(crate) message: Message,
}

/// A message that the agent understands.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Job(Box<JobMessage>),
    Cancel {
        job_id: String,
    },
    Refresh {
        version: String,
    },
    /// Logged and deleted.
    Unknown,
}

/// The parts of a job message that this agent uses.
#[derive(Clone, Debug)]
pub(crate) struct JobMessage {
    pub(crate) request: u64,
    pub(crate) job_id: String,
    pub(crate) name: String,
    pub(crate) plan: Plan,
    /// The address and the token of the job.
    pub(crate) url: String,
    pub(crate) token: String,
    /// How long the job runs, and its result: variables of the emulated service.
    pub(crate) runs_for: Duration,
    pub(crate) result: String,
}

/// The plan of a job.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) scope: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) version: u64,
}

impl Envelope {
    /// Reads a message; `None` of an empty answer.
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let id = answer["messageId"].as_u64()?;
        let body: Value = serde_json::from_str(answer["body"].as_str()?).ok()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let message = match answer["messageType"].as_str()? {
            "PipelineAgentJobRequest" => {
                JobMessage::read(&body).map_or(Message::Unknown, |job| Message::Job(Box::new(job)))
            }
            "JobCancellation" => Message::Cancel { job_id: text(&body["jobId"]) },
            "AgentRefresh" => Message::Refresh { version: text(&body["targetVersion"]) },
            _ => Message::Unknown,
        };
        Some(Self { id, message })
    }
}

impl JobMessage {
    fn read(body: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let variable = |name: &str| body["variables"][name]["value"].as_str();
        let endpoint = &body["resources"]["endpoints"][0];
        let milliseconds = variable("emulator.runsForMs").and_then(|text| text.parse().ok());
        Some(Self {
            request: body["requestId"].as_u64()?,
            job_id: text(&body["jobId"])?,
            name: text(&body["jobDisplayName"])?,
            plan: Plan {
                scope: text(&body["plan"]["scopeIdentifier"])?,
                kind: text(&body["plan"]["planType"])?,
                id: text(&body["plan"]["planId"])?,
                version: body["plan"]["version"].as_u64()?,
            },
            url: text(&endpoint["url"])?,
            token: text(&endpoint["authorization"]["parameters"]["AccessToken"])?,
            runs_for: Duration::from_millis(milliseconds.unwrap_or_default()),
            result: variable("emulator.result").unwrap_or("succeeded").to_owned(),
        })
    }
}
