//! The queue: jobs of a pool by priority, tasks of a job in the order in which they were added.
//!
//! Every step is logarithmic in the number of waiting tasks: nothing is scanned.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use super::job::QueueEntry;
use super::runs::Run;
use super::timers::Timer;
use super::{JobState, LaunchRequest, RunId, RunLocation, Settings, State, key};
use crate::dto::{JobOrder, NewJob, NewTask, Timestamp, UserIdentity};
use crate::launch::container_mismatch;

impl State {
    /// Updates a job's entry in its pool's queue: adds it if the job can start a task, and removes
    /// it otherwise.
    pub(super) fn update_queue_entry(&mut self, id: &str) {
        self.remove_from_queue(id);
        let Some(job) = self.jobs.get_mut(id) else { return };
        let pool = key(job.pool());
        let by_creation = |pool: &super::Pool| pool.job_order() == JobOrder::CreationTime;
        let created = self.pools.get(&pool).is_some_and(by_creation).then_some(job.created);
        let parallel = usize::try_from(job.max_parallel()).unwrap_or(usize::MAX);
        let open = job.phase.state == JobState::Active && job.runs.len() < parallel;
        let Some(next_task) = job.ready.keys().next().copied().filter(|_| open) else { return };
        let entry = QueueEntry {
            priority: Reverse(job.priority()),
            created,
            next_task,
            job: id.to_owned(),
        };
        job.queue_entry = Some(entry.clone());
        self.queues.entry(pool).or_default().insert(entry);
    }

    /// Removes a job from its pool's queue.
    ///
    /// A disabled job may change its pool, but it is in no queue then: the entry is always in the
    /// queue of the job's current pool.
    pub(super) fn remove_from_queue(&mut self, id: &str) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let Some(entry) = job.queue_entry.take() else { return };
        let pool = key(job.pool());
        if let Some(queue) = self.queues.get_mut(&pool) {
            queue.remove(&entry);
        }
    }

    /// Starts every task that can start.
    pub(crate) fn schedule(&mut self, now: DateTime<Utc>) {
        let open = |(_, pool): &(&String, &mut super::Pool)| !pool.held && pool.has_free_slots();
        let open: Vec<_> = self
            .pools
            .iter_mut()
            .filter(open)
            .map(|(id, pool)| {
                // Deleted tasks stop counting as pending when a node requests work.
                pool.deleted_pending_tasks = 0;
                id.clone()
            })
            .collect();
        for pool in open {
            while let Some((job, node)) = self.next_start(&pool) {
                let at = self.stamp(now);
                self.start(&pool, &job, node, at);
            }
        }
    }

    /// Finds the first job in the queue whose next task fits on a node.
    ///
    /// A task that does not fit delays the tasks behind it in its job, as in Batch, and leaves the
    /// free slots to other jobs.
    fn next_start(&self, pool: &str) -> Option<(String, u32)> {
        let nodes = self.pools.get(pool).filter(|pool| pool.has_free_slots())?;
        self.queues.get(pool)?.iter().find_map(|entry| {
            let job = self.jobs.get(&entry.job)?;
            let task = job.tasks.get(job.ready.get(&entry.next_task)?)?;
            Some((entry.job.clone(), nodes.choose_node(task.slots())?))
        })
    }

    fn start(&mut self, pool_id: &str, job: &str, node: u32, at: Timestamp) {
        let run = RunId(self.next());
        let (Some(pool), Some(entry)) = (self.pools.get_mut(pool_id), self.jobs.get_mut(job))
        else {
            return;
        };
        let Some(task) = entry.ready.values().next().cloned() else { return };
        let Some(found) = entry.tasks.get(&task) else { return };
        let (spec, slots, limit) = (found.spec.clone(), found.slots(), found.wall_clock());
        let (pool_name, runs_containers) = (pool.id.clone(), pool.runs_containers());
        let image = spec.container_settings.as_ref().map(|container| container.image_name.as_str());
        let begun = pool.nodes.change_number(node, |node| {
            node.add_run(run, slots, at);
            let pulls = image.is_some_and(|image| node.images.insert(image.to_owned()));
            (node.id.clone(), node.label.clone(), node.dedicated, pulls)
        });
        let Some((node, label, dedicated, pulls)) = begun else { return };
        let location = RunLocation {
            pool: pool_name,
            node,
            job: entry.spec.id.clone(),
            task: spec.id.clone(),
            run,
        };
        entry.runs.insert(run);
        entry.change(&task, |task| task.begin(location.clone(), at));
        let mismatch = container_mismatch(runs_containers, image.is_some());
        let settings = settings(&entry.spec, &spec);
        let (command_line, container) =
            (spec.command_line.clone(), spec.container_settings.clone());
        let elevated = spec.user_identity.as_ref().is_some_and(UserIdentity::is_admin);
        let start = LaunchRequest {
            location,
            label,
            dedicated,
            mismatch,
            command_line,
            container,
            elevated,
            settings,
        };
        self.runs.insert(run, Run::new(start, slots, Some(limit)));
        let wait = if pulls { pool.timings.pull.sample(&mut self.rng) } else { TimeDelta::zero() };
        self.after(wait, Timer::ImagePulled(run));
        self.update_queue_entry(job);
    }
}

/// Returns the environment settings of a task: those of its job, overridden by its own.
fn settings(job: &NewJob, task: &NewTask) -> Settings {
    let all = [&job.common_environment_settings, &task.environment_settings];
    let all = all.into_iter().flatten().flatten();
    Settings(all.map(|set| (set.name.clone(), set.value.clone().unwrap_or_default())).collect())
}
