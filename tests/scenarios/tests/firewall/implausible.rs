//! Implausible ranges of GitHub change nothing and raise an alert.

use insta::assert_snapshot;

use crate::{KNOWN, NEW, start};

#[tokio::test]
async fn implausible_ranges_change_nothing_and_raise_an_alert() {
    let env = start(&[KNOWN]).await;
    assert!(env.refresh_firewall().await, "{}", env.log());
    let (writes, stored, rules) = (env.writes(), env.stored_ranges().await, env.restrictions());
    let many: Vec<String> = (0..65).map(|a| format!("20.{a}.0.0/24")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let implausible: [&[&str]; 7] = [
        &[],
        &[KNOWN, "all of them"],
        &[KNOWN, "10.0.0.0/8"],
        &[KNOWN, "127.0.0.0/8"],
        &[KNOWN, "0.0.0.0/0"],
        &[NEW],
        &many,
    ];
    for published in implausible {
        env.deployment.github.emulator.publish_hook_ranges(published);
        for _ in 0..2 {
            assert!(!env.refresh_firewall().await, "{published:?}\n{}", env.log());
        }
        assert_eq!(env.writes(), writes, "{published:?}");
        assert_eq!(
            (env.stored_ranges().await, env.restrictions()),
            (stored.clone(), rules.clone())
        );
    }
    let alarms = env.alarms(14).await;
    let every_second: Vec<&str> = alarms.lines().step_by(2).collect();
    assert_snapshot!(every_second.join("\n"), @r#"
    failed to apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them): its list of ranges is empty alarm="firewall" function="RefreshFirewall"
    failed to apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them): "all of them" is not a network alarm="firewall" function="RefreshFirewall"
    failed to apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them): 10.0.0.0/8 is not a network of the internet alarm="firewall" function="RefreshFirewall"
    failed to apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them): 127.0.0.0/8 is not a network of the internet alarm="firewall" function="RefreshFirewall"
    failed to apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them): 0.0.0.0/0 is too large a network alarm="firewall" function="RefreshFirewall"
    failed to apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them): none of its ranges overlaps those in force alarm="firewall" function="RefreshFirewall"
    failed to apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them): 65 ranges are too many alarm="firewall" function="RefreshFirewall"
    "#);
    // The next plausible response is applied.
    env.deployment.github.emulator.publish_hook_ranges(&[KNOWN, NEW]);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_snapshot!(env.stored_ranges().await, @r"
    20.1.2.0/28
    140.82.112.0/20
    ");
    env.end().await;
}

#[tokio::test]
async fn plausible_first_ranges_of_another_github_are_applied() {
    let mut env = start(&["192.168.0.0/16"]).await;
    assert!(!env.refresh_firewall().await);
    assert_eq!(env.stored_ranges().await, "none");
    // The ranges of github.com do not apply to another GitHub.
    assert_eq!(env.deliver_from("140.82.115.7").await, 403);
    env.deployment.github.emulator.publish_hook_ranges(&[NEW]);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_eq!(env.stored_ranges().await, NEW);
    env.end().await;
}
