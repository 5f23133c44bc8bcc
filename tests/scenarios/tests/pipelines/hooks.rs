//! Subscriptions that Azure DevOps puts on probation or disables are enabled again, unless a user has disabled them.

use azure_pipelines_emulator::{SubscriptionStatus, TaskResult};
use emulator_core::faults::Effect;

use super::World;

impl World {
    fn set_status(&self, status: SubscriptionStatus) {
        let id = self.pipelines.subscriptions()[0].id.clone();
        assert!(self.pipelines.set_subscription_status(&id, status));
    }

    fn subscription(&self) -> SubscriptionStatus {
        self.pipelines.subscriptions()[0].status
    }

    /// Runs reconciliation after this time, as the timer does.
    async fn run_after(&mut self, minutes: u64) {
        self.env.advance_minutes(minutes);
        self.run().await;
    }

    async fn hooks_in_status(&self) -> String {
        // Reports are collected at most once in ten seconds.
        self.env.advance_minutes(1);
        let report = self.env.status().await;
        assert!(report.complete, "unread: {:?}", report.unread);
        let id = self.pipelines.subscriptions()[0].id.clone();
        let text = report.service_hooks.join("\n").replace(&id, "S");
        text.split(" at ").next().unwrap_or_default().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_on_probation_is_enabled_and_serves_the_next_job() {
    let mut world = World::start().await;
    world.subscribe().await;
    world.set_status(SubscriptionStatus::OnProbation);
    assert_eq!(
        world.hooks_in_status().await,
        "service hook S is on probation: deliveries have failed, and all events are lost meanwhile"
    );
    world.run().await;
    assert_eq!(world.subscription(), SubscriptionStatus::OnProbation, "it was read minutes ago");
    world.run_after(10).await;
    assert_eq!(world.subscription(), SubscriptionStatus::Enabled, "{}", world.env.log());
    assert!(world.env.log().contains("it is enabled again, and ReconcileRunners finds the jobs"));
    assert_eq!(world.hooks_in_status().await, "service hook S was enabled again");
    // The password is still that of the settings, so that its events are accepted.
    let request = world.queue();
    assert_eq!(world.until_done(request).await.result, Some(TaskResult::Succeeded));
    // It fails again at once: an hour passes before it is enabled once more.
    world.set_status(SubscriptionStatus::DisabledBySystem);
    world.run_after(20).await;
    assert_eq!(world.subscription(), SubscriptionStatus::DisabledBySystem);
    world.run_after(50).await;
    assert_eq!(world.subscription(), SubscriptionStatus::Enabled);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_a_user_disabled_stays_disabled() {
    let mut world = World::start().await;
    world.subscribe().await;
    world.set_status(SubscriptionStatus::DisabledByUser);
    world.run_after(10).await;
    world.run_after(10).await;
    assert_eq!(world.subscription(), SubscriptionStatus::DisabledByUser);
    assert_eq!(world.hooks_in_status().await, "service hook S is disabled by a user");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_cannot_be_changed_is_left_to_its_administrator() {
    let mut world = World::start().await;
    world.subscribe().await;
    world.set_status(SubscriptionStatus::DisabledBySystem);
    let forbidden = Effect::Fail { status: 403, retry_after: None };
    world.service.faults.inject("ReplaceSubscription", 1, forbidden);
    world.run_after(10).await;
    assert!(world.env.log().contains("enable it in the project's service hooks: enabling a service hook failed: the identity may not do it (403)"), "{}", world.env.log());
    world.service.faults.inject("ListSubscriptions", 1, forbidden);
    world.run_after(10).await;
    assert_eq!(world.subscription(), SubscriptionStatus::DisabledBySystem);
    world.end().await;
}
