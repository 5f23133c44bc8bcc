//! Webhooks: paired rounds of the floor, the handler and the peers, with an equal number of connections.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::load::Until;
use crate::machine::Reading;
use crate::payload::{Delivery, deliveries};
use crate::process::resident_megabytes;
use crate::progress;
use crate::subjects::{Running, Subject, sink};

/// The number of different jobs, so that no answer comes from a cache.
const JOBS: u64 = 4096;
/// How long a subject works before it is measured.
const WARM_UP: Duration = Duration::from_millis(300);

/// What one subject did in one round with one number of connections.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    /// The name of the subject.
    pub(crate) subject: String,
    /// The round, from 0.
    pub(crate) round: usize,
    /// The number of connections.
    pub(crate) connections: usize,
    /// The accepted deliveries a second.
    pub(crate) rate: f64,
    /// Half of the responses came within this time, in milliseconds.
    pub(crate) median_ms: f64,
    /// 99 of 100 responses came within this time, in milliseconds.
    pub(crate) p99_ms: f64,
    /// The responses other than 2xx.
    pub(crate) errors: u64,
    /// The processor time of the subject for a delivery, in microseconds; absent for a peer.
    pub(crate) cpu_us: Option<f64>,
    /// Its memory before the first delivery, and afterwards, in megabytes; absent for a peer.
    pub(crate) memory_mb: Option<(f64, f64)>,
    /// The processors that were used by others.
    pub(crate) other_cores: f64,
}

/// Measures all subjects.
///
/// # Errors
/// A subject does not start, or breaks a connection.
pub(crate) async fn measure(
    subjects: &[Subject],
    connections: &[usize],
    (rounds, time): (usize, Duration),
) -> anyhow::Result<Vec<Measured>> {
    let jobs = deliveries(1, JOBS);
    let mut all = Vec::new();
    for round in 0..rounds {
        for &connections in connections {
            // The first of a pair has other caches than the second.
            let order: Vec<&Subject> = match round % 2 {
                0 => subjects.iter().collect(),
                _ => subjects.iter().rev().collect(),
            };
            for subject in order {
                progress(format_args!(
                    "webhooks: {}, {connections} connections, round {}",
                    subject.name(),
                    round + 1
                ));
                let one = Round { subject, connections, round, time };
                all.push(one.measure(&jobs).await?);
            }
        }
    }
    Ok(all)
}

struct Round<'a> {
    subject: &'a Subject,
    connections: usize,
    round: usize,
    time: Duration,
}

impl Round<'_> {
    async fn measure(&self, jobs: &Arc<[Delivery]>) -> anyhow::Result<Measured> {
        let (queue, url): (_, Url) = sink().await?;
        let Running { target, program } = self.subject.start(&url).await?;
        let pid = program.as_ref().map(|program| program.pid);
        let idle = pid.map(resident_megabytes).transpose()?;
        let pids: Vec<u32> = pid.into_iter().chain([queue.pid]).collect();
        target.load(jobs, self.connections, Until::Elapsed(WARM_UP)).await?;
        let before = Reading::take(&pids)?;
        let responses = target.load(jobs, self.connections, Until::Elapsed(self.time)).await?;
        let after = Reading::take(&pids)?;
        let loaded = pid.map(resident_megabytes).transpose()?;
        let accepted = responses.micros.len().max(1) as f64;
        Ok(Measured {
            subject: self.subject.name().to_owned(),
            round: self.round,
            connections: self.connections,
            rate: responses.rate(),
            median_ms: responses.percentile(0.5),
            p99_ms: responses.percentile(0.99),
            errors: responses.errors,
            cpu_us: pid.map(|pid| after.seconds_of(pid, &before) * 1e6 / accepted),
            memory_mb: idle.zip(loaded),
            other_cores: after.others(&before) / responses.elapsed.as_secs_f64(),
        })
    }
}
