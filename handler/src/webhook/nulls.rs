//! Checks what is decided about events in which GitHub left a field empty: no such event is an error.

use chrono::DateTime;
use serde_json::{Value, json};

use super::Delivery;
use crate::admission::{Decision, Policy, decide};
use crate::message::Message;
use crate::profiles::default_profiles;
use crate::repository::AllowedRepositories;
use crate::scope::Scope;

/// An event with the fields that concern runners.
fn event(action: &str, runner: Value) -> Value {
    json!({
        "action": action,
        "workflow_job": {
            "id": 123,
            "run_id": 45,
            "status": action,
            "labels": ["self-hosted", "ubuntu-latest"],
            "runner_id": 9,
            "runner_name": runner,
            "runner_group_id": 1,
            "runner_group_name": "Default",
            "created_at": "2026-11-30T05:00:00Z",
            "started_at": "2026-11-30T05:00:00Z",
            "completed_at": "2026-11-30T05:00:01Z",
            "conclusion": "success",
            "head_branch": "main",
            "workflow_name": "ci",
            "steps": [{ "name": "Set up job", "started_at": "2026-11-30T05:00:00Z" }],
        },
        "repository": {
            "full_name": "octo/app",
            "private": true,
            "owner": { "login": "octo", "type": "Organization" },
        },
        "organization": { "login": "octo" },
        "sender": { "login": "octocat" },
    })
}

/// A job that waits, one on a runner of ours, and one that ended without a runner.
fn events() -> [Value; 3] {
    [
        event("queued", Value::Null),
        event("in_progress", "gh-7".into()),
        event("completed", Value::Null),
    ]
}

fn decision(payload: &Value) -> String {
    let body = payload.to_string();
    let event = match (Delivery { body: body.as_bytes() }).parse("workflow_job") {
        Ok(event) => event,
        Err(err) => return format!("400 {err}"),
    };
    let policy = Policy {
        profiles: default_profiles("ubuntu", "windows"),
        allowed: AllowedRepositories::parse("octo/*").expect("a glob"),
        public_repositories: false,
    };
    let deployment = "gh".parse().expect("a name");
    let now = DateTime::UNIX_EPOCH;
    match decide(&event, &policy, &Scope::Organization, &deployment, now) {
        Ok(Decision::Accept(request)) => format!("request job {}", request.job),
        Ok(Decision::Record(Message::Reassigned(event))) => {
            let profile = event.profile.unwrap_or_else(|| "no profile".to_owned());
            format!("reassigned to {}, {profile}", event.runner)
        }
        Ok(Decision::Record(message)) => format!("cancelled job {}", message.job()),
        Ok(Decision::Ignore(reason)) => reason,
        Err(err) => format!("400 {err}"),
    }
}

/// Returns the decisions about the three events, with one field replaced.
fn decisions(path: &str, value: &Value) -> [String; 3] {
    events().map(|mut payload| {
        *payload.pointer_mut(path).expect(path) = value.clone();
        decision(&payload)
    })
}

#[test]
fn a_null_that_no_decision_needs_changes_nothing() {
    let complete = events().map(|payload| decision(&payload));
    insta::assert_snapshot!(complete.join("\n"), @r"
    request job 123
    reassigned to gh-7, ubuntu
    cancelled job 123
    ");
    let nulls = [
        "/workflow_job/runner_id",
        "/workflow_job/runner_group_id",
        "/workflow_job/runner_group_name",
        "/workflow_job/created_at",
        "/workflow_job/started_at",
        "/workflow_job/completed_at",
        "/workflow_job/conclusion",
        "/workflow_job/head_branch",
        "/workflow_job/workflow_name",
        "/workflow_job/steps",
        "/repository/owner",
        "/repository/owner/type",
        "/organization",
        "/sender",
    ];
    let odd = [
        ("/workflow_job/runner_id", json!(0)),
        ("/workflow_job/runner_id", json!("")),
        ("/workflow_job/runner_id", json!(9.0)),
        ("/workflow_job/created_at", json!("yesterday")),
        ("/workflow_job/created_at", json!(1_764_478_800)),
        ("/workflow_job/started_at", json!("")),
        ("/workflow_job/steps", json!([])),
        ("/workflow_job/steps", json!([null])),
        ("/repository/owner/type", json!("Bot")),
    ];
    for (path, value) in nulls.map(|path| (path, Value::Null)).into_iter().chain(odd) {
        assert_eq!(decisions(path, &value), complete, "{path} {value}");
    }
}

#[test]
fn an_event_without_a_needed_field_is_ignored_with_it() {
    let mut table = String::new();
    let nulls = [
        "/action",
        "/workflow_job",
        "/workflow_job/id",
        "/workflow_job/run_id",
        "/workflow_job/status",
        "/workflow_job/labels",
        "/workflow_job/runner_name",
        "/repository",
        "/repository/full_name",
        "/repository/private",
    ];
    let odd = [
        ("/workflow_job/labels", json!(["self-hosted", null])),
        ("/workflow_job/labels", json!([])),
        ("/workflow_job/runner_name", json!("")),
    ];
    for (path, value) in nulls.map(|path| (path, Value::Null)).into_iter().chain(odd) {
        let shortened =
            |text: String| text.replace(": reconciliation lists the job if it waits", "");
        let row = decisions(path, &value).map(shortened).join(" | ");
        table += &format!("{path} {value}: {row}\n");
    }
    insta::assert_snapshot!(table, @r#"
    /action null: action is null | action is null | action is null
    /workflow_job null: workflow_job is null | workflow_job is null | workflow_job is null
    /workflow_job/id null: workflow_job.id is null | workflow_job.id is null | workflow_job.id is null
    /workflow_job/run_id null: workflow_job.run_id is null | reassigned to gh-7, ubuntu | cancelled job 123
    /workflow_job/status null: workflow_job.status is null | reassigned to gh-7, ubuntu | cancelled job 123
    /workflow_job/labels null: workflow_job.labels, or one of them, is null | reassigned to gh-7, no profile | workflow_job.labels, or one of them, is null
    /workflow_job/runner_name null: request job 123 | action in_progress | cancelled job 123
    /repository null: repository is null | repository is null | repository is null
    /repository/full_name null: repository.full_name is null | repository.full_name is null | repository.full_name is null
    /repository/private null: repository.private is null | reassigned to gh-7, no profile | repository.private is null
    /workflow_job/labels ["self-hosted",null]: workflow_job.labels, or one of them, is null | reassigned to gh-7, no profile | workflow_job.labels, or one of them, is null
    /workflow_job/labels []: no labels: runs-on names a runner group only | reassigned to gh-7, no profile | no labels: runs-on names a runner group only
    /workflow_job/runner_name "": request job 123 | action in_progress | cancelled job 123
    "#);
}
