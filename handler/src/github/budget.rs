//! Decides whether a request may be sent to GitHub now, by GitHub's rate limit headers and by the requests sent so far.
//!
//! Each process has a budget of its own. The headers count the requests of all processes, so what one process sends
//! within a minute is soon known to the others. Low-priority requests leave a share of each limit to waiting jobs.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

mod rolling;

use rolling::Rolling;

/// Maximum points per minute for one endpoint: a read costs one point, a write five.
const MAX_POINTS: u32 = 900;
/// The points of a request that writes.
pub(super) const WRITE: u32 = 5;
/// Maximum number of runners that one token, or one installation of an App, registers in a minute.
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits>
pub(super) const REGISTRATIONS_PER_MINUTE: u32 = MAX_POINTS / WRITE;
/// Maximum number of new runners in five minutes, for each repository, organization or enterprise.
/// <https://docs.github.com/en/actions/reference/limits>
const MAX_REGISTRATIONS: u32 = 1500;
/// The pause after a rate limit error without a time. It doubles with each further error.
const MIN_PAUSE: Duration = Duration::from_secs(60);
const MAX_PAUSE: Duration = Duration::from_secs(3600);

/// The purpose of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Purpose {
    /// It serves a job that waits for a runner.
    ServeJob,
    /// It finds the jobs that wait for a runner, which nothing else does.
    FindJobs,
    /// It can be sent later as well.
    LowPriority,
    /// It is for an operator's report, while other requests find jobs by the same lists.
    Report,
}

impl Purpose {
    /// Returns the share of a limit of some minutes. Each process has its own budget: the shares of those that read the same
    /// lists add up to the limit at most.
    fn share(self, max: u32) -> u32 {
        match self {
            Self::ServeJob => max,
            Self::FindJobs => max * 2 / 3,
            Self::LowPriority => max / 2,
            Self::Report => max / 3,
        }
    }
}

/// The cost of a request that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestCost<'a> {
    /// The name of the operation, as a key for its endpoint.
    pub call: &'static str,
    /// 1 for a read, 5 for a write.
    pub points: u32,
    /// The repository, organization or enterprise where it registers a runner, as a path.
    pub registers_at: Option<&'a str>,
    /// Its purpose.
    pub purpose: Purpose,
}

/// The rate limit headers of a response.
#[derive(Clone, Debug, Default)]
pub struct RateLimitHeaders {
    /// `x-ratelimit-resource`: the resource for which the request counts.
    pub resource: Option<String>,
    /// `x-ratelimit-limit`: the requests per hour.
    pub limit: Option<u32>,
    /// `x-ratelimit-remaining`: the requests that remain in this hour.
    pub remaining: Option<u32>,
    /// `x-ratelimit-reset`: when the next hour starts.
    pub resets_at: Option<DateTime<Utc>>,
    /// `retry-after`.
    pub retry_after: Option<Duration>,
    /// Whether the response is a rate limit error.
    pub rejected: bool,
}

/// The present hour of a resource.
#[derive(Clone, Copy, Debug)]
struct Hour {
    limit: u32,
    remaining: u32,
    resets_at: DateTime<Utc>,
}

/// The known state of a rate limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The resource, such as `core`.
    pub resource: String,
    /// The requests per hour.
    pub limit: u32,
    /// The requests that remain in this hour.
    pub remaining: u32,
    /// When the next hour starts.
    pub resets_at: DateTime<Utc>,
}

/// The requests that can be sent with one token.
#[derive(Debug, Default)]
pub struct Budget {
    paused_until: Option<DateTime<Utc>>,
    consecutive_errors: u32,
    hours: BTreeMap<String, Hour>,
    resource_of: BTreeMap<&'static str, String>,
    points: BTreeMap<&'static str, Rolling>,
    registrations: BTreeMap<String, Rolling>,
}

impl Budget {
    /// Counts a request, unless it must wait.
    ///
    /// # Errors
    /// When a limit is exhausted, with the time to wait, in full seconds.
    pub fn spend(&mut self, cost: &RequestCost<'_>, now: DateTime<Utc>) -> Result<(), Duration> {
        if let Some(wait) = self.wait(cost, now) {
            return Err(wait);
        }
        self.points_of(cost.call).add(cost.points, now);
        if let Some(path) = cost.registers_at {
            self.registrations.retain(|_, spent| !spent.is_empty(now));
            self.registrations_at(path).add(1, now);
        }
        Ok(())
    }

    /// Returns the time, in full seconds, for which a request must wait; `None` if it may be sent now.
    pub fn wait(&mut self, cost: &RequestCost<'_>, now: DateTime<Utc>) -> Option<Duration> {
        let waits = [self.pause(now), self.hour(cost, now), self.window(cost, now)];
        waits.into_iter().flatten().max().map(in_full_seconds)
    }

    /// Updates the budget with the headers of a response. Returns the time to wait if it is a rate limit error.
    pub fn learn(
        &mut self,
        call: &'static str,
        headers: &RateLimitHeaders,
        now: DateTime<Utc>,
    ) -> Option<Duration> {
        self.learn_hour(call, headers);
        if !headers.rejected {
            self.consecutive_errors = 0;
            return None;
        }
        let exhausted = headers.remaining == Some(0);
        let until_reset = headers.resets_at.filter(|at| exhausted && *at > now).map(|at| at - now);
        let pause = match (headers.retry_after, until_reset) {
            (Some(demanded), _) => demanded,
            // Only this resource is exhausted, and its hour has been recorded above.
            (None, Some(wait)) => return Some(in_full_seconds(wait)),
            (None, None) => match self.pause(now) {
                // The request was sent before the pause began: it reports the same limit once more.
                Some(wait) => return Some(in_full_seconds(wait)),
                None => self.increasing_pause(),
            },
        };
        let pause = TimeDelta::from_std(pause).unwrap_or(TimeDelta::hours(1));
        self.paused_until = self.paused_until.max(Some(now + pause));
        Some(in_full_seconds(pause))
    }

    /// Lists the known limits of the present hours.
    pub fn limits(&self, now: DateTime<Utc>) -> Vec<Limit> {
        let present = self.hours.iter().filter(|(_, hour)| hour.resets_at > now);
        let limit = |(resource, hour): (&String, &Hour)| {
            let Hour { limit, remaining, resets_at } = *hour;
            Limit { resource: resource.clone(), limit, remaining, resets_at }
        };
        present.map(limit).collect()
    }

    /// Returns the end of the pause that GitHub has demanded, if there is one.
    pub fn paused_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.paused_until.filter(|until| *until > now)
    }

    /// Records the hour of a resource. Responses may arrive out of order: within an hour the remaining requests never
    /// increase.
    fn learn_hour(&mut self, call: &'static str, headers: &RateLimitHeaders) {
        let RateLimitHeaders { resource: Some(resource), limit: Some(limit), .. } = headers else {
            return;
        };
        let (Some(remaining), Some(resets_at)) = (headers.remaining, headers.resets_at) else {
            return;
        };
        self.resource_of.insert(call, resource.clone());
        let reported = Hour { limit: *limit, remaining, resets_at };
        let hour = self.hours.entry(resource.clone()).or_insert(reported);
        if reported.resets_at > hour.resets_at {
            *hour = reported;
        } else if reported.resets_at == hour.resets_at {
            hour.remaining = hour.remaining.min(remaining);
        }
    }

    fn increasing_pause(&mut self) -> Duration {
        let pause = MIN_PAUSE * (1 << self.consecutive_errors.min(6));
        self.consecutive_errors += 1;
        pause.min(MAX_PAUSE)
    }

    fn pause(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.paused_until.map(|until| until - now).filter(|wait| *wait > TimeDelta::zero())
    }

    /// Returns the time until the next hour if this one is exhausted. For low-priority requests it is at a fifth of
    /// the limit.
    fn hour(&self, cost: &RequestCost<'_>, now: DateTime<Utc>) -> Option<TimeDelta> {
        let resource = self.resource_of.get(cost.call).map_or("core", String::as_str);
        let hour = self.hours.get(resource).filter(|hour| hour.resets_at > now)?;
        let reserve = match cost.purpose {
            Purpose::ServeJob => 0,
            Purpose::FindJobs | Purpose::LowPriority | Purpose::Report => hour.limit / 5,
        };
        (hour.remaining <= reserve).then_some(hour.resets_at - now)
    }

    /// Returns the time until a limit of the last minutes allows the request. A GitHub without rate limit headers, as
    /// Enterprise Server is by default, has none of these limits.
    fn window(&mut self, cost: &RequestCost<'_>, now: DateTime<Utc>) -> Option<TimeDelta> {
        if self.hours.is_empty() {
            return None;
        }
        let share = |max: u32| cost.purpose.share(max);
        let points = self.points_of(cost.call).wait(cost.points, share(MAX_POINTS), now);
        let registrations = cost
            .registers_at
            .and_then(|path| self.registrations_at(path).wait(1, share(MAX_REGISTRATIONS), now));
        points.max(registrations)
    }

    fn points_of(&mut self, call: &'static str) -> &mut Rolling {
        self.points.entry(call).or_insert_with(|| Rolling::over(TimeDelta::minutes(1)))
    }

    fn registrations_at(&mut self, path: &str) -> &mut Rolling {
        let five_minutes = || Rolling::over(TimeDelta::minutes(5));
        self.registrations.entry(path.to_owned()).or_insert_with(five_minutes)
    }
}

/// Rounds up to full seconds, the unit of `Retry-After`: a request that is sent too early would be rejected again.
fn in_full_seconds(wait: TimeDelta) -> Duration {
    let milliseconds = u64::try_from(wait.num_milliseconds()).unwrap_or_default();
    Duration::from_secs(milliseconds.div_ceil(1000).max(1))
}

#[cfg(test)]
mod tests;
