//! Tasks that run without an agent and call a function: `AzureFunction@1`.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/azure-function-v1>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the task of a call completes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// By the response: 2xx is a success.
    ApiResponse,
    /// By a later event `TaskCompleted`.
    #[default]
    Callback,
}

/// The inputs of a task `AzureFunction@1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionTask {
    /// The name of the project, which is created if it does not exist.
    pub project: String,
    /// The URL of the function, without a query.
    pub function: String,
    /// The function key.
    #[serde(default)]
    pub key: String,
    /// The method.
    #[serde(default = "post")]
    pub method: String,
    /// Parameters of the query, as text.
    #[serde(default)]
    pub query_parameters: String,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// How the task completes.
    #[serde(default)]
    pub completion: Completion,
    /// Headers that replace those of the task's default, by their names; an empty value removes one.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// A call of a function, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct ServerTask {
    /// The id of the task's instance, which the event that completes it names.
    pub id: String,
    /// The id of the run.
    pub run: u64,
    /// The id of the job in its run: that of the job without an agent.
    pub job: String,
    /// The status of the response; `None` before it, 0 without one.
    pub status: Option<u16>,
    /// The result: `succeeded` or `failed`.
    pub result: Option<&'static str>,
    #[serde(skip)]
    pub(crate) completion: Completion,
    #[serde(skip)]
    pub(crate) token: String,
}

impl FunctionTask {
    /// Makes a POST with a key and a body, completed by a callback.
    pub fn new(project: &str, function: &str, key: &str, body: &str) -> Self {
        Self {
            project: project.to_owned(),
            function: function.to_owned(),
            key: key.to_owned(),
            method: post(),
            query_parameters: String::new(),
            body: body.to_owned(),
            completion: Completion::Callback,
            headers: BTreeMap::new(),
        }
    }

    /// Returns the address: the key is always a parameter, also an empty one, and an ampersand follows it.
    pub(crate) fn url(&self) -> String {
        format!("{}?code={}&{}", self.function, self.key, self.query_parameters)
    }
}

fn post() -> String {
    "POST".to_owned()
}
