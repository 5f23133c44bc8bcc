//! Registration and removal of runners.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;

use emulator_core::events::EventKind;

use super::{State, next};
use crate::model::runner::{NewRunner, Registration, RegistrationToken, Runner};
use crate::model::runner_keys::{self, PublicKey};
use crate::model::scope::Scope;

/// The lifetime of a registration token.
const TOKEN_TTL: TimeDelta = TimeDelta::hours(1);

/// The reason why a runner was not registered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RegistrationError {
    /// Another runner of the scope has the name.
    NameTaken,
    /// The scope has no such group.
    NoSuchGroup,
}

impl State {
    /// Issues a token that registers runners for a scope.
    pub(crate) fn issue_registration_token(
        &mut self,
        scope: Scope,
        now: DateTime<Utc>,
    ) -> RegistrationToken {
        let token = RegistrationToken { text: self.secret(29), scope, expires_at: now + TOKEN_TTL };
        self.registration_tokens.insert(token.text.clone(), token.clone());
        token
    }

    /// Returns the scope of a registration token; `None` if it is unknown or expired.
    pub(crate) fn token_scope(&self, text: &str, now: DateTime<Utc>) -> Option<Scope> {
        let token = self.registration_tokens.get(text)?;
        (now < token.expires_at).then(|| token.scope.clone())
    }

    /// Registers a runner and returns its id. Without a key, the runner gets the emulator's key for its id.
    pub(crate) fn register(
        &mut self,
        new: NewRunner,
        key: Option<PublicKey>,
        now: DateTime<Utc>,
    ) -> Result<u64, RegistrationError> {
        if self.inherited_groups.contains(&new.group) {
            return Err(RegistrationError::NoSuchGroup);
        }
        self.register_in_any_group(new, key, now)
    }

    /// Registers a runner, also in a group that an organization inherits from the enterprise.
    pub(crate) fn register_in_any_group(
        &mut self,
        new: NewRunner,
        key: Option<PublicKey>,
        now: DateTime<Utc>,
    ) -> Result<u64, RegistrationError> {
        if self.group(&new.scope, new.group).is_none() {
            return Err(RegistrationError::NoSuchGroup);
        }
        if self.runner_named(&new.scope, &new.name).is_some() {
            return Err(RegistrationError::NameTaken);
        }
        let id = next(&mut self.ids.runner);
        let client_id = client_id(&self.secret(43));
        let key = key.unwrap_or_else(|| runner_keys::key(id).into());
        let runner = Runner {
            id,
            name: new.name,
            scope: new.scope,
            group: new.group,
            labels: new.labels,
            ephemeral: new.ephemeral,
            os: "unknown".to_owned(),
            version: None,
            online: false,
            busy: false,
            registered_at: now,
        };
        self.events.push(EventKind::RunnerRegistered { runner: runner.name.clone() });
        self.runners_by_client.insert(client_id.clone(), id);
        let registration = Registration {
            runner,
            client_id,
            key,
            session: None,
            job: None,
            idle_since: None,
            offline_since: Some(now),
        };
        self.registrations.insert(id, registration);
        self.start_offline_timers(id, now);
        Ok(id)
    }

    /// Finds a runner by its scope and name.
    pub(crate) fn runner_named(&self, scope: &Scope, name: &str) -> Option<&Runner> {
        let mut runners = self.registrations.values().map(|known| &known.runner);
        runners.find(|runner| runner.scope == *scope && runner.name.eq_ignore_ascii_case(name))
    }

    /// Issues an access token to the runner that signed the JWT; `None` if there is no such registration, or
    /// the signature is not its own.
    pub(crate) fn exchange_jwt(&mut self, jwt: &str) -> Option<String> {
        let id = *self.runners_by_client.get(&runner_keys::subject(jwt)?)?;
        let known = self.registrations.get(&id)?;
        known.key.verifies(jwt).then(|| self.issue_access_token(id))
    }

    /// Issues an access token to a runner.
    pub(crate) fn issue_access_token(&mut self, id: u64) -> String {
        let token = format!("{:032x}", self.token_rng.random::<u128>());
        self.access_tokens.insert(token.clone(), id);
        token
    }

    /// Finds the runner of an access token; its registration may have been removed.
    pub(crate) fn runner_by_access_token(&self, access_token: &str) -> Option<u64> {
        self.access_tokens.get(access_token).copied()
    }

    /// Removes a registration and its session. A job that the runner had not accepted is queued again.
    pub(crate) fn remove(&mut self, id: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.remove(&id) else { return };
        self.runners_by_client.remove(&known.client_id);
        self.idle.remove(&id);
        self.events.push(EventKind::RunnerGone { runner: known.runner.name.clone() });
        if let Some(job) = known.job.filter(|job| self.offered.contains_key(job)) {
            self.requeue(job, now);
        }
    }
}

/// Makes a runner's client id out of random text.
fn client_id(secret: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&secret.as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
