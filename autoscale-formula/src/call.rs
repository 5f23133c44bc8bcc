//! Functions, and the evaluation of those that depend only on their arguments.

mod aggregate;

use crate::choices::Choices;
use crate::value::Value;

/// A function.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Function {
    Avg,
    Ceil,
    Floor,
    Len,
    Lg,
    Ln,
    Log,
    Max,
    Min,
    Norm,
    Percentile,
    Rand,
    Range,
    Round,
    Std,
    Stop,
    Sum,
    Time,
    Val,
}

/// The reason why a function does not apply, as text after its name.
pub(crate) type Problem = String;

impl Function {
    const ALL: [(&str, Self); 19] = [
        ("avg", Self::Avg),
        ("ceil", Self::Ceil),
        ("floor", Self::Floor),
        ("len", Self::Len),
        ("lg", Self::Lg),
        ("ln", Self::Ln),
        ("log", Self::Log),
        ("max", Self::Max),
        ("min", Self::Min),
        ("norm", Self::Norm),
        ("percentile", Self::Percentile),
        ("rand", Self::Rand),
        ("range", Self::Range),
        ("round", Self::Round),
        ("std", Self::Std),
        ("stop", Self::Stop),
        ("sum", Self::Sum),
        ("time", Self::Time),
        ("val", Self::Val),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, function)| function)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// Applies a function of numbers to its arguments.
    pub(crate) fn apply<'a>(
        self,
        arguments: &[Value<'a>],
        choices: &Choices,
    ) -> Result<Value<'a>, Problem> {
        match self {
            Self::Ceil => each(arguments, f64::ceil),
            Self::Floor => each(arguments, f64::floor),
            Self::Round => each(arguments, f64::round),
            Self::Lg => each(arguments, f64::log2),
            Self::Ln => each(arguments, f64::ln),
            Self::Log => each(arguments, f64::log10),
            Self::Percentile => aggregate::percentile(arguments, choices).map(Value::Double),
            Self::Val => aggregate::val(arguments, choices).map(Value::Double),
            Self::Rand | Self::Stop | Self::Time => Err(does_not_take(arguments)),
            _ => aggregate::of_all(self, arguments, choices).map(Value::Double),
        }
    }
}

/// Applies a function to each number: a single double gives a double, anything else a vector.
fn each<'a>(arguments: &[Value<'a>], function: fn(f64) -> f64) -> Result<Value<'a>, Problem> {
    match arguments {
        [Value::Double(number)] => Ok(Value::Double(function(*number))),
        _ => Ok(Value::from(numbers(arguments)?.map(function).collect::<Vec<_>>())),
    }
}

/// Concatenates doubles and vectors: the documentation's doubleVecList.
fn numbers<'v>(
    arguments: &'v [Value<'_>],
) -> Result<impl Iterator<Item = f64> + Clone + 'v, Problem> {
    let numeric = |value: &Value<'_>| matches!(value, Value::Double(_) | Value::DoubleVec(_));
    if !arguments.iter().all(numeric) {
        return Err(does_not_take(arguments));
    }
    Ok(arguments.iter().flat_map(|argument| slice(argument).iter().copied()))
}

/// Returns the numbers of one argument.
fn slice<'v>(argument: &'v Value<'_>) -> &'v [f64] {
    match argument {
        Value::Double(number) => std::slice::from_ref(number),
        Value::DoubleVec(vector) => vector,
        _ => &[],
    }
}

pub(crate) fn does_not_take(arguments: &[Value<'_>]) -> Problem {
    let types: Vec<_> = arguments.iter().map(Value::type_name).collect();
    format!("does not take ({})", types.join(", "))
}
