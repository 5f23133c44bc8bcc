//! Extends the history after the repairs of a run. A failure is logged, and changes nothing for runners.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use tracing::{debug, warn};

use crate::app::App;
use crate::collect::Collected;
use crate::deadline::Deadline;
use crate::error_chain::ErrorChain;
use crate::history::{BlobName, Due, Folder, Marks, PoolSample, Position, Record, Sample};
use crate::reconcile::snapshot::{Snapshot, Stage};
use crate::reconcile::{Rules, count_waiting};
use crate::storage::{Appended, HistoryError, ReadState, StateError};

/// The time that the history may take of a run, and the least that must be left to begin.
const MAX_TIME: Duration = Duration::from_secs(20);
const MIN_TIME: Duration = Duration::from_secs(5);
/// The part of it in which jobs are read.
const MAX_READING: Duration = Duration::from_secs(10);
const MAX_CONCURRENT_REQUESTS: usize = 4;
/// An assignment chain is read further this many times.
const MAX_ROUNDS: usize = 3;
/// Maximum number of old blobs that a run deletes.
const MAX_DELETIONS: usize = 32;

/// Why a part of the history was not written.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error(transparent)]
    Marks(#[from] StateError),
    #[error(transparent)]
    Blob(#[from] HistoryError),
    #[error("history blob {0} changed at each attempt, or takes no more blocks")]
    Moving(BlobName),
}

/// Records the ended tasks and a sample of the load, and deletes what is too old.
pub(in crate::functions) async fn record(app: &App, collected: &Collected, rules: &Rules) {
    if app.reconciliation.history_days == 0 || !Deadline::leaves(MIN_TIME) {
        return;
    }
    bounded(extend(app, collected, rules)).await;
}

/// Appends the records of jobs that agents have completed. Nothing else appends meanwhile: it follows the runs of both
/// services.
pub(in crate::functions) async fn record_agents(app: &App, records: Vec<Record>) {
    let is_due = !records.is_empty() && app.reconciliation.history_days > 0;
    if !is_due || !Deadline::leaves(MIN_TIME) {
        return;
    }
    bounded(extend_by(app, records)).await;
}

/// Extends the history in the time that it may take.
async fn bounded(extension: impl Future<Output = Result<(), RecordError>>) {
    match Deadline::after(MAX_TIME).bound(extension).await {
        Ok(Ok(())) => {}
        Ok(Err(err)) => warn!("continuing without the history: {}", ErrorChain(&err)),
        Err(elapsed) => warn!("continuing without the history: {elapsed}"),
    }
}

async fn extend_by(app: &App, records: Vec<Record>) -> Result<(), RecordError> {
    let (stored, mut marks) = read_marks(app).await?;
    append_records(app, records, &mut marks).await?;
    write_marks(app, &marks, &stored).await
}

async fn extend(app: &App, collected: &Collected, rules: &Rules) -> Result<(), RecordError> {
    let (stored, marks) = read_marks(app).await?;
    let mut next = marks.clone();
    let written = extend_blobs(app, collected, &mut next, rules).await;
    if next != marks {
        // If another run was faster, it has written the same.
        write_marks(app, &next, &stored).await?;
    }
    written
}

async fn read_marks(app: &App) -> Result<(ReadState, Marks), RecordError> {
    let stored = app.history_marks.read().await?;
    let read = stored.bytes.as_deref().map(serde_json::from_slice::<Marks>);
    let marks = read.and_then(Result::ok).unwrap_or_default();
    Ok((stored, marks))
}

async fn write_marks(app: &App, marks: &Marks, stored: &ReadState) -> Result<(), RecordError> {
    let bytes = serde_json::to_vec(marks).expect("plain fields always serialize");
    app.history_marks.write(bytes, stored).await?;
    Ok(())
}

async fn append_records(
    app: &App,
    records: Vec<Record>,
    marks: &mut Marks,
) -> Result<(), RecordError> {
    let lines: String = records.into_iter().map(Record::line).collect();
    let place = Position::on(app.clock.now().date_naive(), marks.jobs);
    marks.jobs = Some(append(app, Folder::Jobs, place, |_| lines.clone()).await?);
    Ok(())
}

/// Writes records, a sample, and deletes old blobs; each part that succeeds is in the marks.
async fn extend_blobs(
    app: &App,
    collected: &Collected,
    marks: &mut Marks,
    rules: &Rules,
) -> Result<(), RecordError> {
    let now = app.clock.now();
    let snapshot = &collected.snapshot;
    marks.note_elsewhere(&snapshot.jobs, &collected.runs, &rules.deployment);
    let mut recorded = marks.clone();
    let records = records(app, collected, &mut recorded, now).await;
    if !records.is_empty() {
        append_records(app, records, &mut recorded).await?;
    }
    *marks = recorded;
    if marks.sample_is_due(now) && !collected.unread.contains(&"pools") {
        let waiting = count_waiting(snapshot, rules);
        sample(app, snapshot, marks, (waiting, now)).await?;
    }
    if marks.is_cleaning_due(now.date_naive()) {
        clean(app, marks, now).await?;
    }
    Ok(())
}

/// Returns the records that are due, after reading the jobs that the snapshot lacks.
async fn records(
    app: &App,
    collected: &Collected,
    marks: &mut Marks,
    now: DateTime<Utc>,
) -> Vec<Record> {
    let mut due = Due::new(&collected.ended, &collected.runs, marks, &collected.snapshot);
    let github = app.github.low_priority();
    let mut tried = BTreeSet::new();
    let reading = async {
        for _ in 0..MAX_ROUNDS {
            let mut runs = due.missing_runs(marks);
            runs.retain(|run| tried.insert(run.clone()));
            if runs.is_empty() {
                break;
            }
            let mut lists = stream::iter(runs)
                .map(async |(repository, run)| (run, github.jobs_of_run(&repository, run).await))
                .buffered(MAX_CONCURRENT_REQUESTS);
            while let Some((run, listed)) = lists.next().await {
                match listed {
                    Ok(listed) => due.learn_run(run, listed.jobs, listed.complete),
                    Err(err) => debug!("continuing without run {run}: {}", ErrorChain(&err)),
                }
            }
        }
    };
    if Deadline::after(MAX_READING).bound(reading).await.is_err() {
        debug!("continuing without all jobs of ended tasks");
    }
    due.records(marks, now)
}

async fn sample(
    app: &App,
    snapshot: &Snapshot,
    marks: &mut Marks,
    (waiting, now): (usize, DateTime<Utc>),
) -> Result<(), RecordError> {
    let started = |stage: &Stage| matches!(stage, Stage::Started { .. });
    let running = snapshot.tasks.iter().filter(|task| started(&task.stage)).count();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let own = |name: &String| app.profiles().any(|of| of.pool == *name);
    let pools = snapshot.pools.iter().filter(|(name, _)| own(name));
    let pools: Vec<(PoolSample, u32)> = pools
        .map(|(name, pool)| {
            let (vm_size, slots) = (pool.vm_size.clone(), pool.slots);
            (PoolSample { pool: name.clone(), vm_size, slots }, pool.nodes)
        })
        .collect();
    let (pools, nodes): (Vec<PoolSample>, Vec<u32>) = pools.into_iter().unzip();
    let (waiting, running) = (number(waiting), number(running));
    let sample = Sample { at: now.timestamp(), waiting, running, nodes };
    let place = Position::on(now.date_naive(), marks.samples);
    let lines = |place: Position| marks.sample_lines(&pools, sample.clone(), place);
    let end = append(app, Folder::Samples, place, lines).await?;
    marks.samples = Some(end);
    marks.pools = pools;
    marks.sampled_at = Some(now);
    Ok(())
}

/// Appends lines behind a place, and returns the place behind them.
async fn append(
    app: &App,
    folder: Folder,
    mut place: Position,
    lines: impl Fn(Position) -> String,
) -> Result<Position, RecordError> {
    const MAX_ATTEMPTS: usize = 4;
    for _ in 0..MAX_ATTEMPTS {
        if place.length == 0 {
            app.history.create(place.name(folder)).await?;
        }
        let bytes = lines(place);
        match app.history.append(folder, place, bytes.as_bytes()).await? {
            Appended::Done(end) => return Ok(end),
            Appended::Full => place = place.next(),
            Appended::Missing => place = Position { length: 0, blocks: 0, ..place },
            Appended::Moved => {
                place = match app.history.end(folder, place).await? {
                    // The response to the append was lost, or another run has written the same lines.
                    Some(end) if end.length == place.length + bytes.len() as u64 => return Ok(end),
                    Some(end) => end,
                    None => place.next(),
                };
            }
        }
    }
    Err(RecordError::Moving(place.name(folder)))
}

/// Deletes the blobs of days that are too old.
async fn clean(app: &App, marks: &mut Marks, now: DateTime<Utc>) -> Result<(), RecordError> {
    let today = now.date_naive();
    let first = today - TimeDelta::days(app.reconciliation.history_days.into());
    let mut old: Vec<BlobName> = Vec::new();
    for folder in [Folder::Jobs, Folder::Samples] {
        let listed = app.history.list(folder, "").await?;
        old.extend(listed.into_iter().map(|(name, _)| name).filter(|name| name.day < first));
    }
    let more = old.len() > MAX_DELETIONS;
    for name in old.into_iter().take(MAX_DELETIONS) {
        app.history.delete(name).await?;
        debug!("{name} deleted: it is older than the setting HistoryDays allows");
    }
    if !more {
        marks.cleaned = Some(today);
    }
    Ok(())
}
