//! `mayfly autoscale`: autoscale formulas, evaluated on given samples or simulated on a trace of tasks.

pub(crate) mod evaluate;
pub(crate) mod simulate;
