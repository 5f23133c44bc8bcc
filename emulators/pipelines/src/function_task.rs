//! The call of a task `AzureFunction@1`.

use bytes::Bytes;

use emulator_core::service::Request;

use crate::model::server_task::{FunctionTask, ServerTask};
use crate::pipelines::Pipelines;

impl Pipelines {
    /// Calls a function as a task without an agent does, and returns the id of the task's instance. The response is
    /// recorded when it arrives.
    pub fn call_function(&self, task: &FunctionTask) -> String {
        let id = self.step(|state, now| state.add_server_task(task, now));
        let request = self.function_request(task, &id);
        let Some(service) = self.weak_self.upgrade() else { return id };
        let id_of_call = id.clone();
        tokio::spawn(async move {
            let status = match request {
                Some(request) => match (service.options.transport)(request).await {
                    Ok(response) => response.status().as_u16(),
                    Err(_) => 0,
                },
                None => 0,
            };
            service.step(|state, now| state.record_response(&id_of_call, status, now));
            service.changed.notify_waiters();
        });
        id
    }

    /// Lists the tasks that called a function.
    pub fn server_tasks(&self) -> Vec<ServerTask> {
        self.step(|state, _| state.server_tasks.values().cloned().collect())
    }

    /// Finds a task that called a function.
    pub fn server_task(&self, id: &str) -> Option<ServerTask> {
        self.step(|state, _| state.server_tasks.get(id).cloned())
    }

    fn function_request(&self, task: &FunctionTask, id: &str) -> Option<Request> {
        let headers = self.step(|state, _| {
            let known = state.server_tasks.get(id)?;
            let run = state.runs.get(&known.run)?;
            let values = [
                ("Content-Type", "application/json".to_owned()),
                ("PlanUrl", format!("{}/", state.options.payload_base())),
                ("ProjectId", run.project.id.clone()),
                ("HubName", "build".to_owned()),
                ("PlanId", run.plan_id.clone()),
                ("JobId", known.job.clone()),
                ("TimelineId", run.timeline_id.clone()),
                ("TaskInstanceId", known.id.clone()),
                ("AuthToken", known.token.clone()),
            ];
            Some(values)
        })?;
        let mut request = http::Request::builder().method(task.method.as_str()).uri(task.url());
        for (name, value) in headers {
            let value = task.headers.get(name).unwrap_or(&value);
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let own = task.headers.iter().filter(|(name, _)| !is_default(name));
        for (name, value) in own {
            request = request.header(name, value);
        }
        request.body(Bytes::from(task.body.clone())).ok()
    }
}

fn is_default(name: &str) -> bool {
    const DEFAULT: [&str; 9] = [
        "Content-Type",
        "PlanUrl",
        "ProjectId",
        "HubName",
        "PlanId",
        "JobId",
        "TimelineId",
        "TaskInstanceId",
        "AuthToken",
    ];
    DEFAULT.contains(&name)
}
