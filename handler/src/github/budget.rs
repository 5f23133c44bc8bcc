//! Decides whether a request may go to GitHub now, by what GitHub has told and by what was spent.
//!
//! Each process has its own: what GitHub tells with every answer holds for all of them, and what one
//! process spends within a minute is no secret for long. Runners come first: housekeeping leaves a part of
//! everything to them.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

mod rolling;

use rolling::Rolling;

/// Points a minute for one endpoint: a request that reads costs one, one that writes five.
const POINTS: u32 = 900;
/// New runners in five minutes, for each repository, organization or enterprise.
/// <https://docs.github.com/en/actions/reference/limits>
const REGISTRATIONS: u32 = 1500;
/// What GitHub asks for where it names no time itself; each further refusal doubles it.
const SHORTEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Purpose {
    /// A runner that a job waits for.
    Mint,
    /// Everything that may as well be done later.
    LowPriority,
}

/// A request that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestCost<'a> {
    /// The operation, which stands for its endpoint.
    pub call: &'static str,
    /// 1 for a request that reads, 5 for one that writes.
    pub points: u32,
    /// The repository, organization or enterprise that gets a new runner by it, as a path.
    pub registers_at: Option<&'a str>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What an answer tells of the limits.
#[derive(Clone, Debug, Default)]
pub struct RateLimitHeaders {
    /// `x-ratelimit-resource`: what the request was counted as.
    pub resource: Option<String>,
    /// `x-ratelimit-limit`: the requests of an hour.
    pub limit: Option<u32>,
    /// `x-ratelimit-remaining`: those that are left.
    pub remaining: Option<u32>,
    /// `x-ratelimit-reset`: when the next hour begins.
    pub resets_at: Option<DateTime<Utc>>,
    /// `retry-after`.
    pub retry_after: Option<Duration>,
    /// Whether the request was refused for a limit.
    pub refused: bool,
}

/// An hour of one resource.
#[derive(Clone, Copy, Debug)]
struct Hour {
    limit: u32,
    remaining: u32,
    resets_at: DateTime<Utc>,
}

/// What is known of a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// What the requests count as, such as `core`.
    pub resource: String,
    /// The requests of an hour.
    pub limit: u32,
    /// Those that are left of it.
    pub remaining: u32,
    /// When the next hour begins.
    pub resets_at: DateTime<Utc>,
}

/// What may be spent on behalf of one token.
#[derive(Debug, Default)]
pub struct Budget {
    paused_until: Option<DateTime<Utc>>,
    refusals: u32,
    hours: BTreeMap<String, Hour>,
    counted_as: BTreeMap<&'static str, String>,
    points: BTreeMap<&'static str, Rolling>,
    registrations: BTreeMap<String, Rolling>,
}

impl Budget {
    /// Books a request, or tells how long it has to wait.
    ///
    /// # Errors
    /// The wait, in full seconds.
    pub fn spend(
        &mut self,
        spending: &RequestCost<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Duration> {
        let waits = [self.pause(now), self.hour(spending, now), self.window(spending, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(in_full_seconds(wait));
        }
        self.points_of(spending.call).add(spending.points, now);
        if let Some(place) = spending.registers_at {
            self.registrations.retain(|_, spent| !spent.is_over(now));
            self.registrations_at(place).add(1, now);
        }
        Ok(())
    }

    /// Learns from an answer, and tells how long to wait where it refuses the request for a limit.
    pub fn learn(
        &mut self,
        call: &'static str,
        told: &RateLimitHeaders,
        now: DateTime<Utc>,
    ) -> Option<Duration> {
        self.learn_hour(call, told);
        if !told.refused {
            self.refusals = 0;
            return None;
        }
        let exhausted = told.remaining == Some(0);
        let until_reset = told.resets_at.filter(|at| exhausted && *at > now).map(|at| at - now);
        let pause = match (told.retry_after, until_reset) {
            (Some(asked), _) => asked,
            // The hour of this resource is known now, and other resources have their own.
            (None, Some(wait)) => return Some(in_full_seconds(wait)),
            (None, None) => self.longer_each_time(),
        };
        let pause = TimeDelta::from_std(pause).unwrap_or(TimeDelta::hours(1));
        self.paused_until = self.paused_until.max(Some(now + pause));
        Some(in_full_seconds(pause))
    }

    /// Tells what GitHub has told of the present hours.
    pub fn limits(&self, now: DateTime<Utc>) -> Vec<Limit> {
        let present = self.hours.iter().filter(|(_, hour)| hour.resets_at > now);
        let limit = |(resource, hour): (&String, &Hour)| {
            let Hour { limit, remaining, resets_at } = *hour;
            Limit { resource: resource.clone(), limit, remaining, resets_at }
        };
        present.map(limit).collect()
    }

    /// Tells until when GitHub has asked for a pause.
    pub fn paused_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.paused_until.filter(|until| *until > now)
    }

    /// Answers may overtake each other: within an hour what is left only becomes less.
    fn learn_hour(&mut self, call: &'static str, told: &RateLimitHeaders) {
        let RateLimitHeaders { resource: Some(resource), limit: Some(limit), .. } = told else {
            return;
        };
        let (Some(remaining), Some(resets_at)) = (told.remaining, told.resets_at) else { return };
        self.counted_as.insert(call, resource.clone());
        let told = Hour { limit: *limit, remaining, resets_at };
        let hour = self.hours.entry(resource.clone()).or_insert(told);
        if told.resets_at > hour.resets_at {
            *hour = told;
        } else if told.resets_at == hour.resets_at {
            hour.remaining = hour.remaining.min(remaining);
        }
    }

    fn longer_each_time(&mut self) -> Duration {
        let pause = SHORTEST_PAUSE * (1 << self.refusals.min(6));
        self.refusals += 1;
        pause.min(LONGEST_PAUSE)
    }

    fn pause(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.paused_until.map(|until| until - now).filter(|wait| *wait > TimeDelta::zero())
    }

    /// LowPriority ends where a fifth of the hour is left.
    fn hour(&self, spending: &RequestCost<'_>, now: DateTime<Utc>) -> Option<TimeDelta> {
        let resource = self.counted_as.get(spending.call).map_or("core", String::as_str);
        let hour = self.hours.get(resource).filter(|hour| hour.resets_at > now)?;
        let reserve = match spending.purpose {
            Purpose::Mint => 0,
            Purpose::LowPriority => hour.limit / 5,
        };
        (hour.remaining <= reserve).then_some(hour.resets_at - now)
    }

    /// A GitHub that counts nothing, as Enterprise Server does by default, has none of these limits.
    fn window(&mut self, spending: &RequestCost<'_>, now: DateTime<Utc>) -> Option<TimeDelta> {
        if self.hours.is_empty() {
            return None;
        }
        let share = |most: u32| match spending.purpose {
            Purpose::Mint => most,
            Purpose::LowPriority => most / 2,
        };
        let points = self.points_of(spending.call).wait(spending.points, share(POINTS), now);
        let registrations = spending
            .registers_at
            .and_then(|place| self.registrations_at(place).wait(1, share(REGISTRATIONS), now));
        points.max(registrations)
    }

    fn points_of(&mut self, call: &'static str) -> &mut Rolling {
        self.points.entry(call).or_insert_with(|| Rolling::over(TimeDelta::minutes(1)))
    }

    fn registrations_at(&mut self, place: &str) -> &mut Rolling {
        let five_minutes = || Rolling::over(TimeDelta::minutes(5));
        self.registrations.entry(place.to_owned()).or_insert_with(five_minutes)
    }
}

/// A header carries full seconds, and a wait that was cut short would meet the limit again.
fn in_full_seconds(wait: TimeDelta) -> Duration {
    let milliseconds = u64::try_from(wait.num_milliseconds()).unwrap_or_default();
    Duration::from_secs(milliseconds.div_ceil(1000).max(1))
}

#[cfg(test)]
mod tests;
