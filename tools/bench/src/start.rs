//! The start of a program: until its first response, and until its first accepted delivery.

use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;
use tokio::time::Instant;

use crate::load::Until;
use crate::payload::deliveries;
use crate::progress;
use crate::subjects::{Running, Subject, sink};

/// The time of one start.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Start {
    /// The name of the subject.
    pub(crate) subject: String,
    /// Until it listened, in milliseconds.
    pub(crate) listens_ms: f64,
    /// Until it had accepted a delivery, in milliseconds.
    pub(crate) accepts_ms: f64,
}

/// Starts each of the subjects a number of times, in turn.
///
/// # Errors
/// A subject does not start, or rejects a delivery.
pub(crate) async fn measure(subjects: &[Subject], times: usize) -> anyhow::Result<Vec<Start>> {
    let (_queue, url) = sink().await?;
    let jobs = deliveries(1, 1);
    let mut all = Vec::new();
    progress(format_args!("starts: {times} times"));
    for _ in 0..times {
        for subject in subjects.iter().filter(|subject| !matches!(subject, Subject::Peer(_))) {
            let began = Instant::now();
            let Running { target, program } = subject.start(&url).await?;
            let listens = began.elapsed();
            let responses = target.load(&jobs, 1, Until::AllSent).await?;
            let accepts = began.elapsed();
            ensure!(
                responses.micros.len() == 1,
                "deliver to the {}: it was rejected",
                subject.name()
            );
            drop(program);
            let [listens_ms, accepts_ms] = [listens, accepts].map(millis);
            all.push(Start { subject: subject.name().to_owned(), listens_ms, accepts_ms });
        }
    }
    Ok(all)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
