//! `mayfly emulate`, `mayfly up` and `mayfly autoscale plan` as programs.

mod control;
mod ends;
mod https;
mod live_price;
mod manual;
mod past_jobs;
mod program;
mod starts;
mod texts;
mod up;
