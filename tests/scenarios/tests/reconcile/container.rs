//! Containers that do nothing, in a deployment whose tasks the test can change.

use github_emulator::NewJob;
use scenarios::{TestEnvironment, container};

use crate::{PROGRAM, UBUNTU};

/// Starts an environment with settings, and returns it with the first of its jobs, whose task runs.
pub(crate) async fn start(settings: &[(&str, &str)]) -> (TestEnvironment, u64) {
    start_with(settings, NewJob::new("octo/app", UBUNTU)).await
}

/// Starts such an environment with this job.
pub(crate) async fn start_with(settings: &[(&str, &str)], job: NewJob) -> (TestEnvironment, u64) {
    let options = |options: &mut local_deployment::Options| {
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
        for (name, value) in settings {
            options.settings.insert((*name).to_owned(), (*value).to_owned());
        }
    };
    container::start_with(PROGRAM, job, options).await
}
