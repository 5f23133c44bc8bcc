//! Operators.

use crate::choices::{Choices, DivisionByZero};
use crate::time::Interval;
use crate::value::{Value, Vector};

/// A binary operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Binary {
    Or,
    And,
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    NotEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A unary operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unary {
    Negate,
    Not,
}

/// A precedence level, from the loosest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Level {
    Or,
    And,
    Comparison,
    Sum,
    Product,
}

impl Binary {
    const ALL: [Self; 12] = [
        Self::Or,
        Self::And,
        Self::Less,
        Self::LessOrEqual,
        Self::Equal,
        Self::GreaterOrEqual,
        Self::Greater,
        Self::NotEqual,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
    ];

    pub(crate) fn written(symbol: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.symbol() == symbol)
    }

    pub(crate) fn level(self) -> Level {
        match self {
            Self::Or => Level::Or,
            Self::And => Level::And,
            Self::Add | Self::Subtract => Level::Sum,
            Self::Multiply | Self::Divide => Level::Product,
            _ => Level::Comparison,
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "==",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
            Self::NotEqual => "!=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

impl Unary {
    pub(crate) fn written(symbol: &str) -> Option<Self> {
        match symbol {
            "-" => Some(Self::Negate),
            "!" => Some(Self::Not),
            _ => None,
        }
    }
}

impl Level {
    pub(crate) const LOOSEST: Self = Self::Or;

    pub(crate) fn tighter(self) -> Option<Self> {
        match self {
            Self::Or => Some(Self::And),
            Self::And => Some(Self::Comparison),
            Self::Comparison => Some(Self::Sum),
            Self::Sum => Some(Self::Product),
            Self::Product => None,
        }
    }
}

/// Applies a unary operator. The error is a description.
pub(crate) fn unary<'a>(operator: Unary, value: &Value<'a>) -> Result<Value<'a>, String> {
    match (operator, value) {
        (Unary::Negate, Value::Double(number)) => Ok(Value::Double(-number)),
        (Unary::Negate, Value::TimeInterval(interval)) => {
            interval.negated().map(Value::TimeInterval).ok_or_else(out_of_range)
        }
        (Unary::Not, Value::Double(number)) => Ok(Value::from(*number == 0.0)),
        (Unary::Negate, value) => Err(format!("'-' does not apply to {}", value.type_name())),
        (Unary::Not, value) => Err(format!("'!' does not apply to {}", value.type_name())),
    }
}

/// Applies a binary operator. The error is a description.
///
/// The pairs of types are those of the documentation's table, plus `timestamp - timeinterval`,
/// which it omits.
pub(crate) fn binary<'a>(
    operator: Binary,
    left: &Value<'a>,
    right: &Value<'a>,
    choices: &Choices,
) -> Result<Value<'a>, String> {
    use Value::{Double, DoubleVec, String, TimeInterval, Timestamp};
    match (operator.level(), left, right) {
        (Level::Comparison, Double(a), Double(b)) => Ok(compared(operator, a, b)),
        (Level::Comparison, String(a), String(b)) => Ok(compared(operator, a, b)),
        (Level::Comparison, Timestamp(a), Timestamp(b)) => Ok(compared(operator, a, b)),
        (Level::Comparison, TimeInterval(a), TimeInterval(b)) => Ok(compared(operator, a, b)),
        (Level::Or, Double(a), Double(b)) => Ok(Value::from(*a != 0.0 || *b != 0.0)),
        (Level::And, Double(a), Double(b)) => Ok(Value::from(*a != 0.0 && *b != 0.0)),
        (Level::Sum | Level::Product, Double(a), Double(b)) => {
            calculated(operator, *a, *b, choices).map(Double)
        }
        (Level::Sum | Level::Product, DoubleVec(a), Double(b)) => a
            .iter()
            .map(|a| calculated(operator, *a, *b, choices))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::from),
        (Level::Sum | Level::Product, DoubleVec(a), DoubleVec(b)) => {
            element_wise(operator, a, b, choices)
        }
        (Level::Sum | Level::Product, ..) => of_times(operator, left, right),
        _ => Err(mismatch(operator, left, right)),
    }
}

fn of_times<'a>(
    operator: Binary,
    left: &Value<'a>,
    right: &Value<'a>,
) -> Result<Value<'a>, String> {
    use Binary::{Add, Divide, Multiply, Subtract};
    use Value::{Double, TimeInterval, Timestamp};
    let interval: Option<Interval> = match (operator, left, right) {
        (Multiply, Double(a), TimeInterval(b)) => b.times(*a),
        (Multiply, TimeInterval(a), Double(b)) => a.times(*b),
        (Divide, TimeInterval(a), Double(b)) => a.divided_by(*b),
        (Add, TimeInterval(a), TimeInterval(b)) => a.plus(*b),
        (Subtract, TimeInterval(a), TimeInterval(b)) => a.minus(*b),
        (Subtract, Timestamp(a), Timestamp(b)) => Some(a.since(*b)),
        (Add, TimeInterval(a), Timestamp(b)) | (Add, Timestamp(b), TimeInterval(a)) => {
            return b.plus(*a).map(Timestamp).ok_or_else(out_of_range);
        }
        (Subtract, Timestamp(a), TimeInterval(b)) => {
            return a.minus(*b).map(Timestamp).ok_or_else(out_of_range);
        }
        _ => return Err(mismatch(operator, left, right)),
    };
    interval.map(TimeInterval).ok_or_else(out_of_range)
}

fn compared<'a, T: PartialOrd>(operator: Binary, a: &T, b: &T) -> Value<'a> {
    Value::from(match operator {
        Binary::Less => a < b,
        Binary::LessOrEqual => a <= b,
        Binary::Equal => a == b,
        Binary::GreaterOrEqual => a >= b,
        Binary::Greater => a > b,
        _ => a != b,
    })
}

fn calculated(operator: Binary, a: f64, b: f64, choices: &Choices) -> Result<f64, String> {
    match operator {
        Binary::Add => Ok(a + b),
        Binary::Subtract => Ok(a - b),
        Binary::Multiply => Ok(a * b),
        _ if b == 0.0 && choices.division_by_zero == DivisionByZero::Error => {
            Err("division by zero".to_owned())
        }
        _ => Ok(a / b),
    }
}

fn element_wise<'a>(
    operator: Binary,
    a: &Vector<'_>,
    b: &Vector<'_>,
    choices: &Choices,
) -> Result<Value<'a>, String> {
    if a.len() != b.len() {
        let (a, b) = (a.len(), b.len());
        return Err(format!("'{}' of vectors of {a} and {b} elements", operator.symbol()));
    }
    let pairs = a.iter().zip(b.iter());
    let elements: Result<Vec<_>, _> =
        pairs.map(|(a, b)| calculated(operator, *a, *b, choices)).collect();
    elements.map(Value::from)
}

fn mismatch(operator: Binary, left: &Value<'_>, right: &Value<'_>) -> String {
    let (left, right) = (left.type_name(), right.type_name());
    format!("'{}' does not apply to {left} and {right}", operator.symbol())
}

fn out_of_range() -> String {
    "the time is out of range".to_owned()
}
