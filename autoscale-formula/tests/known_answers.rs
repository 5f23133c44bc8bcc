//! Every known answer is reproduced: recordings of Batch, its documentation, and formulas of public
//! projects.
//!
//! There is one file per source in `tests/known`; `tests/known/README.md` describes the format.

use std::fs;
use std::path::Path;

use autoscale_formula::{Outcome, Samples, parse};

use file::Case;

#[path = "known_answers/file.rs"]
mod file;
#[path = "known_answers/samples.rs"]
mod samples;

#[test]
fn known_answers_are_reproduced() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/known");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            for case in file::cases(&file, &fs::read_to_string(&path).unwrap()) {
                count += 1;
                failures.extend(
                    failure(&case).map(|difference| format!("{file}: {}\n{difference}", case.name)),
                );
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} fail\n\n{}", failures.len(), failures.join("\n\n"));
    assert!(count > 150, "{count} cases were found");
}

/// Describes how the answer differs from the known one.
fn failure(case: &Case) -> Option<String> {
    let outcome = match parse(&case.formula) {
        Ok(formula) => formula.evaluate_with(&case.samples, case.now, &case.choices),
        Err(error) => unparsed(error),
    };
    let found = outcome.error.as_ref().map(|error| format!("{} {error}", error.code().as_str()));
    let results = outcome.to_string();
    let wrong_results = case.results.as_ref().is_some_and(|known| *known != results);
    (wrong_results || found != case.error).then(|| {
        let (known, error) = (case.results.as_deref().unwrap_or("any"), &case.error);
        format!(
            "  known {known}\n  found {results}\n  known error {error:?}\n  found error {found:?}"
        )
    })
}

fn unparsed(error: autoscale_formula::Error) -> Outcome {
    let nothing = parse("").expect("an empty formula follows the grammar");
    let now = "2026-11-21T10:00:00Z".parse().expect("the time is written as RFC 3339");
    Outcome { error: Some(error), ..nothing.evaluate(&Samples::new(), now) }
}
