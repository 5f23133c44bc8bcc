//! Gathers what GitHub refused during a collection: each cause once for an account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tracing::{info, warn};

use crate::github::{GithubError, Refusal, RefusalCause};
use crate::reconcile::snapshot::Refused;
use crate::repository::AllowedRepositories;

/// The account, the cause, and the operation if the cause concerns it alone.
type Key = (Option<String>, RefusalCause, &'static str);

/// The refusals of a collection.
#[derive(Default)]
pub(super) struct Refusals {
    of_credential: Mutex<BTreeMap<Key, Refusal>>,
    redirected: Mutex<BTreeMap<&'static str, String>>,
}

impl Refusals {
    /// Adds an error, if it leaves open what GitHub would have shown. The first one with a key is logged: as a warning
    /// if the account is served, since an alert follows.
    pub(super) fn add(&self, err: &GithubError, allowed: &AllowedRepositories) -> bool {
        match err {
            GithubError::Refused(refusal) => self.add_refusal(refusal, allowed),
            GithubError::Redirected { call, .. } => {
                let mut redirected = self.redirected.lock().unwrap_or_else(PoisonError::into_inner);
                redirected.entry(call).or_insert_with(|| {
                    warn!("{err}");
                    err.to_string()
                });
            }
            _ => return false,
        }
        true
    }

    fn add_refusal(&self, refusal: &Refusal, allowed: &AllowedRepositories) {
        let mut known = self.of_credential.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(key(refusal)).or_insert_with(|| {
            if is_served(refusal, allowed) {
                warn!("{}", refusal.report());
            } else {
                info!("an account that is not served refuses the token: {refusal}");
            }
            refusal.clone()
        });
    }

    /// Returns the refusals about accounts that are served. A credential that GitHub does not know is refused for every
    /// account, and listed once.
    pub(super) fn of_served(&self, allowed: &AllowedRepositories) -> Vec<Refused> {
        let known = self.of_credential.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown_credential =
            |(account, cause, _): &Key| account.is_none() && *cause == RefusalCause::BadCredentials;
        let listed_once = known.keys().any(unknown_credential);
        let shown = known.iter().filter(|(key, refusal)| {
            let repeated = listed_once && refusal.cause == RefusalCause::BadCredentials;
            is_served(refusal, allowed) && (!repeated || unknown_credential(key))
        });
        let of_credential = shown.map(|(_, refusal)| refused(refusal));
        let redirected = self.redirected.lock().unwrap_or_else(PoisonError::into_inner);
        let redirected = redirected.iter().map(|(call, text)| Refused {
            alarm: "settings",
            account: None,
            operation: (*call).to_owned(),
            key: text.clone(),
            text: text.clone(),
        });
        of_credential.chain(redirected).collect()
    }
}

fn key(refusal: &Refusal) -> Key {
    let account = refusal.account.as_ref().map(|account| account.to_ascii_lowercase());
    let call = if refusal.cause.is_of_operation() { refusal.call } else { "" };
    (account, refusal.cause.clone(), call)
}

fn refused(refusal: &Refusal) -> Refused {
    let (account, cause, call) = key(refusal);
    Refused {
        alarm: "credential",
        account: refusal.account.clone(),
        operation: refusal.call.to_owned(),
        // The first refused operation differs between runs.
        key: format!("credential: {cause:?} {call} {}", account.unwrap_or_default()),
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
            let refusal = Refusal { call, status: StatusCode::FORBIDDEN, account, cause };
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
