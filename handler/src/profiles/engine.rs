//! Checks and options of the profiles whose jobs have a container engine (`docker`).

use super::Profile;

/// Options of a container that starts an engine of its own.
///
/// The engine needs a privileged container, and starts as root. With `--rm`, the node's engine removes the volume in which
/// the job's engine stores everything, together with the container, whatever ends it.
const DOCKER_OPTIONS: &str = "--privileged --rm --user 0:0";

/// Returns the options with which the container of a profile starts, other than its own.
pub(super) fn options(profile: &Profile) -> Option<&'static str> {
    profile.docker.then_some(DOCKER_OPTIONS)
}

/// Checks that profiles with `docker` can work, and that no job without it shares their nodes.
pub(super) fn check(profiles: &[Profile]) -> Result<(), String> {
    for profile in profiles.iter().filter(|profile| profile.docker) {
        let name = &profile.name;
        if profile.is_windows() {
            return Err(format!(
                "profile {name:?}: docker is not possible on Windows: GitHub's runner has no container jobs there"
            ));
        }
        if profile.names_user() {
            return Err(format!(
                "profile {name:?}: with docker, the container starts as root and the job as the image's user: remove the user from containerRunOptions"
            ));
        }
        let shares =
            |other: &&Profile| !other.docker && other.pool.eq_ignore_ascii_case(&profile.pool);
        if let Some(other) = profiles.iter().find(shares) {
            return Err(format!(
                "profile {name:?} has docker, and {:?} on the same pool {:?} has not: jobs of the first can control the nodes; give each its own pool",
                other.name, other.pool
            ));
        }
    }
    Ok(())
}
