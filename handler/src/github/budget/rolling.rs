//! Sums up what was spent within the last minutes.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// What was spent within a span that ends now.
#[derive(Debug)]
pub(super) struct Rolling {
    span: TimeDelta,
    /// One entry a second, oldest first.
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

    /// Tells how long to wait until `amount` fits below `most`; `None` where it does now.
    pub(super) fn wait(&mut self, amount: u32, most: u32, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.forget(now);
        let mut sum: u32 = self.spent.iter().map(|(_, spent)| spent).sum();
        if sum + amount <= most {
            return None;
        }
        let enough = self.spent.iter().find(|(_, spent)| {
            sum -= spent;
            sum + amount <= most
        });
        // An entry stands for its whole second.
        let end = |at: DateTime<Utc>| at + self.span + TimeDelta::seconds(1) - now;
        Some(enough.map_or(self.span, |(at, _)| end(*at)))
    }

    /// Tells whether everything was spent before the span.
    pub(super) fn is_over(&mut self, now: DateTime<Utc>) -> bool {
        self.forget(now);
        self.spent.is_empty()
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        let gone = |at: DateTime<Utc>| at + self.span + TimeDelta::seconds(1) <= now;
        while self.spent.front().is_some_and(|(at, _)| gone(*at)) {
            self.spent.pop_front();
        }
    }
}
