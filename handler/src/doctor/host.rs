//! Checks the settings, the reachability of the app, the clocks, and whether the timers run.

use chrono::TimeDelta;

use super::Finding;
use super::facts::Facts;

/// The difference between two clocks from which signatures and tokens may be rejected.
const MAX_SKEW: TimeDelta = TimeDelta::seconds(300);
/// The difference between two clocks that is worth a look.
const NOTICED_SKEW: TimeDelta = TimeDelta::seconds(60);
/// How long after its last run reconciliation counts as stopped.
const STOPPED_AFTER: TimeDelta = TimeDelta::minutes(30);
/// How many periods may pass between two runs.
const MAX_PERIODS: i32 = 5;
const ALLOWED: &str = "AllowedRepositories";
const OPERATORS: &str = "OperatorRanges";

/// Checks the settings. The handler does not start with a Key Vault reference that was not resolved.
pub(super) fn settings(facts: &Facts) -> Vec<Finding> {
    let resolved = "every setting is present: a Key Vault reference that was not resolved would refuse the start";
    let mut findings = vec![Finding::ok("key-vault", resolved)];
    let problem = |setting: &str| facts.warnings.iter().find(|(name, _)| name == setting);
    findings.push(match problem(ALLOWED) {
        Some((_, problem)) => {
            let text = format!("setting {ALLOWED} {problem}");
            Finding::warn("allowed-repositories", text, "name each owner in full")
        }
        None => Finding::ok("allowed-repositories", "each owner is named in full"),
    });
    findings.push(match problem(OPERATORS) {
        Some((_, problem)) => {
            let text = format!("setting {OPERATORS} {problem}");
            Finding::warn("operator-ranges", text, "list the networks of the operators")
        }
        None if facts.operators.is_empty() => {
            let text = "setting OperatorRanges is empty: no address may call Status and Operate";
            Finding::warn("operator-ranges", text, "list the networks of the operators")
        }
        None => Finding::ok("operator-ranges", "only listed networks may call Status and Operate"),
    });
    let others = facts.warnings.iter().filter(|(name, _)| ![ALLOWED, OPERATORS].contains(&&**name));
    findings.extend(others.map(|(setting, problem)| {
        let text = format!("setting {setting} {problem}");
        Finding::warn("setting", text, "change the setting").of(setting)
    }));
    findings
}

/// Checks the address of ClaimRunner, and the clocks.
pub(super) fn reachability(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(facts.claim_address.as_ref().map(|(host, answer)| claim(host, answer)));
    findings.extend(facts.clocks.iter().map(|(service, ahead)| clock(service, ahead)));
    findings
}

fn claim(host: &str, answer: &Result<u16, String>) -> Finding {
    let check = "claim-address";
    let from_pool = "try it on a node: `curl --data {}` with the address must be answered with 400";
    let finding = match answer {
        Ok(400) => Finding::ok(check, format!("ClaimRunner answers at {host}")),
        Ok(401 | 403) => {
            let text = format!(
                "an access restriction of {host} rejects this machine, and need not reject the pool"
            );
            Finding::unknown(check, text, from_pool)
        }
        Ok(404) => {
            let text = format!("there is no function ClaimRunner at {host}");
            Finding::fail(check, text, "check setting ClaimUrl: it must end with /api/ClaimRunner")
        }
        Ok(status) => {
            let text = format!("{host} answers with {status}");
            Finding::warn(check, text, "check that the Function App runs")
        }
        Err(reason) => {
            let text =
                format!("{host} cannot be reached from here ({reason}); the pool may reach it");
            Finding::unknown(check, text, from_pool)
        }
    };
    finding.of(host)
}

fn clock(service: &str, ahead: &Result<TimeDelta, String>) -> Finding {
    let check = "clock";
    let advice = "check the time of the machine that runs the handler";
    let finding = match ahead {
        Err(reason) => Finding::unknown(
            check,
            format!("the time of {service} is not known: {reason}"),
            "try again",
        ),
        Ok(ahead) => {
            let seconds = ahead.num_seconds();
            let text = match seconds {
                0 => format!("the clock agrees with that of {service}"),
                1.. => format!("the clock is {seconds} s behind that of {service}"),
                _ => format!("the clock is {} s ahead of that of {service}", -seconds),
            };
            match ahead.abs() {
                skew if skew > MAX_SKEW => Finding::fail(check, text, advice),
                skew if skew > NOTICED_SKEW => Finding::warn(check, text, advice),
                _ => Finding::ok(check, text),
            }
        }
    };
    finding.of(service)
}

/// Checks whether reconciliation runs.
pub(super) fn work(facts: &Facts) -> Vec<Finding> {
    let check = "timers";
    let advice = "see the log of ReconcileRunners; the alert `silence` reports the same";
    vec![match &facts.last_run {
        Err(reason) => Finding::unknown(
            check,
            format!("the last run of ReconcileRunners is not known: {reason}"),
            advice,
        ),
        Ok(None) => Finding::unknown(check, "ReconcileRunners has recorded no run yet", advice),
        Ok(Some(at)) => {
            let age = facts.at - *at;
            let text = format!(
                "ReconcileRunners last recorded a run {} minutes ago",
                age.num_minutes().max(0)
            );
            match age {
                age if age > STOPPED_AFTER => Finding::fail(check, text, advice),
                age if age > facts.period * MAX_PERIODS => Finding::warn(check, text, advice),
                _ => Finding::ok(check, text),
            }
        }
    }]
}
