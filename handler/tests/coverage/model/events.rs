//! Selects the next event among all that are possible.

use chrono::TimeDelta;
use handler::reconcile::snapshot::{Ending, Failure};

use super::{Model, Phase, State};

/// Choices from a fixed list, so that a failing sequence can be shortened.
pub(crate) struct Choices<'a> {
    choices: std::slice::Iter<'a, u16>,
}

impl<'a> Choices<'a> {
    /// Reads choices from a list. After its end the first possibility is always chosen.
    pub(crate) fn new(choices: &'a [u16]) -> Self {
        Self { choices: choices.iter() }
    }

    /// Chooses a number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or_default()) % end
    }

    fn is_spent(&self) -> bool {
        self.choices.len() == 0
    }
}

/// The number of nodes.
const NODES: usize = 3;

/// A change of the model.
#[derive(Clone, Copy, Debug)]
enum Event {
    NewJob,
    Reconcile,
    OpenGate(u64),
    Cancel(u64),
    Start(usize),
    Claim(usize),
    Assign(usize, u64),
    Finish(usize),
    FailNodeAndRunAgain(usize),
    FailNode(usize),
    RemovedIdle(usize),
    Fail(usize),
    /// The runner rejects the job that it was assigned.
    Reject(usize),
}

impl Model {
    /// Runs the events that the choices select, with at most this many jobs.
    pub(crate) fn run(&mut self, choices: &[u16], max_jobs: usize) {
        let mut choices = Choices::new(choices);
        while !choices.is_spent() {
            let events = self.events(max_jobs);
            let event = events[choices.below(events.len())];
            self.apply(event, &mut choices);
        }
    }

    fn events(&self, max_jobs: usize) -> Vec<Event> {
        let mut events = vec![Event::Reconcile; 2];
        if self.jobs.len() < max_jobs {
            events.extend([Event::NewJob; 2]);
        }
        for (&id, job) in &self.jobs {
            match job.state {
                State::Gated => events.extend([Event::OpenGate(id), Event::Cancel(id)]),
                State::Queued if id % 5 == 0 => events.push(Event::Cancel(id)),
                _ => {}
            }
        }
        let busy_nodes = self.tasks.iter().filter(|task| task.has_node()).count();
        for (index, task) in self.tasks.iter().enumerate() {
            match task.phase {
                Phase::Waiting if busy_nodes < NODES => events.push(Event::Start(index)),
                Phase::Waiting => {}
                Phase::Started(_) => events.push(Event::Claim(index)),
                Phase::Idle(_) => events.extend(self.assignments(index)),
                Phase::Busy(..) => events.push(Event::Finish(index)),
                Phase::Ended(..) => {}
            }
            if self.disturbances.removals && matches!(task.phase, Phase::Idle(_)) {
                events.push(Event::RemovedIdle(index));
            }
            if self.disturbances.failures {
                events.extend(failures(index, &task.phase, self.may_fail(task)));
                if matches!(task.phase, Phase::Idle(_)) && self.may_reject(task) {
                    events.push(Event::Reject(index));
                }
            }
        }
        events
    }

    /// A job whose runners failed five times is abandoned and reported; in this model no job is.
    fn may_fail(&self, task: &super::ModelTask) -> bool {
        let failed = |other: &&super::ModelTask| {
            other.id.job == task.id.job && matches!(other.phase, Phase::Ended(_, Ending::Failed(_)))
        };
        self.tasks.iter().filter(failed).count() < 4
    }

    /// After five runners that rejected other jobs, the next ones of a job follow with a delay, which lasts for more than
    /// two runs of reconciliation.
    fn may_reject(&self, task: &super::ModelTask) -> bool {
        let rejected = |other: &&super::ModelTask| {
            other.id.job == task.id.job && matches!(other.phase, Phase::Ended(_, Ending::Rejected))
        };
        self.disturbances.delays || self.tasks.iter().filter(rejected).count() < 5
    }

    fn assignments(&self, task: usize) -> Vec<Event> {
        let waits =
            |job: &super::ModelJob| job.state == State::Queued && self.fits(job, &self.tasks[task]);
        let waiting = self.jobs.iter().filter(|(_, job)| waits(job));
        waiting.map(|(&id, _)| Event::Assign(task, id)).collect()
    }

    fn apply(&mut self, event: Event, choices: &mut Choices<'_>) {
        self.now += TimeDelta::seconds(1);
        match event {
            Event::NewJob => self.add_job(choices),
            Event::Reconcile => self.wait_and_reconcile(),
            Event::OpenGate(id) => self.open_gate(id, choices),
            Event::Cancel(id) => self.cancel(id),
            Event::Start(task) => self.tasks[task].phase = Phase::Started(self.now),
            Event::Claim(task) => self.claim(task),
            Event::Assign(task, id) => self.assign(task, id),
            Event::Finish(task) => self.end(task, Ending::Clean),
            Event::FailNodeAndRunAgain(task) => {
                self.end(task, Ending::Node);
                self.tasks[task].phase = Phase::Waiting;
            }
            Event::FailNode(task) => self.end(task, Ending::Node),
            Event::RemovedIdle(task) => self.end(task, Ending::NoJob),
            Event::Reject(task) => self.end(task, Ending::Rejected),
            Event::Fail(task) => self.end(task, Ending::Failed(Failure::Exit(75))),
        }
    }

    /// After two runs there is a free or future runner for each queued job.
    fn wait_and_reconcile(&mut self) {
        for _ in 0..2 {
            self.now += TimeDelta::minutes(2);
            self.reconcile();
        }
        let waiting = self.jobs.values().filter(|job| job.state == State::Queued).count();
        let free =
            |task: &&super::ModelTask| !matches!(task.phase, Phase::Busy(..) | Phase::Ended(..));
        let free = self.tasks.iter().filter(free).count();
        self.short = self.short.max(waiting.saturating_sub(free));
    }

    fn open_gate(&mut self, id: u64, choices: &mut Choices<'_>) {
        let job = self.jobs.get_mut(&id).expect("a job");
        job.state = State::Queued;
        let profile = usize::from(job.labels.iter().any(|label| label == "b"));
        if !(self.disturbances.losses && choices.below(4) == 0) {
            self.submit(id, profile, 1);
        }
    }

    fn cancel(&mut self, id: u64) {
        // Which of the idle runners would have got the job is not known.
        let idle = self.tasks.iter().any(|task| matches!(task.phase, Phase::Idle(_)));
        self.cancelled_after_claim += usize::from(idle);
        let job = self.jobs.get_mut(&id).expect("a job");
        (job.state, job.ended_at) = (State::Done(None), Some(self.now));
    }

    fn assign(&mut self, task: usize, id: u64) {
        let Phase::Idle(since) = self.tasks[task].phase else { unreachable!("it is idle") };
        self.tasks[task].phase = Phase::Busy(since, id);
        self.jobs.get_mut(&id).expect("a job").state = State::Running(task);
    }

    /// Applies undisturbed events, for half a day at most.
    pub(crate) fn settle(&mut self) {
        self.disturbances =
            super::Disturbances { profiles: self.disturbances.profiles, ..Default::default() };
        let spent = &mut Choices::new(&[]);
        let end = self.now + TimeDelta::hours(12);
        while self.now < end {
            let undisturbed = |event: &Event| {
                !matches!(event, Event::NewJob | Event::Reconcile | Event::Cancel(_))
            };
            match self.events(0).into_iter().find(undisturbed) {
                Some(event) => self.apply(event, spent),
                None if self.is_quiescent() => return,
                None => self.wait_and_reconcile(),
            }
        }
    }

    /// Returns the jobs and tasks that have not ended.
    pub(crate) fn unfinished(&self) -> (Vec<&super::ModelJob>, Vec<&super::ModelTask>) {
        let jobs = self.jobs.values().filter(|job| !matches!(job.state, State::Done(_)));
        let tasks = self.tasks.iter().filter(|task| !matches!(task.phase, Phase::Ended(..)));
        (jobs.collect(), tasks.collect())
    }

    /// Returns whether every job and every task has ended.
    pub(crate) fn is_quiescent(&self) -> bool {
        let (jobs, tasks) = self.unfinished();
        jobs.is_empty() && tasks.is_empty()
    }
}

fn failures(index: usize, phase: &Phase, may_fail: bool) -> Vec<Event> {
    match phase {
        Phase::Waiting | Phase::Ended(..) => Vec::new(),
        Phase::Started(_) if may_fail => {
            vec![Event::FailNodeAndRunAgain(index), Event::Fail(index)]
        }
        Phase::Started(_) => vec![Event::FailNodeAndRunAgain(index)],
        Phase::Idle(_) => {
            vec![Event::FailNodeAndRunAgain(index), Event::FailNode(index)]
        }
        Phase::Busy(..) => vec![Event::FailNode(index)],
    }
}
