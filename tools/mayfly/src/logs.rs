//! `mayfly logs`: the output of a runner's task, and how it ended.

use std::process::ExitCode;

use anyhow::Context;
use handler::operation::Operation;
use handler::task_output::{MAX_BYTES, OutputFile};

use crate::cli;
use crate::client::DeploymentClient;
use crate::print;

/// Prints the output of a task.
pub(crate) async fn run(options: &cli::Logs) -> anyhow::Result<ExitCode> {
    let request = Operation::logs(&options.task).context("use the options")?;
    let logs = DeploymentClient::new(&options.shared.deployment)?.logs(&request).await?;
    if options.shared.json {
        print(serde_json::to_string(&logs).context("serialize the response")?);
    } else {
        logs.files.iter().for_each(|file| print(text(file).trim_end()));
        print(logs.summary);
    }
    Ok(ExitCode::SUCCESS)
}

fn text(file: &OutputFile) -> String {
    let OutputFile { name, text, size, cut } = file;
    let part = match (size, cut) {
        (0, _) => " is empty".to_owned(),
        (_, true) => format!(", the last {} KiB of {} KiB", MAX_BYTES >> 10, size >> 10),
        (_, false) => String::new(),
    };
    format!("--- {name}{part}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_and_its_size() {
        let file = |size, cut| OutputFile {
            name: "stdout.txt".to_owned(),
            text: "x\n".to_owned(),
            size,
            cut,
        };
        assert_eq!(text(&file(2, false)), "--- stdout.txt\nx\n");
        assert_eq!(text(&file(0, false)).lines().next(), Some("--- stdout.txt is empty"));
        let cut = text(&file(1 << 20, true));
        assert_eq!(cut, "--- stdout.txt, the last 64 KiB of 1024 KiB\nx\n");
    }
}
