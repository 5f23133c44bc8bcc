//! Parsed formulas.

use chrono::{DateTime, Utc};

use crate::choices::Choices;
use crate::error::{Error, Position};
use crate::evaluation::Evaluation;
use crate::limits::MAX_LENGTH;
use crate::outcome::Outcome;
use crate::parser::{self, Names};
use crate::samples::Samples;
use crate::syntax::Statement;
use crate::time::Timestamp;

/// A formula that follows the grammar.
#[derive(Clone, Debug)]
pub struct Formula {
    statements: Vec<Statement>,
    names: Names,
}

/// Parses a formula.
///
/// Only the grammar and the limits are checked. Like Batch, undefined names and type mismatches are
/// found by the evaluation, and only where it reaches them.
///
/// # Errors
/// The formula is too long or does not follow the grammar.
///
/// ```
/// use autoscale_formula::{Samples, parse};
///
/// let formula = parse("$TargetDedicatedNodes = min(4, 2.9); // truncated").unwrap();
/// let outcome = formula.evaluate(&Samples::new(), "2026-11-21T10:00:00Z".parse().unwrap());
/// assert_eq!(
///     outcome.to_string(),
///     "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
/// );
/// ```
pub fn parse(source: &str) -> Result<Formula, Error> {
    check_length(source)?;
    let (statements, names) = parser::parse(source)?;
    Ok(Formula { statements, names })
}

impl Formula {
    /// Evaluates the formula on the samples of a pool, with the default [`Choices`]. The result
    /// depends on nothing else: the same samples at the same time have the same outcome.
    pub fn evaluate(&self, samples: &Samples, now: DateTime<Utc>) -> Outcome {
        self.evaluate_with(samples, now, &Choices::default())
    }

    /// Evaluates the formula with other choices.
    pub fn evaluate_with(
        &self,
        samples: &Samples,
        now: DateTime<Utc>,
        choices: &Choices,
    ) -> Outcome {
        let now = Timestamp::from(now);
        let mut evaluation = Evaluation::new(samples, choices, &now, &self.names);
        match evaluation.run(&self.statements) {
            Ok(()) => Outcome::of(evaluation),
            Err(error) => Outcome::failed(&evaluation, error),
        }
    }
}

fn check_length(source: &str) -> Result<(), Error> {
    let Some((start, _)) = source.char_indices().nth(MAX_LENGTH) else { return Ok(()) };
    let allowed = &source[..start];
    let last_line = allowed.rsplit('\n').next().unwrap_or_default();
    let line = allowed.matches('\n').count() + 1;
    let column = last_line.chars().count() + 1;
    let at = Position { line: line as u32, column: column as u32 };
    Err(Error::too_long(at, source.chars().count()))
}
