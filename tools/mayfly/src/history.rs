//! `mayfly history`: exports the ended jobs of some days, and computes what the jobs of a month cost.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use handler::clock::Clock;
use handler::history::{
    Cost, DaysRead, Folder, HistoryRequest, Part, PoolOfProfile, Prices, Record, costs, csv,
    ended_jobs,
};
use serde_json::json;

use crate::cli::{Deployment, History, HistoryOutput};
use crate::client::DeploymentClient;
use crate::print;

/// The lines of some days.
#[derive(Default)]
struct Days {
    records: Vec<Record>,
    read: DaysRead,
    profiles: Vec<PoolOfProfile>,
}

/// Prints what the options select.
pub(crate) async fn run(options: History) -> anyhow::Result<ExitCode> {
    let today = Clock::system().now().date_naive();
    match options.output {
        HistoryOutput::Export { days, csv, prices, deployment } => {
            let first = today - TimeDelta::days(i64::from(days) - 1);
            let days = read(&deployment, first, today).await?;
            let jobs = ended_jobs(&days.records, &days.read, &days.profiles, &with(&prices));
            if csv {
                print(self::csv(&jobs).trim_end());
            } else {
                for job in jobs {
                    print(serde_json::to_string(&job).context("serialize a job")?);
                }
            }
        }
        HistoryOutput::Cost { month, prices, shared } => {
            let first = month.unwrap_or(today).with_day(1).context("find the month")?;
            // A job that ended at the end of a month is recorded on the first day of the next one.
            let last =
                first.checked_add_months(Months::new(1)).map_or(today, |next| next.min(today));
            let days = read(&shared.deployment, first, last).await?;
            let prices = with(&prices);
            let costs = costs(&days.read, (first.year(), first.month()), &days.profiles, &prices);
            let validity = prices.validity();
            if shared.json {
                let costs =
                    json!({ "currency": prices.currency, "prices": validity, "costs": costs });
                print(costs);
            } else {
                print(table(&costs));
                let (currency, region, date) = (&prices.currency, validity.region, validity.date);
                print(format_args!(
                    "{currency}, prices of {region} on {date}; without disks, network and discounts"
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn with(prices: &[(String, f64)]) -> Prices {
    prices.iter().fold(Prices::shipped(), |all, (size, price)| all.with(size, *price))
}

/// Reads all pages of these days.
async fn read(deployment: &Deployment, first: NaiveDate, last: NaiveDate) -> anyhow::Result<Days> {
    let client = DeploymentClient::new(deployment)?;
    let (mut days, mut seen, mut unreadable) = (Days::default(), BTreeSet::new(), 0);
    for day in first.iter_days().take_while(|day| *day <= last) {
        for folder in [Folder::Jobs, Folder::Samples] {
            let (mut from, mut lines) = (Some(0), String::new());
            while let Some(start) = from {
                let page = client.history(HistoryRequest { day, folder, from: start }).await?;
                lines.extend(page.jobs.iter().cloned().map(Record::line));
                lines.extend(page.samples.iter().map(|line| line.line()));
                let new = |record: &Record| seen.insert((record.task.clone(), record.began));
                days.records.extend(page.jobs.into_iter().filter(new));
                (days.profiles, unreadable) = (page.profiles, unreadable + page.unreadable);
                // Each page is behind the one before, or the last.
                from = page.next.filter(|next| *next > start);
            }
            let part = match folder {
                Folder::Jobs => Part::of_jobs(lines.as_bytes(), 0),
                Folder::Samples => Part::of_samples(lines.as_bytes()),
            };
            days.read.add(&part, 0);
        }
    }
    if unreadable > 0 {
        tracing::warn!("{unreadable} lines of the history cannot be read and are left out");
    }
    Ok(days)
}

/// Formats costs as a table with a line of totals; a sum without an unknown part is marked with `+`.
fn table(costs: &[Cost]) -> String {
    let amount =
        |number: Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.2}"));
    let head =
        ["repository", "profile", "jobs", "minutes", "node minutes", "idle", "cost", "GitHub"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(costs.iter().map(|cost| {
        [
            cost.repository.as_ref().map_or("(no job)".to_owned(), ToString::to_string),
            cost.profile.clone(),
            cost.jobs.to_string(),
            format!("{:.0}", cost.minutes),
            format!("{:.0}", cost.node_minutes),
            cost.idle_share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0)),
            amount(cost.cost),
            amount(cost.hosted_cost),
        ]
    }));
    let sum = |of: fn(&Cost) -> Option<f64>| {
        let unknown = costs.iter().any(|cost| of(cost).is_none());
        format!("{:.2}{}", costs.iter().filter_map(of).sum::<f64>(), if unknown { "+" } else { "" })
    };
    rows.push([
        "all".to_owned(),
        String::new(),
        costs.iter().map(|cost| cost.jobs).sum::<u64>().to_string(),
        format!("{:.0}", costs.iter().map(|cost| cost.minutes).sum::<f64>()),
        format!("{:.0}", costs.iter().map(|cost| cost.node_minutes).sum::<f64>()),
        String::new(),
        sum(|cost| cost.cost),
        sum(|cost| cost.hosted_cost),
    ]);
    aligned(&rows)
}

/// Aligns texts to the left and numbers to the right.
fn aligned(rows: &[[String; 8]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let line = |row: &[String; 8]| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 | 1 => format!("{cell:<width$}", width = width(column)),
            _ => format!("{cell:>width$}", width = width(column)),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
