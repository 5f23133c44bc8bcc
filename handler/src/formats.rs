//! Checks that an upgrade of the handler reads what the former version has written, and that the former version reads
//! what this one writes if the upgrade is undone: messages, and blobs that several versions share.
//!
//! The types of the former version are repeated here with the fields that it requires.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::message::{Cancelled, Message, Reassigned, RunnerRequest};
use crate::reconcile::ReconcileState;
use crate::repository::Repository;

const REQUEST: &str = r#"{"v":1,"job":1,"run":2,"repository":"octo/app","profile":"ubuntu","replacement":1,"requested_at":"1970-01-01T00:00:00Z"}"#;
const PINNED: &str = r#"{"v":1,"job":1,"run":2,"repository":"octo/app","profile":"ubuntu","pinned":["run-5"],"generation":2,"replacement":3,"requested_at":"1970-01-01T00:00:00Z"}"#;
const CANCELLED: &str =
    r#"{"v":2,"cancelled":{"job":1,"repository":"octo/app","profile":"ubuntu"}}"#;
const SERVED: &str = r#"{"v":2,"reassigned":{"job":1,"repository":"octo/app","profile":"ubuntu","runner":"gh-7","runner_id":9,"again":true}}"#;
const UNSERVED: &str = r#"{"v":2,"reassigned":{"job":1,"repository":"octo/app","profile":"","runner":"gh-7","runner_id":null,"again":false}}"#;

fn repository() -> Repository {
    Repository::try_from("octo/app").expect("a name")
}

fn request() -> RunnerRequest {
    RunnerRequest {
        job: 1,
        run: 2,
        repository: repository(),
        profile: "ubuntu".to_owned(),
        pinned: Vec::new(),
        generation: 1,
        replacement: 1,
        requested_at: DateTime::UNIX_EPOCH,
    }
}

fn unserved() -> Reassigned {
    Reassigned {
        job: 1,
        repository: Some(repository()),
        profile: None,
        runner: "gh-7".to_owned(),
        runner_id: None,
        again: false,
    }
}

/// The messages, each with the text that is written for it.
fn messages() -> [(&'static str, Message); 5] {
    let profile = || "ubuntu".to_owned();
    let pinned = vec!["run-5".to_owned()];
    let pinned = RunnerRequest { pinned, generation: 2, replacement: 3, ..request() };
    let cancelled = Cancelled { job: 1, repository: repository(), profile: profile() };
    let served = Reassigned { profile: Some(profile()), runner_id: Some(9), ..unserved() };
    [
        (REQUEST, Message::Request(request())),
        (PINNED, Message::Request(pinned)),
        (CANCELLED, Message::Cancelled(cancelled)),
        (SERVED, Message::Reassigned(Reassigned { again: true, ..served })),
        (UNSERVED, Message::Reassigned(unserved())),
    ]
}

#[test]
fn each_message_has_its_text() {
    for (text, message) in messages() {
        let written = BASE64_STANDARD.decode(message.encode()).expect("base64");
        assert_eq!(String::from_utf8_lossy(&written), text);
        assert_eq!(Message::decode(text).expect("a message"), message);
    }
}

/// Texts that this version does not write, and others do.
#[test]
fn the_messages_of_other_versions_are_read() {
    let older = Reassigned { repository: None, ..unserved() };
    let cases = [
        (REQUEST.replace(r#""v":1"#, r#""v":0"#), Message::Request(request())),
        (
            r#"{"v":2,"reassigned":{"job":1,"profile":"ubuntu","runner":"gh-7"}}"#.to_owned(),
            Message::Reassigned(Reassigned { profile: Some("ubuntu".to_owned()), ..older.clone() }),
        ),
        (
            r#"{"v":2,"reassigned":{"job":1,"profile":"ubuntu","runner":"gh-7","again":true}}"#
                .to_owned(),
            Message::Reassigned(Reassigned {
                profile: Some("ubuntu".to_owned()),
                again: true,
                ..older.clone()
            }),
        ),
        (UNSERVED.replace(r#""""#, "null"), Message::Reassigned(unserved())),
        (UNSERVED.replace(r#""profile":"","#, ""), Message::Reassigned(unserved())),
        (UNSERVED.replace(r#""again""#, r#""later":[1],"again""#), Message::Reassigned(unserved())),
    ];
    for (text, message) in cases {
        assert_eq!(Message::decode(&text).expect(&text), message);
    }
}

/// The fields that the former version reads of each message.
mod former {
    use super::*;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "the fields are parsed, and not used")]
    pub(super) struct Request {
        job: u64,
        run: u64,
        repository: String,
        profile: String,
        replacement: u32,
        requested_at: DateTime<Utc>,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "the fields are parsed, and not used")]
    pub(super) struct Event {
        job: u64,
        profile: String,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "the fields are parsed, and not used")]
    pub(super) struct Assigned {
        job: u64,
        profile: String,
        runner: String,
        #[serde(default)]
        again: bool,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "the fields are parsed, and not used")]
    pub(super) enum Event2 {
        Reassigned(Assigned),
        Cancelled(Event),
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "the fields are parsed, and not used")]
    pub(super) struct Versioned<T> {
        v: u32,
        #[serde(flatten)]
        message: T,
    }

    /// The state of reconciliation: every field has a default, and the value must have its type.
    #[derive(Default, Deserialize, PartialEq)]
    #[serde(default)]
    pub(super) struct State {
        pub(super) uncovered: BTreeMap<u64, DateTime<Utc>>,
        pub(super) idle: BTreeMap<String, DateTime<Utc>>,
        pub(super) orphans: BTreeMap<String, DateTime<Utc>>,
        pub(super) offline: BTreeMap<String, DateTime<Utc>>,
        pub(super) absent: BTreeMap<String, DateTime<Utc>>,
        pub(super) abandoned: BTreeSet<String>,
        pub(super) delivered: BTreeSet<String>,
        pub(super) alerts: BTreeSet<String>,
        pub(super) repositories: BTreeSet<String>,
        pub(super) cursor: Cursor,
    }

    #[derive(Default, Deserialize, PartialEq)]
    #[serde(default)]
    pub(super) struct Cursor {
        pub(super) repository: Option<String>,
        pub(super) run: Option<(String, u64)>,
    }
}

#[track_caller]
fn is_read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|err| panic!("{text}: {err}"))
}

#[test]
fn the_former_version_reads_the_messages_of_this_one() {
    for (_, message) in messages() {
        let written = BASE64_STANDARD.decode(message.encode()).expect("base64");
        let text = String::from_utf8(written).expect("text");
        match message {
            Message::Request(_) => drop(is_read::<former::Versioned<former::Request>>(&text)),
            Message::Reassigned(_) | Message::Cancelled(_) | Message::Pipelines(_) => {
                drop(is_read::<former::Versioned<former::Event2>>(&text));
            }
        }
    }
}

/// A state as the former version writes it.
const FORMER_STATE: &str = r#"{"uncovered":{"1":"1970-01-01T00:00:00Z"},"idle":{"gh-1":"1970-01-01T00:00:00Z"},"orphans":{"gh-2":"1970-01-01T00:00:00Z"},"offline":{"gh-3":"1970-01-01T00:00:00Z"},"absent":{"gh-4":"1970-01-01T00:00:00Z"},"abandoned":["a"],"delivered":["b"],"alerts":["c"],"repositories":["octo/app"],"cursor":{"repository":"octo/app","run":["octo/app",2]}}"#;

/// What only this version writes into its state.
const ADDED: &str = r#","ages":{"queued":{"1":"1970-01-01T00:00:00Z"},"gated":[2],"released":[3],"reported":[4]},"deleted":{"5":"1970-01-01T00:00:00Z"},"ending":{"gh-6":"1970-01-01T00:00:00Z"},"busy":{"gh-7":null,"gh-8":"1970-01-01T00:00:00Z"},"name_conflicts":{"d":"1970-01-01T00:00:00Z"},"others":[{"level":"orgs/octo","labels":["gpu"],"at":"1970-01-01T00:00:00Z"}],"requested":{"1":{"replacement":2,"at":"1970-01-01T00:00:00Z"}},"all_listed_at":"1970-01-01T00:00:00Z"}"#;

#[test]
fn both_versions_read_the_state_of_each_other() {
    let former: ReconcileState = is_read(FORMER_STATE);
    let text = format!("{}{ADDED}", FORMER_STATE.strip_suffix('}').expect("an object"));
    let state: ReconcileState = is_read(&text);
    let reduced = ReconcileState {
        ages: former.ages.clone(),
        deleted: former.deleted.clone(),
        ending: former.ending.clone(),
        busy: BTreeMap::new(),
        name_conflicts: BTreeMap::new(),
        others: Vec::new(),
        requested: BTreeMap::new(),
        all_listed_at: None,
        ..state.clone()
    };
    assert_eq!(reduced, former);
    let written = serde_json::to_string(&state).expect("plain fields always serialize");
    assert_eq!(is_read::<serde_json::Value>(&written), is_read::<serde_json::Value>(&text));
    assert!(is_read::<former::State>(&written) == is_read::<former::State>(FORMER_STATE));
}
