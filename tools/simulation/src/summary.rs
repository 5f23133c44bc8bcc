//! Adds up the findings of many simulations, as a line of JSON and as text.

use std::fmt;

use serde::Serialize;

use super::checker::Findings;

mod pipelines;

use pipelines::PipelinesLine;

/// Jobs for which one surplus runner is acceptable.
const JOBS_PER_SURPLUS_RUNNER: u64 = 1000;

/// The summary of many simulations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    seeds: u64,
    /// The seeds of simulations with a violation.
    failed: Vec<u64>,
    /// The sums; its lists hold the violations of all simulations.
    all: Findings,
}

/// The last line of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line<'a> {
    event: &'static str,
    seeds: u64,
    jobs: u64,
    served: u64,
    cancelled: u64,
    lost: usize,
    duplicated: usize,
    leaked: usize,
    idle_share: f64,
    incorrect: usize,
    foreign: u64,
    interrupted: u64,
    refused: u64,
    setup_failed: u64,
    without_session: u64,
    runners: u64,
    unused_runners: u64,
    surplus_runners: u64,
    idle_minutes: u64,
    github_paused_minutes: u64,
    busy_minutes: u64,
    wait_seconds: Waits,
    calls: u64,
    fault_rate: f64,
    github_calls: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipelines: Option<PipelinesLine>,
    failed_seeds: &'a [u64],
}

/// How long jobs waited, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Waits {
    p50: u64,
    p95: u64,
    p99: u64,
    max: u64,
}

impl Summary {
    /// Adds the findings of a simulation.
    pub fn add(&mut self, seed: u64, findings: &Findings) {
        self.seeds += 1;
        if !findings.is_clean() {
            self.failed.push(seed);
        }
        self.all.add(findings);
    }

    /// Returns whether no simulation has a violation, and surplus runners are as rare as promised.
    pub fn is_clean(&self) -> bool {
        let max_surplus = 1 + self.all.jobs / JOBS_PER_SURPLUS_RUNNER;
        self.failed.is_empty() && self.all.surplus_runners <= max_surplus
    }

    /// Returns the last line of a run.
    ///
    /// # Panics
    /// Never: a summary consists of numbers.
    pub fn json(&self) -> String {
        serde_json::to_string(&self.line()).expect("a summary consists of numbers")
    }

    fn line(&self) -> Line<'_> {
        let all = &self.all;
        Line {
            event: "summary",
            seeds: self.seeds,
            jobs: all.jobs,
            served: all.served,
            cancelled: all.cancelled,
            lost: all.lost.len(),
            duplicated: all.duplicated.len(),
            leaked: all.leaked.len(),
            idle_share: share(all.idle, all.busy),
            incorrect: all.incorrect.len(),
            foreign: all.foreign,
            interrupted: all.interrupted,
            refused: all.refused,
            setup_failed: all.setup_failed,
            without_session: all.without_session,
            runners: all.runners,
            unused_runners: all.unused_runners,
            surplus_runners: all.surplus_runners,
            idle_minutes: minutes(all.idle),
            github_paused_minutes: minutes(all.github_paused),
            busy_minutes: minutes(all.busy),
            wait_seconds: waits(&all.waits),
            calls: all.calls,
            fault_rate: share(all.faulty_calls, all.calls),
            github_calls: all.github_calls,
            pipelines: PipelinesLine::of(&all.pipelines),
            failed_seeds: &self.failed,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line();
        let Waits { p50, p95, p99, max } = line.wait_seconds;
        writeln!(
            f,
            "{} simulations, {} jobs: {} served, {} cancelled, {} on foreign runners",
            line.seeds, line.jobs, line.served, line.cancelled, line.foreign
        )?;
        writeln!(
            f,
            "{} lost, {} duplicated, {} left over, {} incorrect",
            line.lost, line.duplicated, line.leaked, line.incorrect
        )?;
        writeln!(
            f,
            "{} jobs of other repositories refused, {} jobs failed in their set-up, {} runs without a session",
            line.refused, line.setup_failed, line.without_session
        )?;
        writeln!(
            f,
            "{} runners idled for {:.2} % of the {} minutes they worked; {} of them had no job, {} of these were surplus",
            line.runners,
            line.idle_share * 100.0,
            line.busy_minutes,
            line.unused_runners,
            line.surplus_runners
        )?;
        writeln!(f, "waits of jobs: median {p50} s, 95 % {p95} s, 99 % {p99} s, longest {max} s")?;
        write!(
            f,
            "{} calls, {:.1} % of them faulty; {} calls of GitHub",
            line.calls,
            line.fault_rate * 100.0,
            line.github_calls
        )?;
        match line.pipelines {
            Some(pipelines) => write!(f, "\n{pipelines}"),
            None => Ok(()),
        }
    }
}

impl Findings {
    fn add(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.served += other.served;
        self.interrupted += other.interrupted;
        self.foreign += other.foreign;
        self.refused += other.refused;
        self.setup_failed += other.setup_failed;
        self.without_session += other.without_session;
        self.cancelled += other.cancelled;
        self.lost.extend_from_slice(&other.lost);
        self.duplicated.extend_from_slice(&other.duplicated);
        self.leaked.extend_from_slice(&other.leaked);
        self.incorrect.extend_from_slice(&other.incorrect);
        self.runners += other.runners;
        self.unused_runners += other.unused_runners;
        self.surplus_runners += other.surplus_runners;
        self.idle += other.idle;
        self.github_paused += other.github_paused;
        self.busy += other.busy;
        self.waits.extend_from_slice(&other.waits);
        self.calls += other.calls;
        self.faulty_calls += other.faulty_calls;
        self.github_calls += other.github_calls;
        self.pipelines.add(&other.pipelines);
    }
}

/// Returns a part's share of a whole, to six decimal places.
#[expect(clippy::cast_precision_loss, reason = "years of milliseconds fit")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 1e6).round() / 1e6 }
}

fn minutes(milliseconds: u64) -> u64 {
    milliseconds / 60_000
}

fn waits(waits: &[u64]) -> Waits {
    let mut waits = waits.to_vec();
    waits.sort_unstable();
    // The smallest wait that so many percent of the jobs do not exceed.
    let percentile = |percent: usize| {
        let rank = (waits.len() * percent).div_ceil(100).saturating_sub(1);
        waits.get(rank).map_or(0, |wait| wait.div_ceil(1000))
    };
    Waits { p50: percentile(50), p95: percentile(95), p99: percentile(99), max: percentile(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(waits: Vec<u64>) -> Findings {
        let served = waits.len() as u64;
        Findings {
            jobs: served,
            served,
            waits,
            idle: 60_000,
            busy: 6_000_000,
            ..Findings::default()
        }
    }

    #[test]
    fn simulations_add_up_to_one_line() {
        let mut summary = Summary::default();
        summary.add(1, &findings((1..=100).map(|second| second * 1000).collect()));
        let faulty = Findings {
            lost: vec!["a job".to_owned()],
            calls: 10,
            faulty_calls: 2,
            ..findings(vec![500])
        };
        summary.add(2, &faulty);
        insta::assert_snapshot!(summary.json(), @r#"{"event":"summary","seeds":2,"jobs":101,"served":101,"cancelled":0,"lost":1,"duplicated":0,"leaked":0,"idle_share":0.01,"incorrect":0,"foreign":0,"interrupted":0,"refused":0,"setup_failed":0,"without_session":0,"runners":0,"unused_runners":0,"surplus_runners":0,"idle_minutes":2,"github_paused_minutes":0,"busy_minutes":200,"wait_seconds":{"p50":50,"p95":95,"p99":99,"max":100},"calls":10,"fault_rate":0.2,"github_calls":0,"failed_seeds":[2]}"#);
        insta::assert_snapshot!(summary, @"
        2 simulations, 101 jobs: 101 served, 0 cancelled, 0 on foreign runners
        1 lost, 0 duplicated, 0 left over, 0 incorrect
        0 jobs of other repositories refused, 0 jobs failed in their set-up, 0 runs without a session
        0 runners idled for 1.00 % of the 200 minutes they worked; 0 of them had no job, 0 of these were surplus
        waits of jobs: median 50 s, 95 % 95 s, 99 % 99 s, longest 100 s
        10 calls, 20.0 % of them faulty; 0 calls of GitHub
        ");
        assert!(!summary.is_clean());
    }

    #[test]
    fn an_empty_summary_is_clean() {
        assert!(Summary::default().is_clean());
        assert_eq!(Summary::default().line().idle_share, 0.0);
    }
}
