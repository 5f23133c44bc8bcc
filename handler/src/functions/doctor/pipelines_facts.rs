//! Reads the facts about Azure DevOps.

use std::collections::BTreeMap;

use super::text;
use crate::app::{App, PipelinesService};
use crate::doctor::facts::{AgentPoolFact, Denied, HookFact, PipelinesFacts, Placeholder, Read};
use crate::functions::agents::hooks::own;
use crate::ordered::InsertEach;
use crate::pipelines::PipelinesError;
use crate::pipelines::names::placeholder;
use crate::pipelines::subscription::Subscription;
use crate::profiles::{PipelinesProfile, Profile};

/// Reads the facts.
pub(super) async fn read(app: &App, service: &PipelinesService) -> PipelinesFacts {
    let mut pools = BTreeMap::new();
    let mut credential = Ok(());
    for name in service.pools() {
        let read = pool(app, service, name).await;
        if let Err(err) = &read {
            credential = credential.and(of_credential(err));
        }
        pools.insert(name.to_owned(), read.map_err(|err| denied(&err)));
    }
    let usage = service.client.parallel_jobs().await;
    let usage = usage.map(|usage| (usage.used_count, usage.resource_limit.total_count));
    PipelinesFacts {
        containers: containers(service),
        credential,
        pools,
        parallel_jobs: usage.map_err(|err| text(&err)),
        hooks: hooks(app, service).await,
    }
}

/// Returns the facts if there was no time to read them.
pub(super) fn unread(service: &PipelinesService, late: &impl std::fmt::Display) -> PipelinesFacts {
    PipelinesFacts {
        containers: containers(service),
        credential: Err(Denied { refused: false, text: late.to_string() }),
        pools: BTreeMap::new(),
        parallel_jobs: Err(late.to_string()),
        hooks: Some(Err(late.to_string())),
    }
}

fn containers(service: &PipelinesService) -> Vec<Profile> {
    service.settings.profiles.iter().map(|profile| profile.container.clone()).collect()
}

async fn pool(
    app: &App,
    service: &PipelinesService,
    name: &str,
) -> Result<AgentPoolFact, PipelinesError> {
    let found = service.client.read_pool(name).await?;
    let manages = service.client.manages(name).await?;
    let agents = service.client.agents(&service.client.pool(name).await?).await?;
    let of_profile = |profile: &PipelinesProfile| {
        let name = placeholder(&app.runners.deployment, &profile.name);
        let state = match agents.items.iter().find(|agent| agent.name == name) {
            None => Placeholder::Missing,
            Some(agent) if agent.is_online() => Placeholder::Online,
            Some(agent) if !agent.enabled => Placeholder::Disabled,
            Some(_) => Placeholder::Right,
        };
        (profile.name.clone(), state)
    };
    let placeholders = service.profiles_of(name).into_iter().map(of_profile).insert_each();
    Ok(AgentPoolFact { manages, updates: found.auto_update != Some(false), placeholders })
}

/// Returns what the failure of a call says about the credential.
fn of_credential(err: &PipelinesError) -> Result<(), Denied> {
    match err {
        PipelinesError::NoToken(_) | PipelinesError::NotSignedIn { .. } => {
            Err(Denied { refused: true, text: text(err) })
        }
        PipelinesError::Unavailable { .. } => Err(Denied { refused: false, text: text(err) }),
        _ => Ok(()),
    }
}

/// A pool that the credential does not reach is not known to be missing.
fn denied(err: &PipelinesError) -> Denied {
    Denied { refused: of_credential(err).is_ok(), text: text(err) }
}

async fn hooks(app: &App, service: &PipelinesService) -> Option<Read<Vec<HookFact>>> {
    if !service.settings.receives_events() {
        return None;
    }
    let fact = |one: &Subscription| HookFact {
        id: one.id().to_owned(),
        project: one.project().to_owned(),
        status: one.status().to_owned(),
    };
    let own = own(app, service).await.map_err(|err| text(&err));
    Some(own.map(|own| own.iter().map(fact).collect()))
}
