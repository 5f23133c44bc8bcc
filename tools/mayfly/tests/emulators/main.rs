//! `mayfly emulate` and `mayfly up` as programs.

mod control;
mod ends;
mod https;
mod manual;
mod program;
mod starts;
mod texts;
mod up;
