//! Containers that do nothing, in a deployment whose tasks the test can change.

use scenarios::{TestEnvironment, container};

use crate::{PROGRAM, UBUNTU};

/// Starts an environment with settings, and returns it with the first of its jobs, whose task runs.
pub(crate) async fn start(settings: &[(&str, &str)]) -> (TestEnvironment, u64) {
    let options = |options: &mut local_deployment::Options| {
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
        for (name, value) in settings {
            options.settings.insert((*name).to_owned(), (*value).to_owned());
        }
    };
    container::start(PROGRAM, UBUNTU, options).await
}
