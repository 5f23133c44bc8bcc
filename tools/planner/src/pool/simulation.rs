//! The simulation: events in the order of time.

mod sizing;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::Pool;
use super::nodes::Nodes;
use super::samples::{SAMPLE_INTERVAL, Sample, SampleHistory};
use super::scaler::{EVALUATION_INTERVAL, Peak, Scaler};
use super::timeline::{PoolSample, Timeline};
use crate::trace::{HOUR, Job};

use sizing::order;

/// Maximum time after the span until its last jobs have started.
const MAX_DRAIN: i64 = 6 * HOUR;

/// A span of a trace: the pool exists from `from`, figures count from `measure` to `to`. All in milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// When the pool is created, without nodes and samples.
    pub from: i64,
    /// From when figures count.
    pub measure: i64,
    /// The end.
    pub to: i64,
}

/// An event. Of events at one time, the variant listed first comes first, as in the emulator.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Event {
    TaskEnd { start: u32, node: u32 },
    Allocation { request: u32 },
    Booted { order: u64, node: u32 },
    Departure { order: u64, node: u32 },
}

/// What happens next.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Next {
    Event,
    Sample,
    Evaluation,
    Arrival,
}

/// The state of a simulated pool.
struct Simulation<'a> {
    pool: Pool,
    jobs: &'a [Job],
    scaler: Scaler<'a>,
    span: Span,
    now: i64,
    events: BinaryHeap<Reverse<(i64, Event)>>,
    next_sample: i64,
    next_evaluation: i64,
    next_job: usize,
    rng: StdRng,
    nodes: Nodes,
    /// Open requests for nodes.
    requests: BTreeSet<u32>,
    last_request: u32,
    target: i32,
    queue: VecDeque<usize>,
    running: usize,
    starts: u32,
    samples: SampleHistory,
    peak: Peak,
    /// Jobs of the span, by index, and how many of them have not started.
    measured: std::ops::Range<usize>,
    unstarted: usize,
    timeline: Timeline,
}

/// Simulates a pool with the jobs of a trace, which are in the order of arrival.
pub fn simulate(pool: Pool, jobs: &[Job], scaler: Scaler<'_>, span: Span) -> Timeline {
    let index = |at| jobs.partition_point(|job| job.at < at);
    let measured = index(span.measure)..index(span.to);
    let timeline = Timeline {
        node_time: 0,
        waits: vec![None; measured.len()],
        samples: Vec::new(),
        evaluations: (0, 0),
    };
    let mut simulation = Simulation {
        pool,
        jobs,
        scaler,
        span,
        now: span.from,
        events: BinaryHeap::new(),
        next_sample: span.from + SAMPLE_INTERVAL,
        next_evaluation: span.from + EVALUATION_INTERVAL,
        next_job: index(span.from),
        rng: StdRng::seed_from_u64(pool.seed),
        nodes: Nodes::default(),
        requests: BTreeSet::new(),
        last_request: 0,
        target: 0,
        queue: VecDeque::new(),
        running: 0,
        starts: 0,
        samples: SampleHistory::new(span.from, pool.timings.sample_lag, pool.seed),
        peak: Peak::default(),
        unstarted: measured.len(),
        measured,
        timeline,
    };
    simulation.run();
    simulation.timeline
}

impl Simulation<'_> {
    fn run(&mut self) {
        self.evaluate();
        let mut next_shown = self.span.measure;
        let end = self.span.to + MAX_DRAIN;
        loop {
            let (at, next) = self.next();
            while next_shown < at && next_shown <= self.span.to {
                self.show();
                next_shown += EVALUATION_INTERVAL;
            }
            if at > end || (at > self.span.to && self.unstarted == 0) {
                break;
            }
            self.now = at;
            match next {
                Next::Event => {
                    if let Some(Reverse((_, event))) = self.events.pop() {
                        self.fire(event);
                        self.schedule();
                    }
                }
                Next::Sample => self.sample(),
                Next::Evaluation => {
                    self.next_evaluation += EVALUATION_INTERVAL;
                    self.evaluate();
                }
                Next::Arrival => self.arrive(),
            }
        }
        self.finish();
    }

    /// Returns when something happens next, and what: of things at one time, the variant listed first.
    fn next(&self) -> (i64, Next) {
        let event = self.events.peek().map_or(i64::MAX, |Reverse((at, _))| *at);
        let arrival = self.jobs.get(self.next_job).map_or(i64::MAX, |job| job.at);
        (event, Next::Event)
            .min((self.next_sample, Next::Sample))
            .min((self.next_evaluation, Next::Evaluation))
            .min((arrival, Next::Arrival))
    }

    fn after(&mut self, delay: i64, event: Event) {
        self.events.push(Reverse((self.now + delay, event)));
    }

    fn arrive(&mut self) {
        self.queue.push_back(self.next_job);
        self.next_job += 1;
        self.schedule();
        if matches!(self.scaler, Scaler::Ideal { .. }) {
            self.evaluate();
        }
    }

    fn fire(&mut self, event: Event) {
        match event {
            Event::TaskEnd { node, .. } => {
                self.running -= 1;
                if self.nodes.free(node) {
                    self.start_departure(node);
                }
            }
            Event::Allocation { request } => {
                if self.requests.remove(&request) {
                    let node = self.nodes.add(self.now);
                    let boot = self.pool.timings.boot.sample(&mut self.rng);
                    self.after(boot, Event::Booted { order: order(node), node });
                }
            }
            Event::Booted { node, .. } => self.nodes.booted(node),
            Event::Departure { node, .. } => {
                let allocated = self.nodes.depart(node);
                self.pay(allocated);
            }
        }
    }

    /// Starts every task that can start.
    fn schedule(&mut self) {
        while let Some(job) = self.queue.front().copied() {
            let Some(node) = self.nodes.occupy(self.pool.slots) else { return };
            self.queue.pop_front();
            self.running += 1;
            self.starts += 1;
            let (start, job_of) = (self.starts, self.jobs[job]);
            self.after(job_of.busy.max(1), Event::TaskEnd { start, node });
            if self.measured.contains(&job) {
                self.unstarted -= 1;
                let wait = (!job_of.cancelled).then_some(self.now - job_of.at);
                self.timeline.waits[job - self.measured.start] = wait;
            }
        }
    }

    fn sample(&mut self) {
        self.next_sample += SAMPLE_INTERVAL;
        if matches!(self.scaler, Scaler::Ideal { .. }) {
            self.evaluate();
            return;
        }
        self.samples.record(Sample {
            taken: self.now,
            active: self.queue.len(),
            running: self.running,
            nodes: self.nodes.total(),
        });
    }

    fn show(&mut self) {
        self.timeline.samples.push(PoolSample {
            nodes: self.nodes.total(),
            working: self.nodes.working(),
            pending: self.queue.len() + self.running,
        });
    }

    fn finish(&mut self) {
        self.now = self.now.max(self.span.to);
        let allocations: Vec<_> = self.nodes.allocations().collect();
        allocations.into_iter().for_each(|allocated| self.pay(allocated));
        for job in std::mem::take(&mut self.queue) {
            if self.measured.contains(&job) && !self.jobs[job].cancelled {
                let wait = Some(self.now - self.jobs[job].at);
                self.timeline.waits[job - self.measured.start] = wait;
            }
        }
    }
}
