//! Any formula is parsed and evaluated in bounded time and depth, and errors have the position of
//! the excess.

use autoscale_formula::{Code, MAX_DEPTH, MAX_LENGTH, MAX_STATEMENTS, Samples, parse};
use insta::assert_snapshot;

/// Returns the results of a formula, or its error.
fn evaluated(source: &str) -> String {
    let now = "2026-11-21T10:00:00Z".parse().expect("the time is written as RFC 3339");
    let outcome = parse(source).map(|formula| formula.evaluate(&Samples::new(), now));
    match outcome {
        Ok(outcome) => match &outcome.error {
            None => outcome.to_string().split_off("$TargetDedicatedNodes=0;".len()),
            Some(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_formula_has_8192_characters_at_most() {
    let fits = format!("a = 1;\n//{}", "€".repeat(MAX_LENGTH - 9));
    assert_eq!(fits.chars().count(), MAX_LENGTH);
    assert!(parse(&fits).is_ok());
    let error = parse(&format!("{fits}€")).unwrap_err();
    assert_eq!(error.code(), Code::TooLong);
    assert_eq!(error.code().as_str(), "AutoScaleFormulaTooLong");
    assert_snapshot!(error, @"Line 2, Col 8186: the formula has 8193 characters, 8192 are allowed");
}

#[test]
fn a_formula_has_100_statements_at_most() {
    let fits = "a=1;".repeat(MAX_STATEMENTS);
    assert!(parse(&fits).is_ok());
    assert_snapshot!(evaluated(&format!("{fits}\na = 1")), @"Line 2, Col 1: more than 100 statements");
}

#[test]
fn nesting_ends_at_a_hundred() {
    for (open, close) in [("(", ")"), ("max(", ")"), ("1 ? ", " : 0"), ("avg([", "])")] {
        let deep = if open.len() == 5 { MAX_DEPTH / 2 } else { MAX_DEPTH } - 1;
        let nested = |depth| format!("a = {}1{}", open.repeat(depth), close.repeat(depth));
        assert!(parse(&nested(deep)).is_ok(), "{open}");
        evaluated(&nested(deep));
        let error = parse(&nested(deep + 1)).unwrap_err();
        assert_eq!(error.text(), "nested more than 100 deep", "{open}");
    }
}

#[test]
fn chains_may_be_as_long_as_a_formula() {
    let ones = "1+".repeat(4000);
    assert_snapshot!(evaluated(&format!("a={ones}1")), @"$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;a=4001");
    let signs = "-".repeat(8001);
    assert_snapshot!(evaluated(&format!("a={signs}1")), @"$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;a=-1");
    let branches = "0?1:".repeat(2000);
    assert_snapshot!(evaluated(&format!("a={branches}2")), @"$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;a=2");
}

#[test]
fn vectors_that_double_come_to_an_end() {
    let doubling = format!("v = [1, 2];{}", "v = floor(v, v);".repeat(40));
    assert_snapshot!(evaluated(&doubling), @"Line 1, Col 325: the formula takes more work than is allowed");
}

#[test]
fn lines_end_as_on_windows_too() {
    assert_snapshot!(evaluated("a = 1; // one\r\nb = 2;\r\nc = ?"), @"Line 3, Col 5: unexpected '?'");
}

#[test]
fn a_tab_stays_a_tab_above_the_caret() {
    let source = "a = 1;\n\tb =\ta + absent;\n";
    let now = "2026-11-21T10:00:00Z".parse().unwrap();
    let error = parse(source).unwrap().evaluate(&Samples::new(), now).error.unwrap();
    assert_eq!(
        error.render(source),
        "AutoScalingFormulaEvaluationError: Undefined symbol: absent
 --> line 2, column 10
  |
2 | \tb =\ta + absent;
  | \t   \t    ^"
    );
}

#[test]
fn the_end_of_a_formula_has_a_caret_too() {
    let source = "a = max(1,";
    assert_snapshot!(parse(source).unwrap_err().render(source), @r"
    AutoScalingFormulaSyntaxError: unexpected end of the formula
     --> line 1, column 11
      |
    1 | a = max(1,
      |           ^
    ");
    let elsewhere = parse("a = 1;\n\nb = (").unwrap_err();
    assert_snapshot!(elsewhere.render(source), @r"
    AutoScalingFormulaSyntaxError: unexpected end of the formula
     --> line 3, column 6
    ");
}
