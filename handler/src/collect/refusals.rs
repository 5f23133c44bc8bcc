//! Gathers what GitHub refused during a collection: each cause once for an account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tracing::{info, warn};

use crate::github::{GithubError, Refusal, RefusalCause};
use crate::reconcile::snapshot::Refused;
use crate::repository::{AllowedRepositories, Repository};

/// The number of repositories of one account whose refusals for the same cause are listed one by one. A permission that
/// is missing for all of them is reported once.
const MAX_REPOSITORIES: usize = 5;

/// The account, the cause, and the operation if the cause does not concern all of them.
type Key = (Option<String>, RefusalCause, &'static str);

/// The refusals of one key: the first one about the account, and of each repository that alone is concerned.
#[derive(Default)]
struct OfKey {
    account: Option<Refusal>,
    repositories: BTreeMap<Repository, Refusal>,
}

/// The refusals of a collection.
#[derive(Default)]
pub(super) struct Refusals {
    of_credential: Mutex<BTreeMap<Key, OfKey>>,
    /// What concerns a setting, by its text.
    of_settings: Mutex<BTreeMap<String, Refused>>,
}

impl Refusals {
    /// Adds an error, if it leaves open what GitHub would have shown. The first one with a key is logged: as a warning
    /// if the account is served, since an alert follows.
    pub(super) fn add(&self, err: &GithubError, allowed: &AllowedRepositories) -> bool {
        match err {
            GithubError::Refused(refusal) => self.add_refusal(refusal, allowed),
            GithubError::Redirected { call, .. } => self.add_setting(None, call, err.to_string()),
            _ => return false,
        }
        true
    }

    fn add_refusal(&self, refusal: &Refusal, allowed: &AllowedRepositories) {
        let mut known = self.of_credential.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = known.entry(key(refusal)).or_default();
        let first = match refusal.of_repository_alone() {
            Some(repository) => {
                let new = !of_key.repositories.contains_key(repository);
                of_key.repositories.entry(repository.clone()).or_insert_with(|| refusal.clone());
                new && of_key.repositories.len() <= MAX_REPOSITORIES
            }
            None => {
                let new = of_key.account.is_none();
                of_key.account.get_or_insert_with(|| refusal.clone());
                new
            }
        };
        match is_served(refusal, allowed) {
            _ if !first => {}
            true => warn!("{}", refusal.report()),
            false => info!("an account that is not served refuses the token: {refusal}"),
        }
    }

    /// Adds a fault of a setting.
    pub(super) fn add_setting(&self, account: Option<&str>, operation: &str, text: String) {
        let mut known = self.of_settings.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(text.clone()).or_insert_with(|| {
            warn!("{text}");
            Refused {
                alarm: "settings",
                account: account.map(str::to_owned),
                operation: operation.to_owned(),
                key: text.clone(),
                text,
            }
        });
    }

    /// Returns the refusals about accounts that are served. A credential that GitHub does not know is refused for every
    /// account, and listed once.
    pub(super) fn of_served(&self, allowed: &AllowedRepositories) -> Vec<Refused> {
        let known = self.of_credential.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown_credential =
            |(account, cause, _): &Key| account.is_none() && *cause == RefusalCause::BadCredentials;
        let listed_once = known.keys().any(unknown_credential);
        let shown = known.iter().filter(|(key, _)| {
            let repeated = listed_once && key.1 == RefusalCause::BadCredentials;
            !repeated || unknown_credential(key)
        });
        let shown = shown.flat_map(|(_, of_key)| of_key.listed());
        let shown = shown.filter(|(refusal, _)| is_served(refusal, allowed));
        let of_credential = shown.map(|(refusal, alone)| refused(refusal, alone));
        let of_settings = self.of_settings.lock().unwrap_or_else(PoisonError::into_inner);
        of_credential.chain(of_settings.values().cloned()).collect()
    }
}

impl OfKey {
    /// Lists the refusals to report, each with its repository if it is reported for that alone.
    fn listed(&self) -> Vec<(&Refusal, Option<&Repository>)> {
        let account = self.account.iter().map(|refusal| (refusal, None));
        let of_repositories = self.repositories.iter();
        match self.repositories.len() > MAX_REPOSITORIES {
            true => {
                account.chain(of_repositories.map(|(_, refusal)| (refusal, None))).take(1).collect()
            }
            false => account
                .chain(of_repositories.map(|(repository, refusal)| (refusal, Some(repository))))
                .collect(),
        }
    }
}

fn key(refusal: &Refusal) -> Key {
    let account = refusal.account.as_ref().map(|account| account.to_ascii_lowercase());
    let call = if refusal.cause.is_of_operation() { refusal.call } else { "" };
    (account, refusal.cause.clone(), call)
}

fn refused(refusal: &Refusal, alone: Option<&Repository>) -> Refused {
    let (account, cause, call) = key(refusal);
    let subject = alone.map(|repository| repository.to_string().to_ascii_lowercase());
    let subject = subject.or(account).unwrap_or_default();
    Refused {
        alarm: "credential",
        account: refusal.account.clone(),
        operation: refusal.call.to_owned(),
        // The first refused operation differs between runs.
        key: format!("credential: {cause:?} {call} {subject}"),
        text: refusal.report(),
    }
}

/// Returns whether the setting names the account, or may match any.
fn is_served(refusal: &Refusal, allowed: &AllowedRepositories) -> bool {
    let Some(account) = &refusal.account else { return true };
    allowed.open_owner().is_some()
        || allowed.owners().iter().any(|owner| owner.eq_ignore_ascii_case(account))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn texts(refusals: &[(&'static str, Option<&str>, RefusalCause)]) -> Vec<String> {
        let allowed = AllowedRepositories::parse("octo/*,corp/app").expect("patterns");
        let gathered = Refusals::default();
        for (call, account, cause) in refusals {
            let (account, cause) = (account.map(str::to_owned), cause.clone());
            let status = StatusCode::FORBIDDEN;
            let refusal = Refusal { call, status, account, repository: None, cause };
            assert!(gathered.add(&GithubError::Refused(Box::new(refusal)), &allowed));
        }
        let line = |refused: Refused| {
            format!("{}: {}", refused.account.unwrap_or_default(), refused.operation)
        };
        gathered.of_served(&allowed).into_iter().map(line).collect()
    }

    #[test]
    fn each_cause_is_listed_once_for_an_account() {
        let listed = texts(&[
            ("listing runs", Some("Octo"), RefusalCause::SingleSignOn),
            ("listing runners", Some("octo"), RefusalCause::SingleSignOn),
            ("listing runs", Some("corp"), RefusalCause::Permission(None)),
            ("listing runners", Some("corp"), RefusalCause::Permission(None)),
            ("listing runs", Some("other"), RefusalCause::Suspended),
        ]);
        assert_eq!(listed, ["corp: listing runners", "corp: listing runs", "Octo: listing runs"]);
    }

    #[test]
    fn the_repositories_of_an_account_are_listed_up_to_five() {
        let listed = |count: usize| {
            let allowed = AllowedRepositories::parse("octo/*").expect("patterns");
            let gathered = Refusals::default();
            for number in 0..count {
                let repository = Repository::try_from(format!("octo/app-{number}")).ok();
                let call = "listing runs";
                let err = GithubError::NotFound { call, repository }.hidden();
                assert!(gathered.add(&err, &allowed) && gathered.add(&err, &allowed));
            }
            gathered.of_served(&allowed).into_iter().map(|one| one.key).collect::<Vec<_>>()
        };
        assert_eq!(
            listed(2).join(","),
            "credential: Hidden  octo/app-0,credential: Hidden  octo/app-1"
        );
        assert_eq!(listed(5).len(), 5);
        assert_eq!(listed(6), ["credential: Hidden  octo"]);
    }

    #[test]
    fn an_unknown_credential_is_listed_once() {
        let bad = RefusalCause::BadCredentials;
        let listed = texts(&[
            ("listing runs", Some("octo"), bad.clone()),
            ("listing repositories", None, bad.clone()),
            ("listing runs", Some("corp"), bad.clone()),
        ]);
        assert_eq!(listed, [": listing repositories"]);
        let listed = texts(&[("a", Some("octo"), bad.clone()), ("b", Some("corp"), bad)]);
        assert_eq!(listed, ["corp: b", "octo: a"]);
    }
}
