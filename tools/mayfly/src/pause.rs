//! `mayfly pause` and `mayfly resume`: stops and starts the tasks of a profile.

use std::process::ExitCode;

use anyhow::Context;
use handler::operation::{Operation, PauseRequest};
use handler::pauses::{MAX_WHO, is_unprintable};
use handler::replay_plan::OperateResponse;

use crate::cli;
use crate::client::DeploymentClient;
use crate::print;

/// The file with the name of this machine.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Pauses a profile.
pub(crate) async fn pause(options: cli::Pause) -> anyhow::Result<ExitCode> {
    let who = options.who.unwrap_or_else(caller);
    let request = PauseRequest::new(&options.profile, &options.why, Some(&who));
    let request = Operation::Pause(request.context("use the options")?);
    let client = DeploymentClient::new(&options.shared.deployment)?;
    report(&client.operate(&request).await?, options.shared.json)
}

/// Resumes a profile.
pub(crate) async fn resume(options: cli::Resume) -> anyhow::Result<ExitCode> {
    let request = Operation::Resume { profile: options.profile };
    let client = DeploymentClient::new(&options.shared.deployment)?;
    report(&client.operate(&request).await?, options.shared.json)
}

/// Prints what was done, and what reconciliation has to do. Fails if there is any.
fn report(response: &OperateResponse, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print(serde_json::to_string(response).context("serialize the response")?);
    } else {
        response.done.iter().for_each(print);
        for left in &response.skipped {
            print(format_args!("{}: {}", left.item, left.reason));
        }
    }
    Ok(if response.skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the user and the machine that run this program, such as `ann@desk`.
#[expect(clippy::disallowed_methods, reason = "the name of the user is no setting")]
fn caller() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    name(&user, &host)
}

fn name(user: &str, host: &str) -> String {
    let or_unknown = |text: &str| match text.trim() {
        "" => "unknown".to_owned(),
        text => text.to_owned(),
    };
    let name = format!("{}@{}", or_unknown(user), or_unknown(host));
    name.chars().filter(|&c| !is_unprintable(c)).take(MAX_WHO).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_named_by_user_and_machine() {
        assert_eq!(name("ann", "desk\n"), "ann@desk");
        assert_eq!(name("", ""), "unknown@unknown");
        assert_eq!(name("a\u{1b}[1m", "b"), "a[1m@b");
        assert_eq!(name(&"a".repeat(200), "b").len(), MAX_WHO);
    }
}
