//! The methods of sample variables.

use crate::choices::{Choices, SampleOrder};
use crate::error::{Error, Position};
use crate::samples::Samples;
use crate::time::{Interval, Timestamp};
use crate::value::{Value, Vector};
use crate::variable::Metric;

/// A method of a sample variable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Method {
    Count,
    GetSample,
    GetSamplePercent,
    GetSamplePeriod,
    HistoryBeginTime,
}

impl Method {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Count" => Self::Count,
            "GetSample" => Self::GetSample,
            "GetSamplePercent" => Self::GetSamplePercent,
            "GetSamplePeriod" => Self::GetSamplePeriod,
            "HistoryBeginTime" => Self::HistoryBeginTime,
            _ => return None,
        })
    }
}

/// A method call on a variable, with its input and position.
#[derive(Clone, Copy)]
pub(crate) struct SampleQuery<'a> {
    pub(crate) metric: Metric,
    pub(crate) at: Position,
    pub(crate) samples: &'a Samples,
    pub(crate) choices: &'a Choices,
    pub(crate) now: &'a Timestamp,
}

/// A time window from `start`, exclusive, to `end`, inclusive.
#[derive(Clone, Copy)]
struct Window {
    start: Timestamp,
    end: Timestamp,
}

impl<'a> SampleQuery<'a> {
    /// Calls a method with the values of its arguments.
    pub(crate) fn call(self, method: Method, arguments: &[Value<'a>]) -> Result<Value<'a>, Error> {
        let visible = self.samples.visible(self.metric, self.now);
        match (method, arguments) {
            (Method::Count, []) => Ok(Value::Double(visible.values.len() as f64)),
            (Method::GetSamplePeriod, []) => Ok(Value::TimeInterval(self.samples.period())),
            (Method::HistoryBeginTime, []) => {
                Ok(Value::Timestamp(*visible.times.first().unwrap_or(self.now)))
            }
            (Method::GetSamplePercent, [start]) => self.percent_since(start, None),
            (Method::GetSamplePercent, [start, end]) => self.percent_since(start, Some(end)),
            (Method::GetSample, [Value::Double(count)]) => self.newest(*count),
            (Method::GetSample, [start]) => self.sample(start, None, None),
            (Method::GetSample, [start, Value::Double(percent)]) => {
                self.sample(start, None, Some(*percent))
            }
            (Method::GetSample, [start, end]) => self.sample(start, Some(end), None),
            (Method::GetSample, [start, end, Value::Double(percent)]) => {
                self.sample(start, Some(end), Some(*percent))
            }
            _ => Err(self.wrong_arguments(arguments)),
        }
    }

    fn newest(self, count: f64) -> Result<Value<'a>, Error> {
        if count.is_nan() || count < 0.0 {
            return Err(self.wrong("the count of samples is not a number from 0"));
        }
        Ok(self.vector(self.samples.visible(self.metric, self.now).newest(count as usize)))
    }

    fn sample(
        self,
        start: &Value<'a>,
        end: Option<&Value<'a>>,
        percent: Option<f64>,
    ) -> Result<Value<'a>, Error> {
        let wanted = percent.unwrap_or(self.choices.sample_percent);
        let (samples, received) = self.window(start, end)?;
        // Not `received < wanted`: a percentage that is not a number is never reached.
        if received >= wanted {
            Ok(self.vector(samples))
        } else {
            Err(Error::insufficient(self.at, self.metric.name(), wanted, received))
        }
    }

    fn percent_since(self, start: &Value<'a>, end: Option<&Value<'a>>) -> Result<Value<'a>, Error> {
        let (_, percent) = self.window(start, end)?;
        Ok(Value::Double(percent))
    }

    /// Returns the samples in a window, and their percentage of the expected number.
    fn window(self, start: &Value<'a>, end: Option<&Value<'a>>) -> Result<(&'a [f64], f64), Error> {
        let start = self.time(start)?;
        let end = end.map_or(Ok(*self.now), |end| self.time(end))?;
        // The documentation uses both orders of the two ends.
        let window = Window { start: start.min(end), end: start.max(end) };
        let visible = self.samples.visible(self.metric, self.now);
        let samples = visible.between(window.start, window.end);
        Ok((samples, window.percent(samples.len(), self.samples.period())))
    }

    /// Returns a timestamp, or the time that is an interval before now.
    fn time(self, value: &Value<'a>) -> Result<Timestamp, Error> {
        match value {
            Value::Timestamp(time) => Ok(*time),
            Value::TimeInterval(interval) => Ok(self.now.back(interval.length())),
            other => {
                let found = other.type_name();
                Err(self.wrong(&format!("expected a timestamp or a timeinterval, found {found}")))
            }
        }
    }

    fn vector(self, samples: &'a [f64]) -> Value<'a> {
        match self.choices.sample_order {
            SampleOrder::OldestFirst => Value::DoubleVec(Vector::Samples(samples)),
            SampleOrder::NewestFirst => {
                Value::from(samples.iter().rev().copied().collect::<Vec<_>>())
            }
        }
    }

    fn wrong_arguments(self, arguments: &[Value<'a>]) -> Error {
        let types: Vec<_> = arguments.iter().map(Value::type_name).collect();
        self.wrong(&format!("no overload takes ({})", types.join(", ")))
    }

    fn wrong(self, problem: &str) -> Error {
        Error::evaluation(self.at, problem)
    }
}

impl Window {
    fn percent(self, present: usize, period: Interval) -> f64 {
        let expected = self.end.since(self.start).periods(period).max(1);
        (100.0 * present as f64 / expected as f64).min(100.0)
    }
}
