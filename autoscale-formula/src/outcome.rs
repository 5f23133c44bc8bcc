//! The outcome of an evaluation, formatted as Batch formats it.

use std::fmt;
use std::sync::Arc;

use crate::choices::NegativeTarget;
use crate::deallocation::DeallocationOption;
use crate::error::Error;
use crate::evaluation::{Assigned, Evaluation};
use crate::value::Value;
use crate::variable::Target;

/// The outcome of an evaluation. `Display` gives the line that Batch returns as the `results` of an
/// autoscale run.
///
/// A failed evaluation keeps the pool's current targets and lists no variables, as Batch does.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The target number of dedicated nodes.
    pub target_dedicated_nodes: i32,
    /// The target number of spot nodes.
    pub target_low_priority_nodes: i32,
    /// The handling of the tasks on removed nodes.
    pub deallocation_option: DeallocationOption,
    /// The formula's own variables, ordered by name.
    pub variables: Vec<(Arc<str>, Value<'static>)>,
    /// The error, if the evaluation failed.
    pub error: Option<Error>,
}

impl Outcome {
    /// Returns the final value of one of the formula's own variables.
    pub fn variable(&self, name: &str) -> Option<&Value<'static>> {
        self.variables.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    pub(crate) fn of(evaluation: Evaluation<'_>) -> Self {
        let dedicated = nodes(&evaluation, Target::DedicatedNodes);
        let low_priority = nodes(&evaluation, Target::LowPriorityNodes);
        match (dedicated, low_priority) {
            (Ok(dedicated), Ok(low_priority)) => Self {
                target_dedicated_nodes: dedicated,
                target_low_priority_nodes: low_priority,
                deallocation_option: evaluation.option,
                variables: variables(evaluation),
                error: None,
            },
            (Err(error), _) | (_, Err(error)) => Self::failed(&evaluation, error),
        }
    }

    pub(crate) fn failed(evaluation: &Evaluation<'_>, error: Error) -> Self {
        Self {
            target_dedicated_nodes: evaluation.samples.target(Target::DedicatedNodes),
            target_low_priority_nodes: evaluation.samples.target(Target::LowPriorityNodes),
            deallocation_option: DeallocationOption::default(),
            variables: Vec::new(),
            error: Some(error),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$TargetDedicatedNodes={};", self.target_dedicated_nodes)?;
        write!(f, "$TargetLowPriorityNodes={};", self.target_low_priority_nodes)?;
        write!(f, "$NodeDeallocationOption={}", self.deallocation_option)?;
        self.variables.iter().try_for_each(|(name, value)| write!(f, ";{name}={value}"))
    }
}

fn variables(evaluation: Evaluation<'_>) -> Vec<(Arc<str>, Value<'static>)> {
    let Evaluation { names, mut own, .. } = evaluation;
    let taken = names.iter().filter_map(|(name, index)| Some((name, own[index].take()?)));
    taken.map(|(name, value)| (Arc::clone(name), value.into_owned())).collect()
}

/// Returns the truncated value that the formula assigned to a target, or else the pool's target.
fn nodes(evaluation: &Evaluation<'_>, target: Target) -> Result<i32, Error> {
    let Some(Assigned { nodes, at }) = evaluation.assigned(target) else {
        return Ok(evaluation.samples.target(target));
    };
    let whole = nodes.trunc();
    if whole < 0.0 && evaluation.choices.negative_target == NegativeTarget::Zero {
        return Ok(0);
    }
    if (0.0..=f64::from(i32::MAX)).contains(&whole) {
        return Ok(whole as i32);
    }
    let nodes = crate::number::show(nodes);
    Err(Error::evaluation(at, format!("{} cannot be {nodes}", target.name())))
}
