//! Judges whether the preconditions of a deployment hold, from facts that were read. Nothing is changed by it.
//!
//! A fact that could not be read makes its check unknown, with the reason: a missing fact is not an absence.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub mod facts;
mod azure;
mod github;
mod host;
mod pipelines;

use facts::{Denied, Facts};

/// The response of Operate to `doctor`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DoctorReport {
    /// When the facts were read.
    pub at: DateTime<Utc>,
    /// The findings, in the order of the checks.
    pub findings: Vec<Finding>,
}

/// The result of one check.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Finding {
    /// The name of the check, such as `pool`.
    pub check: String,
    /// What was checked: a pool, a repository, a setting; `None` if there is only one.
    pub subject: Option<String>,
    /// The result.
    pub status: CheckStatus,
    /// What was found.
    pub text: String,
    /// What to do, unless the check passed.
    pub advice: Option<String>,
}

/// The result of a check, from the best to the worst.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// The precondition holds.
    Ok,
    /// It could not be read whether the precondition holds.
    Unknown,
    /// The deployment works, but not as it should.
    Warn,
    /// Jobs are not served, or a protection is missing.
    Fail,
}

impl DoctorReport {
    /// Returns whether a check has failed.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.status == CheckStatus::Fail)
    }
}

/// Judges the facts.
pub fn examine(facts: &Facts) -> DoctorReport {
    let findings = [
        host::settings(facts),
        github::findings(facts),
        azure::findings(facts),
        facts.pipelines.as_ref().map(pipelines::findings).unwrap_or_default(),
        host::reachability(facts),
        host::work(facts),
    ];
    DoctorReport { at: facts.at, findings: findings.concat() }
}

/// Judges settings with which the handler does not start; each item is the name of a setting and its fault.
pub fn examine_faults(faults: &[(String, String)], at: DateTime<Utc>) -> DoctorReport {
    let findings = faults.iter().map(|(setting, fault)| {
        let reference = fault.contains("Key Vault reference");
        let check = if reference { "key-vault" } else { "setting" };
        let advice = match reference {
            true => crate::settings::RESOLVE_ADVICE,
            false => "correct the setting: the handler does not start with it",
        };
        Finding::fail(check, format!("{setting} {fault}"), advice).of(setting)
    });
    DoctorReport { at, findings: findings.collect() }
}

impl Finding {
    fn new(check: &str, status: CheckStatus, text: impl Into<String>) -> Self {
        Self { check: check.to_owned(), subject: None, status, text: text.into(), advice: None }
    }

    fn ok(check: &str, text: impl Into<String>) -> Self {
        Self::new(check, CheckStatus::Ok, text)
    }

    fn warn(check: &str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(check, CheckStatus::Warn, text) }
    }

    fn fail(check: &str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(check, CheckStatus::Fail, text) }
    }

    fn unknown(check: &str, reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(check, CheckStatus::Unknown, reason) }
    }

    /// Adds what was checked.
    fn of(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }
}

impl Denied {
    /// Returns a finding about something without which no job is served.
    fn finding(&self, check: &str, advice: &str) -> Finding {
        match self.refused {
            true => Finding::fail(check, self.text.clone(), advice),
            false => Finding::unknown(check, self.text.clone(), "try again"),
        }
    }
}

/// Joins names for a text.
fn joined<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
