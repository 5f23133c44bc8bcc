//! The effect of ClaimRunner on a task that starts.

use handler::assignment::{
    AssignmentChain, AssignmentGraph, Claim, Fact, LiveTask, Readiness, decide,
};
use handler::reconcile::snapshot::Ending;

use super::{Model, Phase};

impl Model {
    /// A started task claims: its runner is registered, or is not needed, or another runner is requested in its place.
    pub(super) fn claim(&mut self, task: usize) {
        let own = self.tasks[task].clone();
        let runner = self.profile(own.profile).clone();
        let mut graph = AssignmentGraph::new(self.rules.chains());
        loop {
            let chain = AssignmentChain::follow(&graph, &own.id, &runner);
            match decide(&graph, &chain, None) {
                Claim::Missing(Fact::Job(made)) => {
                    let listed = self.listed(&self.jobs[&made.job]);
                    graph.learn(made.job, &listed.repository, &listed.job);
                }
                Claim::Missing(Fact::Task(task)) => graph.learn_task(&task, true),
                Claim::Missing(Fact::LiveTasks) => graph.learn_live_tasks(self.live_tasks()),
                Claim::Mint => {
                    self.tasks[task].phase = Phase::Idle(self.now);
                    return;
                }
                Claim::NotNeeded(_) => return self.end(task, Ending::Clean),
                Claim::RequestReplacement(job) => {
                    let large = self.jobs[&job].labels.iter().any(|label| label == "b");
                    self.submit(job, usize::from(large), chain.last_replacement() + 1);
                    return self.end(task, Ending::Clean);
                }
                Claim::Retry(reason) => unreachable!("this model hides no fact: {reason}"),
            }
        }
    }

    fn live_tasks(&self) -> Vec<LiveTask> {
        let live = self.tasks.iter().filter_map(|task| {
            let readiness = match task.phase {
                Phase::Waiting => Readiness::Free,
                Phase::Started(_) | Phase::Idle(_) => Readiness::Claiming,
                Phase::Busy(..) => Readiness::Unavailable,
                Phase::Ended(..) => return None,
            };
            let runner = Some(self.profile(task.profile).clone());
            Some(LiveTask { id: task.id.clone(), runner, readiness })
        });
        live.collect()
    }
}
