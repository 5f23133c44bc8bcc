//! Decides where Batch's documents are silent.

/// Is how to decide what the documentation of formulas leaves open.
///
/// The defaults follow what the service has been seen to do; where nobody has published that, the reading
/// under which a formula that passes here is the least likely to fail in Azure.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// The percentage of samples that `GetSample(start)` and `GetSample(start, end)` demand when the
    /// formula names none. The service was seen to want 70 (Azure/batch-shipyard#138); the
    /// documentation says nothing.
    pub sample_percent: f64,
    /// What `avg`, `max`, `min`, `percentile` and `range` of no number come to, `std` of fewer than two,
    /// and `val` beyond the end. On a new pool, without samples, the service was seen to evaluate
    /// `val($PendingTasks.GetSample(1), 0)` and `max($PendingTasks.GetSample(1))` without an error
    /// (Azure/batch-shipyard#138 and #208).
    pub no_value: NoValue,
    /// What a division by zero comes to.
    pub division_by_zero: DivisionByZero,
    /// Which number `percentile(v, p)` takes. The documentation speaks of an element of the vector.
    pub percentile: Percentile,
    /// What becomes of a target below zero.
    pub negative_target: NegativeTarget,
    /// In which order `GetSample` returns samples.
    pub sample_order: SampleOrder,
}

/// Is what a function comes to that has nothing to work on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum NoValue {
    /// Not a number: every comparison with it is false, `max` and `min` pass over it, and a target
    /// that comes to it is an error.
    #[default]
    NotANumber,
    /// Zero.
    Zero,
    /// An evaluation error.
    Error,
}

/// Is what a division by zero comes to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DivisionByZero {
    /// An infinity, or not a number for 0 / 0; a target that comes to either is an error.
    #[default]
    Infinity,
    /// An evaluation error at once.
    Error,
}

/// Is a definition of the percentile.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Percentile {
    /// The smallest element that at least `p` percent of the elements do not exceed.
    #[default]
    NearestRank,
    /// Between the two elements around rank `p / 100 × (n − 1)`, in proportion.
    Linear,
}

/// Is what becomes of a target below zero. A fraction between −1 and 0 is truncated to zero first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum NegativeTarget {
    /// An evaluation error.
    #[default]
    Error,
    /// Zero.
    Zero,
}

/// Is the order of the samples in a vector.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SampleOrder {
    /// The order in which they were taken.
    #[default]
    OldestFirst,
    /// The newest in front.
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
