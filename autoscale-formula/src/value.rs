//! Values of expressions.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::deallocation::DeallocationOption;
use crate::number;
use crate::time::{Interval, Timestamp};

/// A value of the formula language. `Display` formats it as in Batch's results.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number, also used as a boolean: zero is false, everything else is true.
    Double(f64),
    /// A vector of numbers.
    DoubleVec(Vector<'a>),
    /// A string.
    String(Arc<str>),
    /// A point in time.
    Timestamp(Timestamp),
    /// A duration.
    TimeInterval(Interval),
    /// A node deallocation option.
    DeallocationOption(DeallocationOption),
}

/// A vector of numbers: samples borrowed from their history, or a shared computed vector.
#[derive(Clone, Debug)]
pub enum Vector<'a> {
    /// Samples of one variable.
    Samples(&'a [f64]),
    /// A computed vector.
    Computed(Arc<[f64]>),
}

impl Value<'_> {
    /// Copies borrowed data.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Double(number) => Value::Double(number),
            Self::DoubleVec(Vector::Samples(samples)) => {
                Value::DoubleVec(Vector::Computed(samples.into()))
            }
            Self::DoubleVec(Vector::Computed(vector)) => Value::DoubleVec(Vector::Computed(vector)),
            Self::String(text) => Value::String(text),
            Self::Timestamp(time) => Value::Timestamp(time),
            Self::TimeInterval(interval) => Value::TimeInterval(interval),
            Self::DeallocationOption(option) => Value::DeallocationOption(option),
        }
    }

    /// Returns the name of the value's type, as in the documentation.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Double(_) => "double",
            Self::DoubleVec(_) => "doubleVec",
            Self::String(_) => "string",
            Self::Timestamp(_) => "timestamp",
            Self::TimeInterval(_) => "timeinterval",
            Self::DeallocationOption(_) => "node deallocation option",
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Double(f64::from(u8::from(truth)))
    }
}

impl From<Vec<f64>> for Value<'_> {
    fn from(numbers: Vec<f64>) -> Self {
        Self::DoubleVec(Vector::Computed(numbers.into()))
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Double(number) => number::show(*number).fmt(f),
            Self::DoubleVec(vector) => {
                f.write_str("[")?;
                for (index, number) in vector.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{}", number::show(*number))?;
                }
                f.write_str("]")
            }
            Self::String(text) => f.write_str(text),
            Self::Timestamp(time) => time.fmt(f),
            Self::TimeInterval(interval) => interval.fmt(f),
            Self::DeallocationOption(option) => option.fmt(f),
        }
    }
}

impl Deref for Vector<'_> {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match self {
            Self::Samples(samples) => samples,
            Self::Computed(vector) => vector,
        }
    }
}

impl PartialEq for Vector<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
