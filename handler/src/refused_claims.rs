//! The accounts for which claims are refused because GitHub refuses the credential, and since when.
//!
//! Claims and reconciliation may run in different processes, so the record is a blob. While claims for an account are
//! refused, a replacement would not help: it would claim for ten minutes and end.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How often a refusal that lasts is recorded again.
const RENEWAL_INTERVAL: TimeDelta = TimeDelta::minutes(5);
/// How long after the last refused claim a single runner tries whether claims succeed again.
const PROBE_DELAY: TimeDelta = TimeDelta::minutes(15);
/// A runner claims for ten minutes before its task ends.
const CLAIM_TIMEOUT: TimeDelta = TimeDelta::minutes(10);

/// The refused claims of each account, by its name in lower case; of all accounts under an empty name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RefusedClaims(BTreeMap<String, RefusedPeriod>);

/// A period in which the claims of an account were refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RefusedPeriod {
    /// What GitHub said, and what an operator can do.
    pub text: String,
    /// The first refused claim.
    pub first: DateTime<Utc>,
    /// The last recorded one.
    pub last: DateTime<Utc>,
    /// The first claim that succeeded afterwards.
    pub ended: Option<DateTime<Utc>>,
}

impl RefusedClaims {
    /// Records a refused claim for an account; an empty name means all. Returns whether the record has changed.
    pub fn refuse(&mut self, account: &str, text: &str, now: DateTime<Utc>) -> bool {
        let (key, text) = (account.to_ascii_lowercase(), text.to_owned());
        let known = self.0.get_mut(&key);
        match known.filter(|period| period.ended.is_none()) {
            Some(period) if now - period.last < RENEWAL_INTERVAL => false,
            Some(period) => {
                (period.text, period.last) = (text, now);
                true
            }
            None => {
                let period = RefusedPeriod { text, first: now, last: now, ended: None };
                self.0.insert(key, period);
                true
            }
        }
    }

    /// Records that a claim for a repository of this owner has succeeded. Returns whether the record has changed.
    pub fn succeed(&mut self, owner: &str, now: DateTime<Utc>) -> bool {
        let mut changed = false;
        for key in [owner.to_ascii_lowercase(), String::new()] {
            if let Some(period) = self.0.get_mut(&key).filter(|period| period.ended.is_none()) {
                (period.ended, changed) = (Some(now), true);
            }
        }
        changed
    }

    /// Returns the period in which claims for repositories of this owner are refused now.
    pub fn present(&self, owner: &str) -> Option<&RefusedPeriod> {
        self.of(owner).find(|period| period.ended.is_none())
    }

    /// Lists the periods whose last refused claim is recent: later ones may succeed.
    pub fn recent(&self, now: DateTime<Utc>) -> impl Iterator<Item = &RefusedPeriod> {
        let recent = move |period: &&RefusedPeriod| {
            period.ended.is_none() && now - period.last < PROBE_DELAY + CLAIM_TIMEOUT
        };
        self.0.values().filter(recent)
    }

    /// Returns whether a task that ended at this time without a credential was refused for this reason.
    pub fn explain(&self, owner: &str, ended_at: DateTime<Utc>) -> bool {
        self.of(owner).any(|period| {
            let until = period.ended.unwrap_or(period.last) + CLAIM_TIMEOUT;
            (period.first..until).contains(&ended_at)
        })
    }

    fn of(&self, owner: &str) -> impl Iterator<Item = &RefusedPeriod> {
        let keys = [owner.to_ascii_lowercase(), String::new()];
        keys.into_iter().filter_map(|key| self.0.get(&key))
    }
}

impl RefusedPeriod {
    /// Returns whether a single runner may try now whether claims succeed again.
    pub fn permits_probe(&self, now: DateTime<Utc>) -> bool {
        now - self.last >= PROBE_DELAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_refusal_that_lasts_is_recorded_every_five_minutes() {
        let mut refused = RefusedClaims::default();
        let changes = [0, 4, 5, 9, 10].map(|minute| refused.refuse("Octo", "no", at(minute)));
        assert_eq!(changes, [true, false, true, false, true]);
        let period = refused.present("octo").expect("a period");
        assert_eq!((period.first, period.last), (at(0), at(10)));
        assert!(refused.present("corp").is_none());
        assert_eq!([24, 25].map(|minute| period.permits_probe(at(minute))), [false, true]);
    }

    #[test]
    fn a_claim_that_succeeds_ends_the_period() {
        let mut refused = RefusedClaims::default();
        refused.refuse("octo", "no", at(0));
        refused.refuse("", "no", at(0));
        assert!(refused.present("corp").is_some(), "of all accounts");
        assert!(refused.succeed("OCTO", at(3)) && !refused.succeed("octo", at(4)));
        assert!(refused.present("octo").is_none() && refused.present("corp").is_none());
        assert!(refused.refuse("octo", "no", at(5)), "a new period");
        assert_eq!(refused.recent(at(6)).count(), 1);
        assert_eq!(refused.recent(at(30)).count(), 0);
    }

    #[test]
    fn a_period_explains_the_tasks_that_ended_in_it() {
        let mut refused = RefusedClaims::default();
        refused.refuse("octo", "no", at(10));
        refused.refuse("octo", "no", at(20));
        let explained = |minute| refused.explain("octo", at(minute));
        assert_eq!([9, 10, 29, 30].map(explained), [false, true, true, false]);
        assert!(!refused.explain("corp", at(15)));
    }
}
