//! Puts the roads of all deployments under one GitHub.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use emulator_core::events::EventContext;
use emulator_core::service::Service;
use github_emulator::{self as github, GitHub, Group, Scope, Visibility};
use tempfile::TempDir;

use super::hooks::Hooks;
use super::road::Road;
use super::weather::Weather;
use crate::plan::{Level, Plan};
use local_deployment::{GITHUB_TOKEN, WEBHOOK_SECRET, app_files};

/// The organization that has all repositories.
pub(super) const ORGANIZATION: &str = "octo";

/// GitHub and the roads below it.
pub(super) struct Sky {
    pub(super) plan: Arc<Plan>,
    pub(super) weather: Arc<Weather>,
    pub(super) github: Arc<Service<GitHub>>,
    /// Where GitHub reports its events.
    pub(super) site: EventContext,
    pub(super) roads: Vec<Arc<Road>>,
    /// The numbers of the deployments' runner groups; 1 for a repository's own.
    pub(super) groups: Vec<u64>,
    /// The numbers of runs at GitHub, by those in the plan.
    pub(super) runs: Mutex<BTreeMap<u64, u64>>,
    /// How much of what is planned is still to come.
    pending: AtomicUsize,
}

/// Something that is planned, until it has happened.
pub(super) struct Pending(Arc<Sky>);

impl Sky {
    /// Builds everything; nothing has happened yet.
    pub(super) async fn over(plan: Arc<Plan>, weather: Arc<Weather>) -> Arc<Self> {
        let hooks = Hooks::new(&plan, &weather);
        let site = EventContext::new(weather.clock.clone());
        let github = Service::new(github(&plan, &weather, &hooks, &site));
        let app = app().expect("a folder for the app");
        let mut roads = Vec::new();
        for place in 0..plan.deployments.len() {
            roads.push(Road::lay(&plan, place, (&weather, &github), app.path()).await);
        }
        roads.iter().for_each(|road| hooks.lead_to(&road.deployment.name, &road.host));
        let groups = roads.iter().map(|road| open(&github.emulator, road)).collect();
        let (runs, pending) = (Mutex::default(), AtomicUsize::new(0));
        Arc::new(Self { plan, weather, github, site, roads, groups, runs, pending })
    }

    /// Announces something that is still to come.
    pub(super) fn expect(self: &Arc<Self>) -> Pending {
        self.pending.fetch_add(1, Ordering::Relaxed);
        Pending(Arc::clone(self))
    }

    /// Tells whether all that was planned has happened.
    pub(super) fn is_through(&self) -> bool {
        self.pending.load(Ordering::Relaxed) == 0
    }

    /// Waits until a second of the storm.
    pub(super) async fn until(&self, second: u64) {
        let now = self.weather.chronicle.now();
        self.weather.pass(Duration::from_millis((second * 1000).saturating_sub(now))).await;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

fn github(
    plan: &Plan,
    weather: &Arc<Weather>,
    hooks: &Arc<Hooks>,
    site: &EventContext,
) -> Arc<GitHub> {
    let mut options = github::Options::new(GITHUB_TOKEN, plan.seed);
    options.idle_removal = plan.idle_removal.map(Duration::from_secs);
    options.rate_limit = plan.rate_limit;
    options.transport = hooks.wire();
    let mut events = site.subscribe();
    let github = GitHub::new(options, site.clone());
    let (heard, chronicle) = (Arc::downgrade(&github), Arc::clone(&weather.chronicle));
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            let Some(github) = heard.upgrade() else { return };
            chronicle.heard_of_github(&github, &event);
        }
    });
    github
}

/// Adds what a deployment needs at GitHub; tells the number of its runner group.
fn open(github: &GitHub, road: &Road) -> u64 {
    for repository in road.deployment.repositories.iter().chain(&road.deployment.neighbours) {
        github.add_repository(repository, Visibility::Private);
    }
    let organization = Scope::Organization(ORGANIZATION.to_owned());
    github.add_hook(&road.hook(), WEBHOOK_SECRET, organization.clone());
    match road.deployment.level {
        Level::Repository => Group::DEFAULT,
        Level::Organization => github.add_group(Group {
            id: 0,
            name: road.deployment.name.clone(),
            scope: organization,
            repositories: Some(road.deployment.repositories.iter().cloned().collect()),
            allows_public_repositories: false,
        }),
    }
}

/// Lays the app's files, but for RefreshFirewall: a storm's webhooks may come from anywhere.
fn app() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("mayfly-storm-").tempdir();
    let folder = folder.context("make a folder")?;
    for (path, text) in app_files().filter(|(path, _)| !path.starts_with("RefreshFirewall")) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path())).context("make a folder")?;
        std::fs::write(path, text).context("write a file")?;
    }
    Ok(folder)
}
