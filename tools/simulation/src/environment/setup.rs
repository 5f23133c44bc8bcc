//! Sets up one GitHub and all deployments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Context;
use emulator_core::events::EventContext;
use emulator_core::service::Service;
use github_emulator::{self as github, GitHub, Group, Scope, Visibility};
use tempfile::TempDir;

use super::deployment::DeploymentRun;
use super::network::FaultyNetwork;
use super::organization::OrganizationRun;
use super::webhooks::WebhookRouter;
use crate::scenario::{Level, RENAMED, Scenario};
use local_deployment::{GITHUB_TOKEN, WEBHOOK_SECRET, app_files};

/// The organization that has all repositories.
pub(super) const ORGANIZATION: &str = "octo";

/// GitHub and the deployments of a simulation.
pub(super) struct Environment {
    pub(super) scenario: Arc<Scenario>,
    pub(super) network: Arc<FaultyNetwork>,
    pub(super) github: Arc<Service<GitHub>>,
    /// The organization of Azure DevOps, if the scenario has one.
    pub(super) organization: Option<Arc<OrganizationRun>>,
    /// The event context of GitHub.
    pub(super) site: EventContext,
    pub(super) deployments: Vec<Arc<DeploymentRun>>,
    /// The ids of the deployments' runner groups; 1 for a repository's own.
    pub(super) groups: Vec<u64>,
    /// The run ids at GitHub, by the run numbers of the scenario.
    pub(super) runs: Mutex<BTreeMap<u64, u64>>,
    /// The number of planned events that have not happened yet.
    pending: AtomicUsize,
    /// The seconds of approvals after more than half a day.
    late_approvals: Mutex<Vec<u64>>,
    /// The first names of repositories that were renamed.
    renamed: Mutex<BTreeSet<String>>,
}

/// A planned event that has not happened yet.
pub(super) struct Pending(Arc<Environment>);

impl Environment {
    /// Builds everything; nothing has happened yet.
    pub(super) async fn over(scenario: Arc<Scenario>, network: Arc<FaultyNetwork>) -> Arc<Self> {
        let hooks = WebhookRouter::new(&scenario, &network);
        let site = EventContext::new(network.clock.clone());
        let github = Service::new(github(&scenario, &network, &hooks, &site));
        let organization = OrganizationRun::start(&scenario, &network, &hooks);
        let app = app().expect("a folder for the app");
        let mut deployments = Vec::new();
        for place in 0..scenario.deployments.len() {
            let services =
                (&github, organization.as_ref().filter(|_| scenario.serves_agents(place)));
            let services = (&network, services);
            deployments.push(DeploymentRun::start(&scenario, place, services, app.path()).await);
        }
        deployments.iter().for_each(|deployment_run| {
            hooks.set_host(&deployment_run.deployment.name, &deployment_run.host)
        });
        subscribe(&scenario, organization.as_deref(), &deployments).await;
        let groups = deployments
            .iter()
            .map(|deployment_run| open(&github.emulator, deployment_run))
            .collect();
        let (runs, pending) = (Mutex::default(), AtomicUsize::new(0));
        let (late_approvals, renamed) = (Mutex::default(), Mutex::default());
        Arc::new(Self {
            scenario,
            network,
            github,
            organization,
            site,
            deployments,
            groups,
            runs,
            pending,
            late_approvals,
            renamed,
        })
    }

    /// Registers a planned event.
    pub(super) fn expect(self: &Arc<Self>) -> Pending {
        self.pending.fetch_add(1, Ordering::Relaxed);
        Pending(Arc::clone(self))
    }

    /// Returns whether all planned events have happened, apart from late approvals.
    pub(super) fn all_done(&self) -> bool {
        self.pending.load(Ordering::Relaxed) == self.late_approvals().len()
    }

    /// Returns the second of the next late approval.
    pub(super) fn next_late_approval(&self) -> Option<u64> {
        self.late_approvals().iter().min().copied()
    }

    /// Gives a repository another name.
    pub(super) fn rename(&self, repository: &str) {
        self.renamed
            .lock()
            .expect("no holder of this lock can panic")
            .insert(repository.to_owned());
        let renamed = self.present_name(repository);
        self.github.emulator.rename_repository(repository, &renamed);
    }

    /// Returns the present name of a repository.
    pub(super) fn present_name(&self, repository: &str) -> String {
        let renamed = self.renamed.lock().expect("no holder of this lock can panic");
        let end = if renamed.contains(repository) { RENAMED } else { "" };
        format!("{repository}{end}")
    }

    /// Registers or removes a late approval.
    pub(super) fn late_approvals(&self) -> MutexGuard<'_, Vec<u64>> {
        self.late_approvals.lock().expect("no holder of this lock can panic")
    }

    /// Waits until a second of the simulation.
    pub(super) async fn until(&self, second: u64) {
        let now = self.network.recorder.now();
        self.network.pass(Duration::from_millis((second * 1000).saturating_sub(now))).await;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Subscribes the deployments that serve agents to the events of the organization, if it sends any.
async fn subscribe(
    scenario: &Scenario,
    organization: Option<&OrganizationRun>,
    deployments: &[Arc<DeploymentRun>],
) {
    let Some((organization, plan)) = organization.zip(scenario.pipelines.as_ref()) else { return };
    for &place in plan.deployments.iter().filter(|_| plan.hooks) {
        organization.subscribe(&deployments[place]).await;
    }
}

fn github(
    scenario: &Scenario,
    network: &Arc<FaultyNetwork>,
    hooks: &Arc<WebhookRouter>,
    site: &EventContext,
) -> Arc<GitHub> {
    let mut options = github::Options::new(GITHUB_TOKEN, scenario.seed);
    options.idle_removal = scenario.idle_removal.map(Duration::from_secs);
    options.rate_limit = scenario.rate_limit;
    options.transport = hooks.transport();
    let mut events = site.subscribe();
    let github = GitHub::new(options, site.clone());
    let (on_event, recorder) = (Arc::downgrade(&github), Arc::clone(&network.recorder));
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            let Some(github) = on_event.upgrade() else { return };
            recorder.on_github_event(&github, &event);
        }
    });
    github
}

/// Adds the repositories, the webhook if there is one, and the runner group of a deployment; returns the group's id.
fn open(github: &GitHub, deployment_run: &DeploymentRun) -> u64 {
    for repository in
        deployment_run.deployment.repositories.iter().chain(&deployment_run.deployment.neighbours)
    {
        github.add_repository(repository, Visibility::Private);
    }
    let organization = Scope::Organization(ORGANIZATION.to_owned());
    if !deployment_run.deployment.polls {
        github.add_hook(&deployment_run.hook(), WEBHOOK_SECRET, organization.clone());
    }
    match deployment_run.deployment.level {
        Level::Repository => Group::DEFAULT,
        Level::Organization => github.add_group(Group {
            id: 0,
            name: deployment_run.deployment.name.clone(),
            scope: organization,
            repositories: Some(deployment_run.deployment.repositories.iter().cloned().collect()),
            allows_public_repositories: false,
        }),
    }
}

/// Writes the app's files without RefreshFirewall: webhooks of a simulation may come from any address.
fn app() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("mayfly-simulation-").tempdir();
    let folder = folder.context("make a folder")?;
    for (path, text) in app_files().filter(|(path, _)| !path.starts_with("RefreshFirewall")) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path())).context("make a folder")?;
        std::fs::write(path, text).context("write a file")?;
    }
    Ok(folder)
}
