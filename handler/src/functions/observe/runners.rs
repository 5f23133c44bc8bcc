//! Lists the registered runners of this deployment.

use std::collections::{BTreeMap, BTreeSet};

use super::look::{Look, Unseen};
use crate::reconcile::snapshot::{RunnerRelease, SeenRunner};
use crate::repository::Repository;

/// Lists the runners where those of these repositories' jobs are registered; `None` where no repository is
/// known, or one list was not reached. A place that GitHub does not show has none of ours to be removed.
pub(super) async fn read(
    look: &Look<'_>,
    repositories: &BTreeSet<Repository>,
) -> Option<Vec<SeenRunner>> {
    let mut known = look.rules.policy.allowed.named();
    known.extend(repositories.iter().cloned());
    if known.is_empty() {
        return None;
    }
    let place = |repository: Repository| (look.app.scope.api_path(&repository), repository);
    let places: BTreeMap<String, Repository> = known.into_iter().map(place).collect();
    let mut seen = Vec::new();
    for repository in places.into_values() {
        let runners = match look.ask(look.github.runners(&repository)).await {
            Ok(runners) => runners.items,
            Err(Unseen::Refused) => continue,
            Err(Unseen::NotReached) => return None,
        };
        look.booked(runners.len());
        seen.extend(runners.into_iter().filter_map(|runner| {
            Some(SeenRunner {
                id: runner.id,
                name: look.rules.deployment.parse_task(&runner.name)?,
                repository: repository.clone(),
                online: runner.status == "online",
                busy: runner.busy,
                version: runner.version.filter(|version| !version.is_empty()),
            })
        }));
    }
    Some(seen)
}

/// Lists the latest releases of the runner, where there is a runner to be compared with them.
pub(super) async fn releases(
    look: &Look<'_>,
    runners: Option<&Vec<SeenRunner>>,
) -> Vec<RunnerRelease> {
    if !runners.into_iter().flatten().any(|runner| runner.version.is_some()) {
        return Vec::new();
    }
    let listed = look.ask(look.github.runner_releases()).await.unwrap_or_default();
    let released = listed.into_iter().filter(|release| !release.prerelease).filter_map(|release| {
        let version = release.tag_name.strip_prefix('v').unwrap_or(&release.tag_name).to_owned();
        Some(RunnerRelease { version, at: release.published_at? })
    });
    released.collect()
}
