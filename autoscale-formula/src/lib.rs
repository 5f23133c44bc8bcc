#![doc = include_str!("../README.md")]

mod limits;
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
pub use formula::{Formula, parse};
pub use limits::{MAX_DEPTH, MAX_LENGTH, MAX_STATEMENTS};
pub use outcome::Outcome;
pub use samples::Samples;
pub use time::{Interval, Timestamp};
pub use value::{Value, Vector};
pub use variable::{Metric, Target};
