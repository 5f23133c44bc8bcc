//! Forms of formulas that public projects use, with windows of 30 to 180 seconds.
//!
//! Each scales out for waiting tasks and back to its minimum, under the default lag of samples.

use chrono::TimeDelta;
use serde_json::json;

use super::account::Account;
use crate::Timings;

/// A form: what it is, its formula, and its minimum of dedicated and of spot nodes.
type Form = (&'static str, &'static str, (usize, usize));

const FORMS: [Form; 14] = [
    (
        "a starting number without samples, otherwise the average of 180 s",
        "first = 1; most = 6; window = 180 * TimeInterval_Second;
         share = $PendingTasks.GetSamplePercent(window);
         wanted = share < 70 ? first : avg($PendingTasks.GetSample(window));
         $TargetDedicatedNodes = min(most, wanted); $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "no node without samples, otherwise the average of 180 s",
        "known = $PendingTasks.GetSamplePercent(TimeInterval_Second * 180) >= 70;
         $TargetDedicatedNodes = known ? min(5, avg($PendingTasks.GetSample(TimeInterval_Second * 180))) : 0;
         $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "the average of 180 s with a minimum of one node",
        "p = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
         n = p < 70 ? 1 : avg($PendingTasks.GetSample(180 * TimeInterval_Second));
         $TargetDedicatedNodes = max(1, min(4, n)); $NodeDeallocationOption = taskcompletion;",
        (1, 0),
    ),
    (
        "the newest sample, otherwise the average of 180 s, on spot nodes",
        "p = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
         n = p < 70 ? max(0, $PendingTasks.GetSample(1)) : avg($PendingTasks.GetSample(180 * TimeInterval_Second));
         $TargetLowPriorityNodes = min(7, n); $TargetDedicatedNodes = 0;
         $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "one fixed node, and spot nodes by the average of 180 s",
        "share = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
         spot = share < 70 ? 0 : avg($PendingTasks.GetSample(180 * TimeInterval_Second));
         $TargetDedicatedNodes = 1; $TargetLowPriorityNodes = min(4, spot);
         $NodeDeallocationOption = taskcompletion;",
        (1, 0),
    ),
    (
        "four nodes with any task in 180 s, otherwise one",
        "s = $ActiveTasks.GetSamplePercent(3 * TimeInterval_Minute);
         busy = s < 70 ? 0 : max($PendingTasks.GetSample(3 * TimeInterval_Minute, 70));
         $TargetDedicatedNodes = busy > 0 ? 4 : 1; $NodeDeallocationOption = taskcompletion;",
        (1, 0),
    ),
    (
        "the maximum of 60 s",
        "$TargetDedicatedNodes = min(6, max($PendingTasks.GetSample(60 * TimeInterval_Second)));
         $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "the maximum of 60 s, of which 70 % must be there",
        "tasks = max($PendingTasks.GetSample(TimeInterval_Minute, 70));
         $TargetDedicatedNodes = tasks > 3 ? 3 : tasks; $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "the average of 60 s over the slots, rounded up by an addition",
        "tasks = avg($PendingTasks.GetSample(TimeInterval_Second * 60, 50));
         $TargetDedicatedNodes = min(4, tasks / $TaskSlotsPerNode + 0.9);
         $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "the newest of 30 s",
        "$TargetDedicatedNodes = min(3, max($PendingTasks.GetSample(30 * TimeInterval_Second)));
         $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "running tasks of 150 s, and active ones in addition",
        "running = avg($RunningTasks.GetSample(TimeInterval_Second*150));
         active = max($ActiveTasks.GetSample(TimeInterval_Second*150));
         $TargetDedicatedNodes = min(5, running + active); $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "growth by two nodes at each evaluation with active tasks in 120 s",
        "active = min($ActiveTasks.GetSample(2 * TimeInterval_Minute, 60));
         pending = max($PendingTasks.GetSample(2 * TimeInterval_Minute, 60));
         grown = active > 0 ? $TargetDedicatedNodes + 2 : $TargetDedicatedNodes;
         $TargetDedicatedNodes = pending > 0 ? min(6, grown) : 0;
         $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
    (
        "the current nodes of 180 s, half as many again while tasks wait",
        "nodes = $CurrentDedicatedNodes.GetSamplePercent(180 * TimeInterval_Second) < 70 ? 1 : max($CurrentDedicatedNodes.GetSample(180 * TimeInterval_Second));
         active = $ActiveTasks.GetSamplePercent(180 * TimeInterval_Second) < 70 ? 0 : avg($ActiveTasks.GetSample(180 * TimeInterval_Second));
         pending = max(0, $PendingTasks.GetSample(1));
         $TargetDedicatedNodes = max(1, min(6, active > 0 ? nodes * 1.5 + 1 : (pending > 0 ? nodes : 0)));
         $NodeDeallocationOption = taskcompletion;",
        (1, 0),
    ),
    (
        "a window of 90 s that ended 30 s ago",
        "tasks = avg($PendingTasks.GetSample(120 * TimeInterval_Second, 30 * TimeInterval_Second));
         $TargetDedicatedNodes = min(4, ceil(tasks)); $NodeDeallocationOption = taskcompletion;",
        (0, 0),
    ),
];

/// The course of a pool over some hours.
#[derive(Debug, Default)]
struct Course {
    /// The most nodes of both kinds.
    most: usize,
    /// The numbers of evaluations, and of those that found too few samples.
    evaluations: (usize, usize),
}

/// Runs 12 tasks of ten minutes in a pool, for six hours.
async fn run(formula: &str, seed: u64) -> (Account, Course) {
    let account = Account::with(|options| {
        options.seed = seed;
        options.rules.timings = Timings::REPORTED;
    });
    let pool = json!({
        "enableAutoScale": true,
        "autoScaleFormula": formula,
        "autoScaleEvaluationInterval": "PT5M",
    });
    assert_eq!(account.add_pool(pool).await, "201");
    account.pass(TimeDelta::minutes(7));
    account.add_tasks(12).await;
    let mut course = Course::default();
    for _ in 0..72 {
        account.pass(TimeDelta::minutes(5));
        let pool = account.batch().pools().remove(0);
        course.most = course.most.max(pool.nodes.0 + pool.nodes.1);
        course.evaluations.0 += 1;
        course.evaluations.1 += pool.errors.len();
    }
    (account, course)
}

#[tokio::test]
async fn public_forms_of_formulas_scale_out_and_back() {
    for (form, formula, minimum) in FORMS {
        for seed in 0..4 {
            let (account, course) = run(formula, seed).await;
            let described = format!("{form}, seed {seed}: {course:?}");
            assert_eq!(account.tasks(), [0, 0, 12, 0], "{described}");
            assert!(course.most >= minimum.0 + minimum.1 + 2, "{described}");
            assert_eq!(account.batch().pools()[0].nodes, minimum, "{described}");
            assert!(course.evaluations.1 <= course.evaluations.0 / 2, "{described}");
        }
    }
}
