//! Arbitrary events and responses of Azure DevOps.

use std::collections::BTreeSet;

use chrono::DateTime;
use handler::pipelines::dto::{Agent, JobRequest};
use handler::pipelines::hook::{Event, HookSecrets, Presented, authenticate, parse};
use handler::pipelines::plan::{Action, PlanRules, PoolSnapshot, plan};
use handler::pipelines::{Pipelines, PoolId};
use handler::profiles::parse_all;
use handler::secret::{Rotating, Secret};
use handler::settings::PipelinesCredential;
use url::Url;

use crate::responses::{CREDENTIAL, block_on, check_error, clock, responding};

const PASSWORD: &str = "a password that no input contains";
const PROFILES: &str = r#"[{"name":"az","service":"pipelines","pipelinesPool":"linux","pool":"ubuntu","image":"agent:1"}]"#;

/// Checks the authentication and the decision of an event.
///
/// # Panics
/// Panics if the input is a password, or a decision has another form than those documented.
pub fn pipelines_event(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let password = Rotating::parse(PASSWORD).expect("a password");
    let secrets = HookSecrets { password: Some(&password), header: Some(&password) };
    let given = Presented { authorization: Some(&text), secret: Some(&text) };
    assert!(authenticate(secrets, given).is_err(), "accepted a guess");
    match parse(input) {
        Event::Job { state, .. } => {
            assert!(["waiting", "inProgress", "completed"].contains(&state.as_str()), "{state}");
        }
        Event::Ignored(reason) => crate::assert_loggable(&reason),
    }
}

/// Checks the errors of the client, and what is planned for the requests and agents that it reads. The input is that of
/// [`batch_response`](crate::batch_response).
///
/// # Panics
/// Panics if an error contains the credential or is too long, if two tasks have one name, or if something is removed
/// although an item cannot be read.
pub fn pipelines_response(input: &[u8]) {
    let Some((choice, transport)) = responding(input) else { return };
    let organization = Url::parse("https://dev.azure.com/contoso").expect("an address");
    let credential = PipelinesCredential::Token(Secret::new(CREDENTIAL));
    let client = Pipelines::new(&organization, &credential, None, transport, clock());
    let pool = PoolId { id: 1, name: "linux".to_owned() };
    let result = block_on(async {
        match choice % 6 {
            0 => client.pool("linux").await.map(drop),
            1 => client.agents(&pool).await.map(|listed| {
                check_plan(Vec::new(), listed.items, listed.complete);
            }),
            2 => client.requests(&pool).await.map(|listed| {
                check_plan(listed.items, Vec::new(), listed.complete);
            }),
            3 => client.register(&pool, None, &serde_json::Value::Null).await.map(drop),
            4 => client.delete(&pool, 1).await,
            _ => client.has_ended(1).await.map(drop),
        }
    });
    if let Err(err) = result {
        check_error(&err);
    }
}

fn check_plan(requests: Vec<JobRequest>, agents: Vec<Agent>, complete: bool) {
    let profiles = parse_all(PROFILES).expect("profiles").pipelines;
    let profiles = profiles.iter().collect();
    let (tasks, paused) = (Vec::new(), BTreeSet::new());
    let snapshot = PoolSnapshot { profiles, agents, requests, tasks, complete, paused };
    let rules = PlanRules {
        deployment: "gh".parse().expect("a name"),
        idle: chrono::TimeDelta::minutes(10),
        retention: chrono::TimeDelta::hours(48),
    };
    let mut added = Vec::new();
    for action in plan(&snapshot, &rules, DateTime::UNIX_EPOCH).actions {
        match action {
            Action::Add { id, .. } => added.push(id),
            Action::Disable(..) => {}
            _ => assert!(complete, "{action:?} though an item cannot be read"),
        }
    }
    let count = added.len();
    added.sort();
    added.dedup();
    assert_eq!(added.len(), count, "two tasks of one name");
}
