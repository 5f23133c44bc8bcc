//! Choices where Batch's documentation is silent.

/// The choices that the documentation of formulas leaves open.
///
/// The defaults follow observations of the service. Where none are published, they are strict: a
/// formula that passes here should not fail in Azure.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// The percentage of samples that `GetSample(start)` and `GetSample(start, end)` require if the
    /// formula names none. The service was observed to require 70 (Azure/batch-shipyard#138); the
    /// documentation does not say.
    pub sample_percent: f64,
    /// The result of `avg`, `max`, `min`, `percentile` and `range` of no number, of `std` of fewer
    /// than two, and of `val` beyond the end. On a new pool without samples, the service was
    /// observed to evaluate `val($PendingTasks.GetSample(1), 0)` and
    /// `max($PendingTasks.GetSample(1))` without an error (Azure/batch-shipyard#138 and #208).
    pub no_value: NoValue,
    /// The result of a division by zero.
    pub division_by_zero: DivisionByZero,
    /// The definition of `percentile(v, p)`. The documentation speaks of an element of the vector.
    pub percentile: Percentile,
    /// The handling of a target below zero.
    pub negative_target: NegativeTarget,
    /// The order of the samples that `GetSample` returns.
    pub sample_order: SampleOrder,
}

/// The result of a function without values.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum NoValue {
    /// Not a number: every comparison with it is false, `max` and `min` ignore it, and a target
    /// with this value is an error.
    #[default]
    NotANumber,
    /// Zero.
    Zero,
    /// An evaluation error.
    Error,
}

/// The result of a division by zero.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DivisionByZero {
    /// An infinity, or not a number for 0 / 0; a target with either value is an error.
    #[default]
    Infinity,
    /// An evaluation error.
    Error,
}

/// A definition of the percentile.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Percentile {
    /// The smallest element that at least `p` percent of the elements do not exceed.
    #[default]
    NearestRank,
    /// Linear interpolation between the two elements around rank `p / 100 × (n − 1)`.
    Linear,
}

/// The handling of a target below zero. A fraction between −1 and 0 is truncated to zero first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum NegativeTarget {
    /// An evaluation error.
    #[default]
    Error,
    /// Zero.
    Zero,
}

/// The order of the samples in a vector.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SampleOrder {
    /// The oldest sample first.
    #[default]
    OldestFirst,
    /// The newest sample first.
    NewestFirst,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            sample_percent: 70.0,
            no_value: NoValue::default(),
            division_by_zero: DivisionByZero::default(),
            percentile: Percentile::default(),
            negative_target: NegativeTarget::default(),
            sample_order: SampleOrder::default(),
        }
    }
}
