//! Registers runners and removes them.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;

use crate::keys::{self, PublicKey};
use crate::registration::{NewRunner, Registration, Runner};
use crate::scope::Scope;
use emulator_core::events::EventKind;

use super::{State, next};

/// How long a registration token may be used.
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);

/// Makes a runner's client id out of a secret text.
fn client_id(secret: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&secret.as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// The right to register runners for a scope.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) scope: Scope,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Why a runner was not registered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum NotRegistered {
    /// Another one of the scope has that name.
    NameTaken,
    /// The scope has no such group.
    NoSuchGroup,
}

impl State {
    /// Issues a token that registers runners for a scope.
    pub(crate) fn issue_token(&mut self, scope: Scope, now: DateTime<Utc>) -> Token {
        let token = Token { text: self.secret(29), scope, expires_at: now + TOKEN_LIFE };
        self.tokens.insert(token.text.clone(), token.clone());
        token
    }

    /// Tells the scope that a token still opens.
    pub(crate) fn token_scope(&self, text: &str, now: DateTime<Utc>) -> Option<Scope> {
        let token = self.tokens.get(text)?;
        (now < token.expires_at).then(|| token.scope.clone())
    }

    /// Registers a runner, and gives its number.
    pub(crate) fn register(
        &mut self,
        order: NewRunner,
        key: Option<PublicKey>,
        now: DateTime<Utc>,
    ) -> Result<u64, NotRegistered> {
        if self.group(&order.scope, order.group).is_none() {
            return Err(NotRegistered::NoSuchGroup);
        }
        if self.runner_named(&order.scope, &order.name).is_some() {
            return Err(NotRegistered::NameTaken);
        }
        let id = next(&mut self.numbers.runner);
        let client_id = client_id(&self.secret(43));
        let key = key.unwrap_or_else(|| keys::key(id).into());
        let runner = Runner {
            id,
            name: order.name,
            scope: order.scope,
            group: order.group,
            labels: order.labels,
            ephemeral: order.ephemeral,
            os: "unknown".to_owned(),
            version: None,
            online: false,
            busy: false,
            registered_at: now,
        };
        self.happened.push(EventKind::RunnerRegistered { runner: runner.name.clone() });
        self.clients.insert(client_id.clone(), id);
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
        self.limit_absence(id, now);
        Ok(id)
    }

    /// Finds a runner by its scope and name.
    pub(crate) fn runner_named(&self, scope: &Scope, name: &str) -> Option<&Runner> {
        let mut runners = self.registrations.values().map(|known| &known.runner);
        runners.find(|runner| runner.scope == *scope && runner.name.eq_ignore_ascii_case(name))
    }

    /// Issues an access token to the runner that signed a request for one; `None` where there is no such
    /// registration, or the signature is not its own.
    pub(crate) fn exchange(&mut self, jwt: &str) -> Option<String> {
        let id = *self.clients.get(&keys::subject(jwt)?)?;
        let known = self.registrations.get(&id)?;
        known.key.has_signed(jwt).then(|| self.access_token(id))
    }

    /// Issues an access token to a runner.
    pub(crate) fn access_token(&mut self, id: u64) -> String {
        let token = format!("{:032x}", self.credentials.random::<u128>());
        self.access_tokens.insert(token.clone(), id);
        token
    }

    /// Finds whose access token it is; the registration may have ended since.
    pub(crate) fn runner_with(&self, access_token: &str) -> Option<u64> {
        self.access_tokens.get(access_token).copied()
    }

    /// Ends a registration, with its session; a job that it had not accepted is queued again.
    pub(crate) fn remove(&mut self, id: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.remove(&id) else { return };
        self.clients.remove(&known.client_id);
        self.idle.remove(&id);
        self.happened.push(EventKind::RunnerGone { runner: known.runner.name.clone() });
        if let Some(job) = known.job.filter(|job| self.offered.contains_key(job)) {
            self.requeue(job, now);
        }
    }
}
