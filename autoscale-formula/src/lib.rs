#![doc = include_str!("../README.md")]

mod number;
mod deallocation;
mod time;
mod value;
mod variable;

mod error;
mod lexer;
mod syntax;
mod parser;

mod choices;
mod samples;
mod random;
mod op;
mod call;
mod sampling;
mod evaluation;
mod outcome;
mod formula;

pub use choices::{Choices, DivisionByZero, NegativeTarget, NoValue, Percentile, SampleOrder};
pub use deallocation::DeallocationOption;
pub use error::{Code, Error, Position};
pub use formula::{Formula, MAX_LENGTH, parse};
pub use outcome::Outcome;
pub use parser::{MAX_DEPTH, MAX_STATEMENTS};
pub use samples::Samples;
pub use time::{Interval, Timestamp};
pub use value::{Value, Vector};
pub use variable::{Metric, Target};
