//! Lists the registered runners of this deployment.

use std::collections::{BTreeMap, BTreeSet};

use super::collector::{Collector, Partial, Unread};
use crate::github::ListedRunner;
use crate::reconcile::snapshot::{RegisteredRunner, RunnerRelease};
use crate::repository::Repository;

/// Lists the runners of the scopes in which runners for these repositories are registered; `None` if no repository is
/// known, or a list was not read. A scope that GitHub does not show has no runner that could be removed.
pub(super) async fn read(
    collector: &Collector<'_>,
    repositories: &BTreeSet<Repository>,
) -> Partial<Option<Vec<RegisteredRunner>>> {
    let mut known = collector.rules.policy.allowed.named();
    known.extend(repositories.iter().cloned());
    if known.is_empty() {
        return Partial::complete(None);
    }
    let by_scope = known.into_iter().map(|one| (collector.app.scope.api_path(&one), one));
    let scopes: BTreeMap<String, Repository> = by_scope.collect();
    let mut all = Vec::new();
    for repository in scopes.into_values() {
        let listed = match collector.send(collector.github.runners(&repository)).await {
            Ok(listed) => listed.items,
            Err(Unread::Denied) => continue,
            Err(Unread::Refused | Unread::NotReached) => {
                return Partial { value: None, complete: false };
            }
        };
        collector.charge_pages(listed.len());
        all.extend(
            listed.into_iter().filter_map(|runner| registered(collector, &repository, runner)),
        );
    }
    Partial::complete(Some(all))
}

/// Returns a runner of this deployment; `None` if its name is not of this deployment.
fn registered(
    collector: &Collector<'_>,
    repository: &Repository,
    runner: ListedRunner,
) -> Option<RegisteredRunner> {
    Some(RegisteredRunner {
        id: runner.id,
        name: collector.rules.deployment.parse_task(&runner.name)?,
        repository: repository.clone(),
        online: runner.status == "online",
        busy: runner.busy,
        version: runner.version.filter(|version| !version.is_empty()),
    })
}

/// Lists the latest releases of the runner, if there is a runner to compare with them.
pub(super) async fn releases(
    collector: &Collector<'_>,
    runners: Option<&Vec<RegisteredRunner>>,
) -> Partial<Vec<RunnerRelease>> {
    let mut releases = Partial::complete(Vec::new());
    if !runners.into_iter().flatten().any(|runner| runner.version.is_some()) {
        return releases;
    }
    let listed = collector.send(collector.github.runner_releases()).await;
    let listed = releases.note(listed).unwrap_or_default();
    let released = listed.into_iter().filter(|release| !release.prerelease).filter_map(|release| {
        let version = release.tag_name.strip_prefix('v').unwrap_or(&release.tag_name).to_owned();
        Some(RunnerRelease { version, at: release.published_at? })
    });
    releases.value.extend(released);
    releases
}
