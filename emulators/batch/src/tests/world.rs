//! An account behind a socket, whose tasks run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::http_client::{self, ACCOUNT, Answer, KEY};
use crate::dto::Timestamp;
use crate::launch::{Launcher, Process};
use crate::{Batch, Options, PoolOptions};
use emulator_core::clock::Clock;
use emulator_core::events::{Event, EventContext, EventKind};
use emulator_core::service::{self, Listening, Service};

/// How long a test waits for an event.
const TIMEOUT: Duration = Duration::from_secs(20);

/// An account with one pool, `ubuntu`, and one job for it, `runners`.
pub(super) struct World {
    pub(super) batch: Arc<Batch>,
    pub(super) clock: Clock,
    pub(super) listening: Listening,
    /// The directory of nodes' files and of scripts.
    pub(super) directory: TempDir,
    events: broadcast::Receiver<Event>,
    _running: JoinSet<()>,
}

impl World {
    /// Starts an account with a pool of this many nodes with one slot each.
    pub(super) async fn start(launcher: impl Launcher, nodes: usize) -> Self {
        Self::start_with(launcher, nodes, |_| {}).await
    }

    /// Starts an account whose tasks run a shell script instead of an image's entrypoint.
    pub(super) async fn with_script(script: &str) -> Self {
        let environment = BTreeMap::from([("FROM_IMAGE".to_owned(), "yes".to_owned())]);
        let launcher =
            Process { program: PathBuf::new(), home: None, environment, temporary: None };
        Self::start_with(launcher.clone(), 1, |options| {
            let program = options.work_dir.join("entrypoint.sh");
            write_script(&program, script);
            options.launcher = Arc::new(Process { program, ..launcher });
        })
        .await
    }

    /// Starts an account with changed options.
    pub(super) async fn start_with(
        launcher: impl Launcher,
        nodes: usize,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let context = EventContext::new(Clock::of_this_machine());
        let mut options =
            Options::new(ACCOUNT, KEY, Arc::new(launcher), directory.path().to_owned());
        let (id, display) = ("ubuntu".to_owned(), "ubuntu".to_owned());
        options.pools = vec![PoolOptions { id, nodes, slots: 1, containers: true, display }];
        options.bearer = Some("a-token".to_owned());
        change(&mut options);
        let batch = Batch::new(options, context.clone()).unwrap();
        let service = Service::new(Arc::clone(&batch));
        let listening = service::serve(service, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut running = JoinSet::new();
        let runner = Arc::clone(&batch);
        running.spawn(async move { runner.run().await });
        let (clock, events) = (context.clock.clone(), context.subscribe());
        let world = Self { batch, clock, listening, directory, events, _running: running };
        let job = json!({ "id": "runners", "poolInfo": { "poolId": "ubuntu" } });
        assert_eq!(world.post("/jobs", &job).await.status, 201);
        world
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let date = Timestamp::of(self.clock.now()).http_date();
        let separator = if path.contains('?') { '&' } else { '?' };
        let target = format!("{path}{separator}api-version=2025-06-01");
        http_client::send(&self.listening.url, &date, method, &target, headers, body).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send("POST", path, &[], &body).await
    }

    /// Sends a command to the control port.
    pub(super) async fn control(&self, path: &str, body: &str) -> Answer {
        let Listening { control, token, .. } = &self.listening;
        let (length, bearer) = (body.len().to_string(), token.authorization());
        let headers = [
            ("content-length", &*length),
            ("content-type", "application/json"),
            ("authorization", &*bearer),
        ];
        http_client::raw(control, "POST", path, &headers, body).await
    }

    /// Adds a task to the job.
    pub(super) async fn add(&self, task: Value) -> Answer {
        self.post("/jobs/runners/tasks", &task).await
    }

    /// Adds a task with container settings.
    pub(super) async fn add_runner(&self, id: &str) {
        let task =
            json!({ "id": id, "commandLine": "", "containerSettings": { "imageName": "runner" } });
        assert_eq!(self.add(task).await.status, 201);
    }

    /// Gets a task.
    pub(super) async fn task(&self, id: &str) -> Value {
        self.get(&format!("/jobs/runners/tasks/{id}")).await.json()
    }

    /// Waits for an event.
    pub(super) async fn until(&mut self, wanted: impl Fn(&EventKind) -> bool) -> EventKind {
        let search = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if wanted(&event.kind) {
                    return event.kind;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, search).await.expect("it happens")
    }

    pub(super) async fn until_started(&mut self, id: &str) {
        self.until(|what| matches!(what, EventKind::TaskStarted { task, .. } if task == id)).await;
    }

    /// Waits for the end of a task and returns its exit code.
    pub(super) async fn until_ended(&mut self, id: &str) -> i32 {
        match self
            .until(|what| matches!(what, EventKind::TaskEnded { task, .. } if task == id))
            .await
        {
            EventKind::TaskEnded { exit_code, .. } => exit_code,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a file of a task has content.
    pub(super) async fn until_file(&self, task: &str, file: &str) -> String {
        let path = format!("/jobs/runners/tasks/{task}/files/{file}");
        let search = async {
            loop {
                let answer = self.get(&path).await;
                if answer.status == 200 && !answer.body.is_empty() {
                    return answer.body;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, search).await.expect("the file is written")
    }
}

/// Writes an executable shell script.
pub(super) fn write_script(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
