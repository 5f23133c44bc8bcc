//! Is the shape of a formula: statements and expressions, with names resolved.
//!
//! Chains (`a + b - c`, `c ? x : d ? y : z`, `- - a`) are lists, not towers: their length costs no depth, so the
//! depth of a tree is the depth of nesting, which the parser limits.

use std::sync::Arc;

use crate::call::Function;
use crate::deallocation::DeallocationOption;
use crate::error::Position;
use crate::op::{Binary, Unary};
use crate::sampling::Method;
use crate::time::{Interval, Member, Timestamp};
use crate::variable::{Metric, Target};

/// Is a statement: an assignment, or an expression for its effect alone (`stop()`).
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) target: Option<Name>,
    pub(crate) value: Expression,
}

/// Is a variable where it is mentioned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) variable: Variable,
    pub(crate) at: Position,
}

/// Is what a name stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variable {
    Target {
        target: Target,
        alias: bool,
    },
    DeallocationOption,
    Metric(Metric),
    Unit(Interval),
    /// A variable of the formula's own, by its place among them.
    Own(usize),
}

/// Is an expression.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Number(f64),
    Text(Arc<str>),
    Option(DeallocationOption),
    /// A `time("…")` whose text could be read.
    Time(Timestamp),
    Name(Name),
    Vector(Vec<Expression>, Position),
    Unary(Vec<(Unary, Position)>, Box<Expression>),
    Chain(Box<Expression>, Vec<Link>),
    Ternary(Vec<Branch>, Box<Expression>),
    Call(Function, Position, Vec<Expression>),
    Sampling(Metric, Method, Position, Vec<Expression>),
    Member(Box<Expression>, Member, Position),
    /// What can be written but not evaluated: a function, a method or a member that does not exist,
    /// and what it would be a member of.
    Unknown(Option<Box<Expression>>, Arc<str>, Position),
}

/// Is an operator in a chain, with its right operand.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) operator: Binary,
    pub(crate) at: Position,
    pub(crate) operand: Expression,
}

/// Is `condition ? value :` in a ternary.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) condition: Expression,
    pub(crate) at: Position,
    pub(crate) value: Expression,
}
