//! Finds the repositories that the setting names in full and that have another name by now.

use std::collections::BTreeMap;

use super::collector::{Collector, Partial};
use crate::repository::Repository;

/// Returns the present name of each repository whose name in the setting GitHub redirects.
pub(super) async fn find(collector: &Collector<'_>) -> Partial<BTreeMap<Repository, Repository>> {
    let mut renamed = Partial::complete(BTreeMap::new());
    let named = collector.rules.policy.allowed.named().into_iter();
    for repository in named.filter(|one| collector.github.was_redirected(one)) {
        let present = collector.send_named(None, collector.github.present_name(&repository)).await;
        let present = renamed.note(present).flatten().filter(|present| *present != repository);
        renamed.value.extend(present.map(|present| (repository, present)));
    }
    renamed
}
