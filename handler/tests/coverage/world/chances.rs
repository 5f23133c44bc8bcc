//! Chooses what happens next, among all that may.

use chrono::TimeDelta;
use handler::reconcile::snapshot::{Ending, Failure};

use super::{Job, Phase, World};

/// A source of choices, read off a fixed list, so that a failing story can be shortened.
pub(crate) struct Chance<'a> {
    choices: std::slice::Iter<'a, u16>,
}

impl<'a> Chance<'a> {
    /// Reads choices off a list; past its end the first is always chosen.
    pub(crate) fn new(choices: &'a [u16]) -> Self {
        Self { choices: choices.iter() }
    }

    /// Chooses a number below this one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or_default()) % end
    }

    fn is_spent(&self) -> bool {
        self.choices.len() == 0
    }
}

/// How many tasks find a node.
const NODES: usize = 3;

/// Something that may happen.
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
    DieAndRunAgain(usize),
    Die(usize),
    RemovedIdle(usize),
    Fail(usize),
    /// It was given a job that it may not run.
    Refuse(usize),
}

impl World {
    /// Lives through the choices, with at most this many jobs.
    pub(crate) fn live(&mut self, choices: &[u16], most_jobs: usize) {
        let mut chance = Chance::new(choices);
        while !chance.is_spent() {
            let events = self.events(most_jobs);
            let event = events[chance.below(events.len())];
            self.happen(event, &mut chance);
        }
    }

    fn events(&self, most_jobs: usize) -> Vec<Event> {
        let mut events = vec![Event::Reconcile; 2];
        if self.jobs.len() < most_jobs {
            events.extend([Event::NewJob; 2]);
        }
        for (&id, job) in &self.jobs {
            match job.state {
                Job::Gated => events.extend([Event::OpenGate(id), Event::Cancel(id)]),
                Job::Queued if id % 5 == 0 => events.push(Event::Cancel(id)),
                _ => {}
            }
        }
        let working = self.tasks.iter().filter(|task| task.works()).count();
        for (place, task) in self.tasks.iter().enumerate() {
            match task.phase {
                Phase::Waiting if working < NODES => events.push(Event::Start(place)),
                Phase::Waiting => {}
                Phase::Started(_) => events.push(Event::Claim(place)),
                Phase::Idle(_) => events.extend(self.assignments(place)),
                Phase::Busy(..) => events.push(Event::Finish(place)),
                Phase::Ended(..) => {}
            }
            if self.mischief.removals && matches!(task.phase, Phase::Idle(_)) {
                events.push(Event::RemovedIdle(place));
            }
            if self.mischief.deaths {
                events.extend(deaths(place, &task.phase, self.may_fail(task)));
            }
        }
        events
    }

    /// A job whose runners failed five times is given up, and told; here none comes to that.
    fn may_fail(&self, task: &super::ATask) -> bool {
        let failed = |other: &&super::ATask| {
            other.id.job == task.id.job && matches!(other.phase, Phase::Ended(_, Ending::Failed(_)))
        };
        self.tasks.iter().filter(failed).count() < 4
    }

    fn assignments(&self, task: usize) -> Vec<Event> {
        let waits =
            |job: &super::AJob| job.state == Job::Queued && self.fits(job, &self.tasks[task]);
        let waiting = self.jobs.iter().filter(|(_, job)| waits(job));
        waiting.map(|(&id, _)| Event::Assign(task, id)).collect()
    }

    fn happen(&mut self, event: Event, chance: &mut Chance<'_>) {
        self.now += TimeDelta::seconds(1);
        match event {
            Event::NewJob => self.add_job(chance),
            Event::Reconcile => self.pass_and_reconcile(),
            Event::OpenGate(id) => self.open_gate(id, chance),
            Event::Cancel(id) => self.cancel(id),
            Event::Start(task) => self.tasks[task].phase = Phase::Started(self.now),
            Event::Claim(task) => self.claim(task),
            Event::Assign(task, id) => self.assign(task, id),
            Event::Finish(task) => self.end(task, Ending::Clean),
            Event::DieAndRunAgain(task) => {
                self.end(task, Ending::Node);
                self.tasks[task].phase = Phase::Waiting;
            }
            Event::Die(task) => self.end(task, Ending::Node),
            Event::RemovedIdle(task) => self.end(task, Ending::NoJob),
            Event::Refuse(task) => self.end(task, Ending::Refused),
            Event::Fail(task) => self.end(task, Ending::Failed(Failure::Exit(75))),
        }
    }

    /// After two runs there is a free runner, or one to come, for each job that waits.
    fn pass_and_reconcile(&mut self) {
        for _ in 0..2 {
            self.now += TimeDelta::minutes(2);
            self.reconcile();
        }
        let waiting = self.jobs.values().filter(|job| job.state == Job::Queued).count();
        let free = |task: &&super::ATask| !matches!(task.phase, Phase::Busy(..) | Phase::Ended(..));
        let free = self.tasks.iter().filter(free).count();
        self.short = self.short.max(waiting.saturating_sub(free));
    }

    fn open_gate(&mut self, id: u64, chance: &mut Chance<'_>) {
        let job = self.jobs.get_mut(&id).expect("a job");
        job.state = Job::Queued;
        let profile = usize::from(job.labels.iter().any(|label| label == "b"));
        if !(self.mischief.losses && chance.below(4) == 0) {
            self.submit(id, profile, 1);
        }
    }

    fn cancel(&mut self, id: u64) {
        // Nobody can tell which of the waiting runners would have had it.
        let idle = self.tasks.iter().any(|task| matches!(task.phase, Phase::Idle(_)));
        self.cancelled_after_claim += usize::from(idle);
        let job = self.jobs.get_mut(&id).expect("a job");
        (job.state, job.ended_at) = (Job::Done(None), Some(self.now));
    }

    fn assign(&mut self, task: usize, id: u64) {
        let Phase::Idle(since) = self.tasks[task].phase else { unreachable!("it is idle") };
        self.tasks[task].phase = Phase::Busy(since, id);
        self.jobs.get_mut(&id).expect("a job").state = Job::Running(task);
    }

    /// Nothing but the ordinary happens any more, for half a day at most.
    pub(crate) fn settle(&mut self) {
        self.mischief = super::Mischief { profiles: self.mischief.profiles, ..Default::default() };
        let spent = &mut Chance::new(&[]);
        let end = self.now + TimeDelta::hours(12);
        while self.now < end {
            let ordinary = |event: &Event| {
                !matches!(event, Event::NewJob | Event::Reconcile | Event::Cancel(_))
            };
            match self.events(0).into_iter().find(ordinary) {
                Some(event) => self.happen(event, spent),
                None if self.is_quiet() => return,
                None => self.pass_and_reconcile(),
            }
        }
    }

    /// The jobs and tasks that have not come to rest.
    pub(crate) fn waiting(&self) -> (Vec<&super::AJob>, Vec<&super::ATask>) {
        let jobs = self.jobs.values().filter(|job| !matches!(job.state, Job::Done(_)));
        let tasks = self.tasks.iter().filter(|task| !matches!(task.phase, Phase::Ended(..)));
        (jobs.collect(), tasks.collect())
    }

    /// Tells whether no job waits and no task lives.
    pub(crate) fn is_quiet(&self) -> bool {
        let (jobs, tasks) = self.waiting();
        jobs.is_empty() && tasks.is_empty()
    }
}

fn deaths(place: usize, phase: &Phase, may_fail: bool) -> Vec<Event> {
    match phase {
        Phase::Waiting | Phase::Ended(..) => Vec::new(),
        Phase::Started(_) if may_fail => vec![Event::DieAndRunAgain(place), Event::Fail(place)],
        Phase::Started(_) => vec![Event::DieAndRunAgain(place)],
        Phase::Idle(_) => {
            vec![Event::DieAndRunAgain(place), Event::Die(place), Event::Refuse(place)]
        }
        Phase::Busy(..) => vec![Event::Die(place)],
    }
}
