//! A runner of another team, which registers where a deployment's runners do.

use std::sync::Arc;
use std::time::Duration;

use github_runner_emulator::InMemoryRunner;
use http::header;
use local_deployment::GITHUB_TOKEN;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::entrypoint::to_github;
use super::setup::{Environment, ORGANIZATION};
use crate::scenario::Level;

/// A foreign runner, or several one after another: each accepts one job.
pub(super) struct ForeignRunner {
    environment: Arc<Environment>,
    /// The API path at which it is registered.
    place: String,
    group: u64,
    labels: Vec<String>,
    number: u64,
}

impl ForeignRunner {
    pub(super) fn new(
        environment: &Arc<Environment>,
        (deployment, repository): (usize, &str),
        labels: &[String],
        number: u64,
    ) -> Self {
        let place = match environment.scenario.deployments[deployment].level {
            Level::Repository => format!("repos/{}", environment.present_name(repository)),
            Level::Organization => format!("orgs/{ORGANIZATION}"),
        };
        let group = environment.groups[deployment];
        Self { environment: Arc::clone(environment), place, group, labels: labels.to_vec(), number }
    }

    /// Serves up to this many jobs, for this time at most.
    pub(super) async fn serve_for(self, lasts: Duration, jobs: u32) {
        let network = Arc::clone(&self.environment.network);
        let (asker, stop) = watch::channel(false);
        let over = async {
            network.pass(lasts).await;
            asker.send_replace(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = self.serve(jobs, stop) => {}
            () = over => {}
        }
    }

    async fn serve(&self, jobs: u32, stop: watch::Receiver<bool>) {
        let Self { environment, place, .. } = self;
        for job in 1..=jobs {
            let name = format!("foreign-{}-{job}", self.number);
            let body =
                json!({ "name": name, "runner_group_id": self.group, "labels": self.labels });
            let (id, configuration) = register(environment, place, &body).await;
            let transport = to_github(&environment.network, &environment.github);
            let runner = InMemoryRunner::from_jit_config(
                &configuration,
                &transport,
                environment.network.clock.clone(),
            );
            if runner.expect("a configuration").run(stop.clone()).await.is_none() {
                return remove(environment, place, id).await;
            }
        }
    }
}

async fn register(environment: &Environment, place: &str, body: &Value) -> (u64, String) {
    let path = format!("{place}/actions/runners/generate-jitconfig");
    let answer: Value = ask(environment, http::Method::POST, &path, body.to_string()).await;
    let configuration = answer["encoded_jit_config"].as_str().unwrap_or_default().to_owned();
    (answer["runner"]["id"].as_u64().unwrap_or_default(), configuration)
}

async fn remove(environment: &Environment, place: &str, id: u64) {
    let path = format!("{place}/actions/runners/{id}");
    ask(environment, http::Method::DELETE, &path, String::new()).await;
}

async fn ask(environment: &Environment, method: http::Method, path: &str, body: String) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://api.github.com/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {GITHUB_TOKEN}"))
        .header(header::USER_AGENT, "another-team")
        .body(body.into())
        .expect("a request");
    let answer = environment.github.call(request).await.expect("this transport loses nothing");
    serde_json::from_slice(answer.body()).unwrap_or_default()
}
