//! The accounts and repositories for which claims are refused because GitHub refuses the credential, and since when.
//!
//! Claims and reconciliation may run in different processes, so the record is a blob. While claims for an account or a
//! repository are refused, a replacement would not help: it would claim for ten minutes and end.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::message::MAX_WAIT;
use crate::repository::Repository;

/// How often a refusal that lasts is recorded again.
const RENEWAL_INTERVAL: TimeDelta = TimeDelta::minutes(5);
/// How long after the last refused claim a single runner tries whether claims succeed again.
const PROBE_DELAY: TimeDelta = TimeDelta::minutes(15);
/// A runner claims for ten minutes before its task ends.
const CLAIM_TIMEOUT: TimeDelta = TimeDelta::minutes(10);

/// The refused claims of each account and of each repository that alone is refused, by their names in lower case; of all
/// accounts under an empty name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RefusedClaims(BTreeMap<String, RefusedPeriod>);

/// A period in which the claims of an account or of a repository were refused.
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
    /// Records a refused claim for an account or, by its full name, for a repository alone; an empty name means all
    /// accounts. Periods that nothing has confirmed for a day are dropped. Returns whether the record has changed.
    pub fn refuse(&mut self, name: &str, text: &str, now: DateTime<Utc>) -> bool {
        self.0.retain(|_, period| now - period.ended.unwrap_or(period.last) < MAX_WAIT);
        let (key, text) = (name.to_ascii_lowercase(), text.to_owned());
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

    /// Records that a claim for this repository has succeeded. Returns whether the record has changed.
    pub fn succeed(&mut self, repository: &Repository, now: DateTime<Utc>) -> bool {
        let mut changed = false;
        for key in keys(repository) {
            if let Some(period) = self.0.get_mut(&key).filter(|period| period.ended.is_none()) {
                (period.ended, changed) = (Some(now), true);
            }
        }
        changed
    }

    /// Returns the period in which claims for this repository are refused now, with what is refused: the name of the
    /// owner, or the full name of the repository if it alone is.
    pub fn present(&self, repository: &Repository) -> Option<(String, &RefusedPeriod)> {
        if self.0.is_empty() {
            return None;
        }
        let [all, owner, alone] = keys(repository);
        let keys = [(all, owner.clone()), (owner.clone(), owner), (alone.clone(), alone)];
        keys.into_iter().find_map(|(key, place)| {
            self.0.get(&key).filter(|period| period.ended.is_none()).map(|period| (place, period))
        })
    }

    /// Lists the periods whose last refused claim is recent: later ones may succeed.
    pub fn recent(&self, now: DateTime<Utc>) -> impl Iterator<Item = &RefusedPeriod> {
        let recent = move |period: &&RefusedPeriod| {
            period.ended.is_none() && now - period.last < PROBE_DELAY + CLAIM_TIMEOUT
        };
        self.0.values().filter(recent)
    }

    /// Returns whether a task that ended at this time without a credential was refused for this reason.
    pub fn explain(&self, repository: &Repository, ended_at: DateTime<Utc>) -> bool {
        keys(repository).iter().filter_map(|key| self.0.get(key)).any(|period| {
            let until = period.ended.unwrap_or(period.last) + CLAIM_TIMEOUT;
            (period.first..until).contains(&ended_at)
        })
    }
}

/// Returns the keys under which claims for a repository can be refused, the widest first.
fn keys(repository: &Repository) -> [String; 3] {
    let (owner, name) = (repository.owner(), repository.to_string());
    [String::new(), owner.to_ascii_lowercase(), name.to_ascii_lowercase()]
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

    fn of(name: &str) -> Repository {
        Repository::try_from(name).expect("a name")
    }

    /// Returns what is refused for a repository.
    fn place(refused: &RefusedClaims, name: &str) -> String {
        refused.present(&of(name)).map_or_else(|| "-".to_owned(), |(place, _)| place)
    }

    #[test]
    fn a_refusal_that_lasts_is_recorded_every_five_minutes() {
        let mut refused = RefusedClaims::default();
        let changes = [0, 4, 5, 9, 10].map(|minute| refused.refuse("Octo", "no", at(minute)));
        assert_eq!(changes, [true, false, true, false, true]);
        let (_, period) = refused.present(&of("octo/app")).expect("a period");
        assert_eq!((period.first, period.last), (at(0), at(10)));
        assert_eq!([24, 25].map(|minute| period.permits_probe(at(minute))), [false, true]);
        assert_eq!(place(&refused, "corp/app"), "-");
    }

    #[test]
    fn a_claim_that_succeeds_ends_the_period() {
        let mut refused = RefusedClaims::default();
        refused.refuse("octo", "no", at(0));
        refused.refuse("", "no", at(0));
        assert_eq!(place(&refused, "corp/app"), "corp", "of all accounts");
        let octo = of("OCTO/app");
        assert!(refused.succeed(&octo, at(3)) && !refused.succeed(&octo, at(4)));
        assert_eq!(
            (place(&refused, "octo/app"), place(&refused, "corp/app")),
            ("-".into(), "-".into())
        );
        assert!(refused.refuse("octo", "no", at(5)), "a new period");
        assert_eq!(refused.recent(at(6)).count(), 1);
        assert_eq!(refused.recent(at(30)).count(), 0);
    }

    #[test]
    fn a_refusal_of_one_repository_concerns_no_other() {
        let mut refused = RefusedClaims::default();
        refused.refuse("octo/App", "no", at(0));
        let places = ["octo/app", "octo/app-2", "octo/site", "corp/app"];
        assert_eq!(places.map(|name| place(&refused, name)).join(" "), "octo/app - - -");
        assert!(
            !refused.succeed(&of("octo/site"), at(1)) && !refused.explain(&of("octo/site"), at(1))
        );
        assert!(refused.explain(&of("Octo/app"), at(1)));
        refused.refuse("octo", "no", at(2));
        assert_eq!(places.map(|name| place(&refused, name)).join(" "), "octo octo octo -");
        assert!(refused.succeed(&of("octo/site"), at(3)));
        assert_eq!(places.map(|name| place(&refused, name)).join(" "), "octo/app - - -");
        assert!(refused.succeed(&of("octo/app"), at(3)));
    }

    #[test]
    fn periods_of_yesterday_are_dropped() {
        let mut refused = RefusedClaims::default();
        for minute in [0, 24 * 60 - 1] {
            refused.refuse("octo/app", "no", at(0));
            refused.refuse("octo/site", "no", at(minute));
            assert_eq!(refused.0.len(), 2);
        }
        refused.refuse("octo/site", "no", at(24 * 60));
        assert_eq!(place(&refused, "octo/app"), "-");
    }

    #[test]
    fn a_period_explains_the_tasks_that_ended_in_it() {
        let mut refused = RefusedClaims::default();
        refused.refuse("octo", "no", at(10));
        refused.refuse("octo", "no", at(20));
        let explained = |minute| refused.explain(&of("octo/app"), at(minute));
        assert_eq!([9, 10, 29, 30].map(explained), [false, true, true, false]);
        assert!(!refused.explain(&of("corp/app"), at(15)));
    }
}
