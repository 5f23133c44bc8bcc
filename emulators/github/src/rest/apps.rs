//! Answers for installations of GitHub Apps.

use http::StatusCode;
use serde_json::{Value, json};

use crate::admission::Caller;
use crate::answer::{Outcome, Refusal, Reply};
use crate::app::App;
use crate::scope::Scope;
use crate::shapes;
use crate::state::State;

use super::{Ask, listed, scope};

/// Finds the installation that serves a repository or an organization.
pub(super) fn installation(state: &State, ask: &Ask<'_>) -> Outcome {
    let account = match scope(state, ask)? {
        Scope::Repository(name) => name.split('/').next().unwrap_or_default().to_owned(),
        Scope::Organization(name) => name,
        Scope::Enterprise(_) => return Err(Refusal::not_found()),
    };
    let found = state.installation_on(app(ask)?, &account).ok_or_else(Refusal::not_found)?;
    Reply::ok(shapes::app::installation(&ask.base, state, found))
}

pub(super) fn installations(state: &State, ask: &Ask<'_>) -> Outcome {
    let app = app(ask)?;
    let own = state.installations.values().filter(|known| known.app.id == app.id);
    let own = own.map(|known| shapes::app::installation(&ask.base, state, known)).collect();
    let (own, link) = ask.query.page(own, &ask.base, &ask.path);
    Reply::linked(Value::Array(own), link)
}

pub(super) fn repositories(state: &State, ask: &Ask<'_>) -> Outcome {
    let Caller::Installation(account) = &ask.caller else {
        let text = "You must authenticate with an installation access token in order to list repositories for an installation.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    };
    let of_account = state.repositories.values().filter(|known| known.owner() == account);
    let write = |of| shapes::repository::short(&ask.base, of);
    listed(ask, "repositories", of_account.collect(), write)
}

pub(super) fn access_token(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let issued = state.issue_installation_token(app(ask)?, ask.route.number(0), ask.now);
    let (text, token) = issued.ok_or_else(Refusal::not_found)?;
    Reply::created(json!({
        "token": text,
        "expires_at": shapes::stamp(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "all",
    }))
}

fn app<'a>(ask: &'a Ask<'_>) -> Result<&'a App, Refusal> {
    match &ask.caller {
        Caller::App(app) => Ok(app),
        _ => Err(Refusal::not_found()),
    }
}
