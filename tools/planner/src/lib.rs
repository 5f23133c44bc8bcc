#![doc = include_str!("../README.md")]

pub mod trace;
pub mod timings;
pub mod demand;
pub mod table;
pub mod formula;
pub mod pool;
pub mod candidate;
pub mod weeks;
pub mod choice;
pub mod baselines;
pub mod judge;
pub mod generators;
pub mod input;
pub mod plan;
pub mod report;
pub mod picture;
