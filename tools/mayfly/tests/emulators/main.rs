//! `mayfly emulate`, `mayfly up` and `mayfly autoscale plan --github` as programs.

mod control;
mod ends;
mod https;
mod manual;
mod past_jobs;
mod program;
mod starts;
mod texts;
mod up;
