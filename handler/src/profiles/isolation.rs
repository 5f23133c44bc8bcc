//! Checks the profiles that give each job a node of its own.

use super::Profile;

/// Checks that no task of another job can run on a node of a profile with `nodePerJob`, as far as the profiles show it.
pub(super) fn check(profiles: &[Profile]) -> Result<(), String> {
    for isolated in profiles.iter().filter(|profile| profile.node_per_job) {
        let name = &isolated.name;
        if isolated.slots > 1 {
            return Err(format!(
                "profile {name:?}: nodePerJob needs a pool with one task slot a node: remove \"slots\": {}",
                isolated.slots
            ));
        }
        let shares = |other: &&Profile| {
            !other.node_per_job && other.pool.eq_ignore_ascii_case(&isolated.pool)
        };
        if let Some(other) = profiles.iter().find(shares) {
            return Err(format!(
                "profile {name:?} has nodePerJob, and {:?} on the same pool {:?} has not: its jobs would run on the same nodes; give both the option, or each its own pool",
                other.name, other.pool
            ));
        }
    }
    Ok(())
}
