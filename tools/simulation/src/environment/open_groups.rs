//! Opens a deployment's runner group to repositories that it does not serve, at times that no claim observes.

use std::sync::Arc;
use std::time::Duration;

use emulator_core::events::EventKind;
use tokio::sync::broadcast::error::RecvError;

use super::setup::Environment;
use crate::scenario::Level;

/// Time for which the group is open after a registration: a runner connects within it.
const OPEN_FOR: Duration = Duration::from_secs(6);

/// Opens the group after each registration of the deployment's runners, for the given time.
///
/// A handler that saw the group open would register no runner, so that no job would be refused.
pub(super) async fn open_group(environment: &Arc<Environment>, place: usize, lasts: Duration) {
    let deployment = &environment.scenario.deployments[place];
    if deployment.level != Level::Organization {
        return;
    }
    let mut events = environment.site.subscribe();
    let over = environment.network.pass(lasts);
    tokio::pin!(over);
    loop {
        let event = tokio::select! {
            biased;
            () = &mut over => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => {
                let EventKind::RunnerRegistered { runner } = event.kind else { continue };
                let age = (environment.network.clock.now() - event.at).to_std().unwrap_or_default();
                if deployment.read(&runner).is_some() && age < OPEN_FOR {
                    set_open(environment, place, true);
                    environment.network.pass(OPEN_FOR).await;
                    set_open(environment, place, false);
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn set_open(environment: &Environment, place: usize, open: bool) {
    let deployment = &environment.scenario.deployments[place];
    environment.github.emulator.change_group(environment.groups[place], |group| {
        let Some(repositories) = &mut group.repositories else { return };
        for neighbour in &deployment.neighbours {
            if open {
                repositories.insert(neighbour.clone());
            } else {
                repositories.remove(neighbour);
            }
        }
    });
}
