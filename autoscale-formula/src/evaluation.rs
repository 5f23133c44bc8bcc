//! Evaluation of statements.

mod expression;

use crate::choices::Choices;
use crate::deallocation::DeallocationOption;
use crate::error::{Error, Position};
use crate::parser::Names;
use crate::random::Random;
use crate::samples::Samples;
use crate::sampling::SampleQuery;
use crate::syntax::{Name, Statement, Variable};
use crate::time::Timestamp;
use crate::value::Value;
use crate::variable::{Metric, Target};

/// The maximum number of numbers that one evaluation may process. It bounds time and memory: `lg(v,
/// v)` is twice as long as `v`, and a hundred such statements would never end.
const MAX_WORK: usize = 4_000_000;

/// The end of an evaluation before its last statement.
#[derive(Debug)]
pub(crate) enum Halt {
    Stopped,
    Failed(Box<Error>),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// A number of nodes that the formula assigned, with its position.
#[derive(Clone, Copy)]
pub(crate) struct Assigned {
    pub(crate) nodes: f64,
    pub(crate) at: Position,
}

/// The state of an evaluation.
pub(crate) struct Evaluation<'a> {
    pub(crate) samples: &'a Samples,
    pub(crate) choices: &'a Choices,
    pub(crate) now: &'a Timestamp,
    pub(crate) names: &'a Names,
    /// By target: the value under its full name and the one under its alias.
    targets: [[Option<Assigned>; 2]; 2],
    pub(crate) option: DeallocationOption,
    pub(crate) own: Vec<Option<Value<'a>>>,
    /// The arguments of the current calls.
    arguments: Vec<Value<'a>>,
    random: Random,
    work: usize,
}

type Evaluated<'a> = Result<Value<'a>, Halt>;

impl<'a> Evaluation<'a> {
    pub(crate) fn new(
        samples: &'a Samples,
        choices: &'a Choices,
        now: &'a Timestamp,
        names: &'a Names,
    ) -> Self {
        Self {
            samples,
            choices,
            now,
            names,
            targets: [[None; 2]; 2],
            option: DeallocationOption::default(),
            own: vec![None; names.len()],
            arguments: Vec::new(),
            random: Random::new(samples.seed()),
            work: 0,
        }
    }

    /// Evaluates statements up to the end, or up to `stop()`.
    pub(crate) fn run(&mut self, statements: &[Statement]) -> Result<(), Error> {
        for statement in statements {
            match self.statement(statement) {
                Ok(()) => {}
                Err(Halt::Stopped) => break,
                Err(Halt::Failed(error)) => return Err(*error),
            }
        }
        Ok(())
    }

    /// Returns the value that the formula assigned to a target. The full name takes precedence.
    pub(crate) fn assigned(&self, target: Target) -> Option<Assigned> {
        let [full, alias] = self.targets[target as usize];
        full.or(alias)
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Halt> {
        let value = self.value(&statement.value)?;
        if let Some(name) = statement.target {
            self.assign(name, value)?;
        }
        Ok(())
    }

    fn assign(&mut self, Name { variable, at }: Name, value: Value<'a>) -> Result<(), Halt> {
        match (variable, value) {
            (Variable::Target { target, alias }, Value::Double(nodes)) => {
                self.targets[target as usize][usize::from(alias)] = Some(Assigned { nodes, at });
            }
            (Variable::DeallocationOption, Value::DeallocationOption(option)) => {
                self.option = option;
            }
            (Variable::Own(index), value) if !matches!(value, Value::DeallocationOption(_)) => {
                self.own[index] = Some(value);
            }
            (Variable::Metric(_) | Variable::Unit(_), _) => {
                return failed(at, "this variable can be read only");
            }
            (_, value) => {
                return failed(at, format!("this variable takes no {}", value.type_name()));
            }
        }
        Ok(())
    }

    fn read(&self, Name { variable, at }: Name) -> Evaluated<'a> {
        match variable {
            Variable::Own(index) => match &self.own[index] {
                Some(value) => Ok(value.clone()),
                None => Err(Error::undefined(at, self.names.name(index)).into()),
            },
            Variable::Target { target, alias } => {
                let [full, short] = self.targets[target as usize];
                let written = if alias { short.or(full) } else { full.or(short) };
                let current = || f64::from(self.samples.target(target));
                Ok(Value::Double(written.map_or_else(current, |assigned| assigned.nodes)))
            }
            Variable::Metric(metric) => match self.samples.present(metric, self.now) {
                Some(value) => Ok(Value::Double(value)),
                None => failed(at, format!("no sample of {}", metric.name())),
            },
            Variable::DeallocationOption => Ok(Value::DeallocationOption(self.option)),
            Variable::Unit(interval) => Ok(Value::TimeInterval(interval)),
        }
    }

    fn query(&self, metric: Metric, at: Position) -> SampleQuery<'a> {
        let (samples, choices, now) = (self.samples, self.choices, self.now);
        SampleQuery { metric, at, samples, choices, now }
    }

    fn charge(&mut self, numbers: usize, at: Position) -> Result<(), Halt> {
        self.work += numbers;
        if self.work > MAX_WORK {
            return failed(at, "the formula takes more work than is allowed");
        }
        Ok(())
    }
}

fn failed<T>(at: Position, problem: impl Into<String>) -> Result<T, Halt> {
    Err(Error::evaluation(at, problem).into())
}
