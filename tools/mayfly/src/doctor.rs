//! `mayfly doctor`: checks the preconditions of a deployment.

use std::process::ExitCode;

use anyhow::Context;
use handler::doctor::{CheckStatus, DoctorReport, Finding};

use crate::cli;
use crate::client::{DeploymentClient, faulty_settings};
use crate::print;

/// Checks the deployment, and prints the findings. Fails if a check has failed.
pub(crate) async fn run(options: &cli::Doctor) -> anyhow::Result<ExitCode> {
    let deployment = &options.shared.deployment;
    let report = match faulty_settings(deployment)? {
        Some(report) => report,
        None => DeploymentClient::new(deployment)?.doctor().await?,
    };
    if options.shared.json {
        print(serde_json::to_string(&report).context("serialize the response")?);
    } else {
        report.findings.iter().for_each(|finding| print(text(finding)));
        print(summary(&report));
    }
    Ok(if report.fails() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(finding: &Finding) -> String {
    let Finding { check, subject, status, text, advice } = finding;
    let subject = subject.as_deref().map(|subject| format!(" ({subject})")).unwrap_or_default();
    let advice = advice.as_deref().map(|advice| format!("\n         {advice}")).unwrap_or_default();
    format!("{:<8} {check}{subject}: {text}{advice}", name(*status))
}

fn name(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Ok => "ok",
        CheckStatus::Unknown => "unknown",
        CheckStatus::Warn => "warn",
        CheckStatus::Fail => "fail",
    }
}

fn summary(report: &DoctorReport) -> String {
    let statuses = [CheckStatus::Fail, CheckStatus::Warn, CheckStatus::Unknown, CheckStatus::Ok];
    let count = |status| report.findings.iter().filter(|finding| finding.status == status).count();
    let counts = statuses.map(|status| format!("{} {}", count(status), name(status)));
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_finding_has_its_advice_below_it() {
        let finding = |status, advice: Option<&str>| Finding {
            check: "pool".to_owned(),
            subject: Some("ubuntu".to_owned()),
            status,
            text: "it is gone".to_owned(),
            advice: advice.map(str::to_owned),
        };
        let findings =
            vec![finding(CheckStatus::Ok, None), finding(CheckStatus::Fail, Some("create it"))];
        let lines: Vec<String> = findings.iter().map(text).collect();
        let report = DoctorReport { at: DateTime::UNIX_EPOCH, findings };
        assert_eq!(
            [lines.join("\n"), summary(&report)].join("\n"),
            "ok       pool (ubuntu): it is gone\nfail     pool (ubuntu): it is gone\n         create it\n1 fail, 0 warn, 0 unknown, 1 ok"
        );
    }
}
