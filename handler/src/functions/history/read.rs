//! Reads the history for Status and Operate. A blob that has not grown is not read again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use tracing::warn;

use crate::app::App;
use crate::deadline::Deadline;
use crate::error_chain::ErrorChain;
use crate::history::{
    BlobName, DaysRead, Folder, HistoryPage, HistoryReport, HistoryRequest, Inputs, MAX_PAGE_BYTES,
    Part, PoolOfProfile, Prices, summarize,
};
use crate::storage::HistoryError;

/// The time that reading may take of a status report.
const MAX_TIME: Duration = Duration::from_secs(20);
const MAX_CONCURRENT_REQUESTS: usize = 8;
/// The days before today that the waits and samples of a report are about.
const RECENT_DAYS: i64 = 7;

/// Returns the history for a report; `None` if it cannot be read.
pub(in crate::functions) async fn report(app: &App) -> Option<HistoryReport> {
    let (now, days) = (app.clock.now(), app.reconciliation.history_days);
    if days == 0 {
        return Some(summary(app, &DaysRead::default(), now));
    }
    let read = match Deadline::after(MAX_TIME).bound(read(app, now)).await {
        Ok(read) => read.map_err(|err| ErrorChain(&err).to_string()),
        Err(elapsed) => Err(elapsed.to_string()),
    };
    let read = read.inspect_err(|err| warn!("continuing without the history: {err}")).ok()?;
    report_unreadable(read.unreadable);
    Some(summary(app, &read, now))
}

fn report_unreadable(lines: usize) {
    if lines > 0 {
        warn!("{lines} lines of the history cannot be read and are left out");
    }
}

fn summary(app: &App, read: &DaysRead, now: DateTime<Utc>) -> HistoryReport {
    let profiles: Vec<_> = app.profiles().map(PoolOfProfile::from).collect();
    let (prices, days) = (Prices::shipped(), app.reconciliation.history_days);
    summarize(read, Inputs { profiles: &profiles, prices: &prices, days, now })
}

/// Reads the days since the beginning of the month, and the last seven.
async fn read(app: &App, now: DateTime<Utc>) -> Result<DaysRead, HistoryError> {
    let today = now.date_naive();
    let recent = today - TimeDelta::days(RECENT_DAYS);
    let first = today.with_day(1).map_or(recent, |month| month.min(recent));
    let since = (now - TimeDelta::days(RECENT_DAYS)).timestamp();
    let months: BTreeSet<String> = [first, today].map(month).into();
    let mut folders = Vec::new();
    for folder in [Folder::Jobs, Folder::Samples] {
        folders.extend(months.iter().map(|month| (folder, month.clone())));
    }
    let lists: Vec<Vec<(BlobName, u64)>> = stream::iter(folders)
        .map(async |(folder, month)| app.history.list(folder, &month).await)
        .buffered(MAX_CONCURRENT_REQUESTS)
        .try_collect()
        .await?;
    let mut blobs: Vec<_> =
        lists.into_iter().flatten().filter(|(name, _)| name.day >= first).collect();
    blobs.sort();
    app.history_parts.retain(&blobs);
    let parts: Vec<Arc<Part>> = stream::iter(blobs)
        .map(async |(name, length)| part(app, name, length, since).await)
        .buffered(MAX_CONCURRENT_REQUESTS)
        .try_collect()
        .await?;
    let mut days = DaysRead::default();
    parts.iter().for_each(|part| days.add(part, since));
    Ok(days)
}

fn month(day: NaiveDate) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

async fn part(
    app: &App,
    name: BlobName,
    length: u64,
    since: i64,
) -> Result<Arc<Part>, HistoryError> {
    if let Some(part) = app.history_parts.get(name, length) {
        return Ok(part);
    }
    let bytes = if length == 0 { Vec::new() } else { app.history.read(name, 0, length).await? };
    let part = Arc::new(match name.folder {
        Folder::Jobs => Part::of_jobs(&bytes, since),
        Folder::Samples => Part::of_samples(&bytes),
    });
    app.history_parts.keep(name, length, Arc::clone(&part));
    Ok(part)
}

impl App {
    /// Returns a page of the history of a day: whole lines of one blob, and where the next page begins.
    ///
    /// # Errors
    /// When storage does not respond.
    pub async fn history_page(&self, request: &HistoryRequest) -> anyhow::Result<HistoryPage> {
        let HistoryRequest { day, folder, from } = *request;
        let mut blobs = self.history.list(folder, &day.to_string()).await?;
        blobs.sort();
        let mut page = HistoryPage {
            operation: "history".to_owned(),
            profiles: self.profiles().map(PoolOfProfile::from).collect(),
            ..HistoryPage::default()
        };
        let mut before = 0;
        for (name, length) in blobs {
            if from < before + length {
                let offset = from - before;
                let size = MAX_PAGE_BYTES.min(length - offset);
                let bytes = self.history.read(name, offset, size).await?;
                page.take(folder, from, &bytes, offset + size >= length);
                break;
            }
            before += length;
        }
        Ok(page)
    }
}
