//! Any text gets an answer: no panic, an error position inside the formula, and the same answer
//! twice.

use autoscale_formula::{Metric, Outcome, Samples, Target, parse};
use chrono::{DateTime, TimeDelta, Utc};

const WORDS: [&str; 64] = [
    "a",
    "b",
    "$c",
    "absent",
    "1",
    "2.5",
    "0",
    "70",
    "\"2026-11-21T10:00:00Z\"",
    "\"x\"",
    "\"",
    "$PendingTasks",
    "$ActiveTasks",
    "$TaskSlotsPerNode",
    "$TargetDedicatedNodes",
    "$TargetLowPriority",
    "$NodeDeallocationOption",
    "requeue",
    "taskcompletion",
    "TimeInterval_Minute",
    "TimeInterval_Year",
    ".GetSample(",
    ".GetSamplePercent(",
    ".Count()",
    ".GetSamplePeriod()",
    ".HistoryBeginTime()",
    ".hour",
    ".weekday",
    ".nothing",
    "avg(",
    "max(",
    "min(",
    "percentile(",
    "std(",
    "val(",
    "lg(",
    "floor(",
    "time()",
    "time(",
    "rand()",
    "stop()",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ";",
    "=",
    "=",
    "+",
    "-",
    "*",
    "/",
    "!",
    "<",
    ">=",
    "==",
    "&&",
    "||",
    "?",
    ":",
    "// no\n",
    "\n",
];

/// A xorshift random number generator.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().expect("the time is written as RFC 3339")
}

fn pool() -> Samples {
    let mut samples = Samples::new().with_seed(1);
    for age in 0..40 {
        samples.push(Metric::PendingTasks, now() - TimeDelta::seconds(30 * age), age as f64);
    }
    samples.set_present(Metric::TaskSlotsPerNode, 4.0);
    samples.set_target(Target::DedicatedNodes, 2);
    samples
}

/// Evaluates a formula, if it can be parsed, and checks the invariants of every formula.
#[track_caller]
fn answered(source: &str, samples: &Samples) -> Option<Outcome> {
    let outcome = parse(source).map(|formula| {
        let outcome = formula.evaluate(samples, now());
        assert_eq!(outcome.to_string(), formula.evaluate(samples, now()).to_string(), "{source}");
        outcome
    });
    let error = match &outcome {
        Ok(outcome) => outcome.error.as_ref(),
        Err(error) => Some(error),
    };
    if let Some(error) = error {
        let position = error.position();
        let line = source.split('\n').nth(position.line as usize - 1);
        let line = line.unwrap_or_else(|| panic!("{error} is outside of {source:?}"));
        assert!(position.column as usize <= line.chars().count() + 1, "{error} in {source:?}");
        assert!(error.render(source).contains(error.text()));
    }
    outcome.ok()
}

#[test]
fn any_words_are_answered() {
    let (samples, mut random) = (pool(), Random(0x9e37_79b9_7f4a_7c15));
    let mut evaluated = 0;
    for _ in 0..30_000 {
        let count = 1 + random.below(24);
        let words: Vec<_> = (0..count).map(|_| WORDS[random.below(WORDS.len())]).collect();
        let outcome = answered(&words.concat(), &samples);
        evaluated += u32::from(outcome.is_some_and(|outcome| outcome.error.is_none()));
    }
    assert!(evaluated > 100, "only {evaluated} formulas had results");
}

#[test]
fn any_grammatical_formula_is_answered() {
    let (samples, mut random) = (pool(), Random(42));
    for _ in 0..5_000 {
        let count = 1 + random.below(4);
        let statements = (0..count).map(|_| format!("a = {};", expression(&mut random, 5)));
        let source: String = statements.collect();
        assert!(answered(&source, &samples).is_some(), "{source}");
    }
}

fn expression(random: &mut Random, depth: usize) -> String {
    const LEAVES: [&str; 10] = [
        "a",
        "3",
        "0.5",
        "[1, 2]",
        "time()",
        "TimeInterval_Hour",
        "\"x\"",
        "$PendingTasks",
        "$PendingTasks.GetSample(5)",
        "$TaskSlotsPerNode",
    ];
    const OPERATORS: [&str; 12] =
        ["+", "-", "*", "/", "<", "<=", "==", ">=", ">", "!=", "&&", "||"];
    const FUNCTIONS: [&str; 12] = [
        "avg",
        "len",
        "lg",
        "max",
        "min",
        "norm",
        "percentile",
        "range",
        "std",
        "sum",
        "val",
        "round",
    ];
    if depth == 0 {
        return LEAVES[random.below(LEAVES.len())].to_owned();
    }
    let one = expression(random, depth - 1);
    match random.below(6) {
        0 => format!("({one})"),
        1 => format!("-{one}"),
        2 => {
            let operator = OPERATORS[random.below(OPERATORS.len())];
            format!("{one} {operator} {}", expression(random, depth - 1))
        }
        3 => {
            let function = FUNCTIONS[random.below(FUNCTIONS.len())];
            format!("{function}({one}, {})", expression(random, depth - 1))
        }
        4 => {
            let (yes, no) = (expression(random, depth - 1), expression(random, depth - 1));
            format!("({one}) ? {yes} : {no}")
        }
        _ => format!("$PendingTasks.GetSample({one})"),
    }
}

#[test]
fn any_characters_are_answered() {
    let (samples, mut random) = (pool(), Random(7));
    let alphabet: Vec<char> =
        (0..0x250).filter_map(char::from_u32).chain("€😀\u{2028}".chars()).collect();
    for _ in 0..20_000 {
        let count = random.below(40);
        let source: String = (0..count).map(|_| alphabet[random.below(alphabet.len())]).collect();
        answered(&source, &samples);
    }
}
