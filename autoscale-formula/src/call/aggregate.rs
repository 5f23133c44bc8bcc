//! Aggregate functions.

use super::{Function, Problem, does_not_take, numbers, slice};
use crate::choices::{Choices, NoValue, Percentile};
use crate::value::Value;

/// Applies a function that takes any number of doubles and vectors.
pub(super) fn of_all(
    function: Function,
    arguments: &[Value<'_>],
    choices: &Choices,
) -> Result<f64, Problem> {
    let numbers = numbers(arguments)?;
    let found = match function {
        Function::Len => Some(numbers.count() as f64),
        Function::Sum => Some(numbers.sum()),
        Function::Norm => Some(numbers.map(|number| number * number).sum::<f64>().sqrt()),
        Function::Avg => average(numbers),
        Function::Max => largest(numbers),
        Function::Min => smallest(numbers),
        Function::Range => {
            let extremes = smallest(numbers.clone()).zip(largest(numbers));
            extremes.map(|(smallest, largest)| largest - smallest)
        }
        Function::Std => deviation(numbers),
        _ => return Err(does_not_take(arguments)),
    };
    found.map_or_else(|| nothing(choices), Ok)
}

/// Evaluates `percentile(v, p)`.
pub(super) fn percentile(arguments: &[Value<'_>], choices: &Choices) -> Result<f64, Problem> {
    let [values @ (Value::Double(_) | Value::DoubleVec(_)), Value::Double(percent)] = arguments
    else {
        return Err(does_not_take(arguments));
    };
    if !(0.0..=100.0).contains(percent) {
        return Err("takes a percentage from 0 to 100".to_owned());
    }
    let mut values = slice(values).to_vec();
    let Some(last) = values.len().checked_sub(1) else {
        return nothing(choices);
    };
    let rank = match choices.percentile {
        Percentile::NearestRank => (percent * values.len() as f64 / 100.0).ceil().max(1.0) - 1.0,
        Percentile::Linear => percent * last as f64 / 100.0,
    };
    let place = (rank as usize).min(last);
    let (_, found, above) = values.select_nth_unstable_by(place, f64::total_cmp);
    let next = above.iter().copied().reduce(f64::min).unwrap_or(*found);
    let fraction = rank.fract();
    Ok(if fraction > 0.0 { *found + (next - *found) * fraction } else { *found })
}

/// Evaluates `val(v, i)`.
pub(super) fn val(arguments: &[Value<'_>], choices: &Choices) -> Result<f64, Problem> {
    let [values @ (Value::Double(_) | Value::DoubleVec(_)), Value::Double(index)] = arguments
    else {
        return Err(does_not_take(arguments));
    };
    if index.is_nan() || *index < 0.0 {
        return Err("takes an index from 0".to_owned());
    }
    slice(values).get(*index as usize).copied().map_or_else(|| nothing(choices), Ok)
}

fn average(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = counted_sum(numbers);
    (count > 0.0).then(|| sum / count)
}

fn largest(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    numbers.reduce(f64::max)
}

fn smallest(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    numbers.reduce(f64::min)
}

/// Returns the standard deviation of a sample, with divisor n − 1.
fn deviation(numbers: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let (count, sum) = counted_sum(numbers.clone());
    let mean = sum / count;
    let squares: f64 = numbers.map(|number| (number - mean) * (number - mean)).sum();
    (count > 1.0).then(|| (squares / (count - 1.0)).sqrt())
}

fn counted_sum(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers.fold((0.0, 0.0), |(count, sum), number| (count + 1.0, sum + number))
}

fn nothing(choices: &Choices) -> Result<f64, Problem> {
    match choices.no_value {
        NoValue::NotANumber => Ok(f64::NAN),
        NoValue::Zero => Ok(0.0),
        NoValue::Error => Err("has nothing to work on".to_owned()),
    }
}
