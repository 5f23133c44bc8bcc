//! Counts the amount that was spent within a sliding window.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// The amount that was spent within a window that ends now.
#[derive(Debug)]
pub(super) struct Rolling {
    span: TimeDelta,
    /// One entry per second, the oldest first.
    spent: VecDeque<(DateTime<Utc>, u32)>,
}

impl Rolling {
    pub(super) fn over(span: TimeDelta) -> Self {
        Self { span, spent: VecDeque::new() }
    }

    pub(super) fn add(&mut self, amount: u32, now: DateTime<Utc>) {
        match self.spent.back_mut() {
            Some((at, spent)) if at.timestamp() == now.timestamp() => *spent += amount,
            _ => self.spent.push_back((now, amount)),
        }
    }

    /// Returns the time until `amount` can be added without exceeding `max`, or `None` if it can be added now.
    pub(super) fn wait(&mut self, amount: u32, max: u32, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.remove_expired(now);
        let mut sum: u32 = self.spent.iter().map(|(_, spent)| spent).sum();
        if sum + amount <= max {
            return None;
        }
        let enough = self.spent.iter().find(|(_, spent)| {
            sum -= spent;
            sum + amount <= max
        });
        // An entry covers its whole second.
        let end = |at: DateTime<Utc>| at + self.span + TimeDelta::seconds(1) - now;
        Some(enough.map_or(self.span, |(at, _)| end(*at)))
    }

    /// Returns whether nothing was spent within the window.
    pub(super) fn is_empty(&mut self, now: DateTime<Utc>) -> bool {
        self.remove_expired(now);
        self.spent.is_empty()
    }

    fn remove_expired(&mut self, now: DateTime<Utc>) {
        let expired = |at: DateTime<Utc>| at + self.span + TimeDelta::seconds(1) <= now;
        while self.spent.front().is_some_and(|(at, _)| expired(*at)) {
            self.spent.pop_front();
        }
    }
}
