//! What ClaimRunner does for a task that starts.

use handler::claim::{Step, step};
use handler::reconcile::snapshot::Ending;

use super::{Phase, World};

impl World {
    /// A started task claims: its runner is registered, or it goes, or it asks for another.
    pub(super) fn claim(&mut self, task: usize) {
        let own = self.tasks[task].clone();
        let mut asked = own.id.clone();
        let mut path = Vec::new();
        loop {
            path.push(asked.clone());
            let job = self.listed(&self.jobs[&asked.job]).seen;
            let profile = self.profile(own.profile);
            match step(&own.id, profile, &self.rules.deployment, &path, &job) {
                Step::Serve => break,
                Step::Ask(thief) => asked = thief,
                Step::NotNeeded(_) => return self.end(task, Ending::Clean),
                Step::Replace => {
                    let wanted = if job.labels.iter().any(|label| label == "b") { 1 } else { 0 };
                    self.submit(asked.job, wanted, asked.replacement + 1);
                    return self.end(task, Ending::Clean);
                }
                Step::Undetermined => unreachable!("this world hides nothing"),
            }
        }
        self.tasks[task].phase = Phase::Idle(self.now);
    }
}
