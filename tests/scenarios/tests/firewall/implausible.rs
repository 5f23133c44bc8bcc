//! GitHub publishes what cannot be right: nothing changes, and somebody is told.

use insta::assert_snapshot;

use crate::{NEW, OLD, world};

#[tokio::test]
async fn an_implausible_answer_changes_nothing_and_alarms() {
    let world = world(&[OLD]).await;
    assert!(world.refresh_firewall().await, "{}", world.log());
    let (writes, kept, rules) = (world.writes(), world.kept_ranges().await, world.restrictions());
    let many: Vec<String> = (0..65).map(|a| format!("20.{a}.0.0/24")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let answers: [&[&str]; 7] = [
        &[],
        &[OLD, "all of them"],
        &[OLD, "10.0.0.0/8"],
        &[OLD, "127.0.0.0/8"],
        &[OLD, "0.0.0.0/0"],
        &[NEW],
        &many,
    ];
    for published in answers {
        world.cloud.github.emulator.publish_hook_ranges(published);
        for _ in 0..2 {
            assert!(!world.refresh_firewall().await, "{published:?}\n{}", world.log());
        }
        assert_eq!(world.writes(), writes, "{published:?}");
        assert_eq!(
            (world.kept_ranges().await, world.restrictions()),
            (kept.clone(), rules.clone())
        );
    }
    let alarms = world.alarms(14).await;
    let every_second: Vec<&str> = alarms.lines().step_by(2).collect();
    assert_snapshot!(every_second.join("\n"), @r#"
    failed to take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them): its list of ranges is empty alarm="firewall" function="RefreshFirewall"
    failed to take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them): "all of them" is not a network alarm="firewall" function="RefreshFirewall"
    failed to take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them): 10.0.0.0/8 is not a network of the internet alarm="firewall" function="RefreshFirewall"
    failed to take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them): 127.0.0.0/8 is not a network of the internet alarm="firewall" function="RefreshFirewall"
    failed to take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them): 0.0.0.0/0 is too wide alarm="firewall" function="RefreshFirewall"
    failed to take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them): none of its ranges touches those in force alarm="firewall" function="RefreshFirewall"
    failed to take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them): 65 ranges are too many alarm="firewall" function="RefreshFirewall"
    "#);
    // The next sound answer is taken over as ever.
    world.cloud.github.emulator.publish_hook_ranges(&[OLD, NEW]);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_snapshot!(world.kept_ranges().await, @r"
    20.1.2.0/28
    140.82.112.0/20
    ");
    world.end().await;
}

#[tokio::test]
async fn another_github_is_believed_at_first_if_what_it_publishes_can_be_right() {
    let mut world = world(&["192.168.0.0/16"]).await;
    assert!(!world.refresh_firewall().await);
    assert_eq!(world.kept_ranges().await, "none");
    // The ranges of github.com are none of this GitHub's.
    assert_eq!(world.deliver_from("140.82.115.7").await, 403);
    world.cloud.github.emulator.publish_hook_ranges(&[NEW]);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_eq!(world.kept_ranges().await, NEW);
    world.end().await;
}
