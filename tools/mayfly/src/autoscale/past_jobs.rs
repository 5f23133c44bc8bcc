//! The past jobs of repositories, read from GitHub for a plan.
//!
//! ```text
//! repositories ─▶ next step ─▶ request ─▶ line of the file ─▶ next step … ─▶ jobs
//! ```
//!
//! A job is queued at its `created_at`. For one that depends on others, GitHub does not document whether that is the time at which they
//! had ended.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use handler::assignment::ListedJob;
use handler::clock::Clock;
use handler::github::{Github, GithubError, MAX_FILTERED_RUNS, Purpose};
use handler::repository::Repository;
use handler::settings::GithubSettings;
use indicatif::{ProgressBar, ProgressStyle};
use planner::backfill::{Backfill, Line, Step, Window};
use planner::input::EndedJob;
use tokio::time::sleep;

use super::kept_lines::KeptLines;
use crate::cli::{GithubHistory, GithubScope};
use crate::github_access::{client, credential, explain};

/// The longest time to wait until GitHub's limits allow a request. Longer ones end the command, which continues later.
const MAX_WAIT: Duration = Duration::from_secs(90);

/// Reads the jobs of the last days.
///
/// # Errors
/// A request fails, or GitHub or the options allow no further one. What was read is kept in the file.
pub(super) async fn read(
    scope: &GithubScope,
    options: &GithubHistory,
) -> anyhow::Result<Vec<EndedJob>> {
    let to = Clock::system().now().date_naive().and_time(NaiveTime::MIN).and_utc();
    let mut reader = Reader::new(scope, options)?;
    let repositories = reader.repositories(scope).await?;
    let period = (to - TimeDelta::days(options.days.into()), to);
    let jobs = reader.read(&repositories, period).await?;
    reader.progress.finish_and_clear();
    Ok(jobs)
}

/// Returns the name of the file that keeps what was read.
pub(super) fn file_name(scope: &GithubScope) -> String {
    let name = scope.to_string().replace('/', "-").replace("-*", "");
    format!("github-{name}.jsonl")
}

struct Reader {
    github: Github,
    /// How many requests may still be sent.
    left: u32,
    file: KeptLines,
    progress: ProgressBar,
}

impl Reader {
    fn new(scope: &GithubScope, options: &GithubHistory) -> anyhow::Result<Self> {
        let given = options.credential.as_ref();
        let given = given.context("authenticate: --github needs --token-file, or --app-id")?;
        let mut settings = credential(given)?;
        settings.insert("GithubApiUrl".to_owned(), options.github_api.to_string());
        let settings = GithubSettings::read(|name| settings.get(name).cloned());
        let settings = settings.context("use the options")?;
        let file = options.store.clone().unwrap_or_else(|| file_name(scope).into());
        Ok(Self {
            // A deployment with the same credential has jobs to serve.
            github: client(&settings)?.with_purpose(Purpose::LowPriority),
            left: options.requests,
            file: KeptLines::open(&file)?,
            progress: progress(),
        })
    }

    async fn repositories(&mut self, scope: &GithubScope) -> anyhow::Result<Vec<String>> {
        let owner = match scope {
            GithubScope::Repository(repository) => return Ok(vec![repository.to_string()]),
            GithubScope::Owner(owner) => owner,
        };
        let github = self.github.clone();
        let listed = if github.is_app() {
            let installed = self.send(async || github.installed_accounts().await).await?;
            let of_owner =
                installed.items.into_iter().find(|one| one.login.eq_ignore_ascii_case(owner));
            let account = of_owner.with_context(|| {
                format!("find the App on {owner}: install it there, or name another owner")
            })?;
            self.send(async || account.github.own_repositories().await).await?
        } else {
            // A person's repositories are those of the token.
            self.send(async || match github.repositories_of(owner).await {
                Err(GithubError::NotFound { .. }) => github.own_repositories().await,
                listed => listed,
            })
            .await?
        };
        let names = listed.items.iter().filter_map(|one| one.usable());
        let owned = names.filter(|name| name.owner().eq_ignore_ascii_case(owner));
        let owned: Vec<String> = owned.map(|name| name.to_string()).collect();
        ensure!(!owned.is_empty(), "find a repository of {owner} that the credential may read");
        Ok(owned)
    }

    async fn read(
        &mut self,
        repositories: &[String],
        period: (DateTime<Utc>, DateTime<Utc>),
    ) -> anyhow::Result<Vec<EndedJob>> {
        let mut backfill = Backfill::new(repositories, period, self.file.take());
        while let Some(step) = backfill.next() {
            let (read, known) = backfill.progress();
            self.progress.set_length(known as u64);
            self.progress.set_position(read as u64);
            let found = self.take(&step).await;
            let found = found.with_context(|| {
                format!(
                    "read all jobs; those of {read} runs are kept in {}, so that the same command continues",
                    self.file.name()
                )
            })?;
            match found {
                Some(line) => {
                    self.file.append(&line)?;
                    backfill.note(line);
                }
                None => ensure!(
                    backfill.halve(),
                    "read the jobs of more than {MAX_FILTERED_RUNS} runs of one second, of which GitHub lists no more"
                ),
            }
        }
        Ok(backfill.jobs())
    }

    /// Takes a step; returns `None` if a window has more runs than GitHub lists.
    async fn take(&mut self, step: &Step) -> anyhow::Result<Option<Line>> {
        match step {
            Step::List(window) => self.runs(window).await,
            Step::Jobs { repository, run } => self.jobs(repository, *run).await.map(Some),
        }
    }

    async fn runs(&mut self, window: &Window) -> anyhow::Result<Option<Line>> {
        let (github, repository) = (self.github.clone(), named(&window.repository)?);
        let period = (window.from, window.to);
        let (mut runs, mut next) = (Vec::new(), None);
        loop {
            let page =
                self.send(async || github.past_runs(&repository, period, next.as_ref()).await);
            let page = page.await.with_context(|| format!("list the runs of {repository}"))?;
            if page.total > MAX_FILTERED_RUNS {
                return Ok(None);
            }
            // Jobs of the others have no end yet.
            runs.extend(page.runs.iter().filter(|run| run.has_ended()).map(|run| run.id));
            next = page.next;
            if next.is_none() {
                return Ok(Some(Line::Window { window: window.clone(), runs }));
            }
        }
    }

    async fn jobs(&mut self, repository: &str, run: u64) -> anyhow::Result<Line> {
        let (github, named) = (self.github.clone(), named(repository)?);
        let found = self
            .send(async || match github.jobs_of_run(&named, run).await {
                // The run was deleted after it was listed.
                Err(GithubError::NotFound { .. }) => Ok(Vec::new()),
                found => found.map(|found| found.jobs),
            })
            .await
            .with_context(|| format!("list the jobs of run {run} of {repository}"))?;
        // The request that `send` has counted was that of the first page.
        let further = found.len().saturating_sub(1) / 100;
        self.left = self.left.saturating_sub(u32::try_from(further).unwrap_or(u32::MAX));
        let jobs = found.into_iter().filter_map(|(_, job)| ended(job)).collect();
        Ok(Line::Run { repository: repository.to_owned(), run, jobs })
    }

    /// Sends a request, again after a short time if GitHub's limits demand that.
    async fn send<T>(
        &mut self,
        request: impl AsyncFn() -> Result<T, GithubError>,
    ) -> anyhow::Result<T> {
        loop {
            ensure!(self.left > 0, "send another request: --requests allows no more");
            match request().await {
                Err(GithubError::Limited { retry_after, .. }) if retry_after <= MAX_WAIT => {
                    sleep(retry_after).await;
                }
                Err(GithubError::Limited { retry_after, .. }) => {
                    let at = Clock::system().now() + retry_after;
                    bail!(
                        "send another request before {}, when GitHub's limit allows it",
                        at.format("%H:%M UTC")
                    );
                }
                answer => {
                    self.left -= 1;
                    return answer.map_err(explain);
                }
            }
        }
    }
}

fn named(repository: &str) -> anyhow::Result<Repository> {
    Repository::try_from(repository).with_context(|| format!("use the repository {repository}"))
}

/// Creates a progress bar for runs; it is hidden if stderr is no terminal.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} jobs of {pos} of {len} known runs read");
    let bar = ProgressBar::new(0);
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}

/// Returns a job that has ended. Skipped ones need no runner.
fn ended(listed: ListedJob) -> Option<EndedJob> {
    let details = listed.details;
    let conclusion = details.conclusion.map(String::from);
    if conclusion.as_deref() == Some("skipped") {
        return None;
    }
    // GitHub sets a start for jobs that were cancelled before they had a runner, too.
    let started = details.started_at.filter(|_| listed.job.runner.is_some());
    Some(EndedJob {
        profile: listed.job.labels.join(","),
        repository: listed.repository.to_string(),
        run: listed.job.run,
        queued: Some(listed.created_at),
        started,
        ended: Some(listed.ended_at?),
        conclusion,
    })
}
