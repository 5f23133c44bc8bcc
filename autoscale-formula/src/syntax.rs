//! The syntax tree of a formula: statements and expressions, with resolved names.
//!
//! Chains (`a + b - c`, `c ? x : d ? y : z`, `- - a`) are lists, not nested nodes: their length
//! does not add depth. So the depth of a tree is the depth of nesting, which the parser limits.

use std::sync::Arc;

use crate::call::Function;
use crate::deallocation::DeallocationOption;
use crate::error::Position;
use crate::op::{Binary, Unary};
use crate::sampling::Method;
use crate::time::{Interval, Member, Timestamp};
use crate::variable::{Metric, Target};

/// A statement: an assignment, or an expression for its effect (`stop()`).
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) target: Option<Name>,
    pub(crate) value: Expression,
}

/// A mention of a variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) variable: Variable,
    pub(crate) at: Position,
}

/// A resolved variable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variable {
    Target {
        target: Target,
        alias: bool,
    },
    DeallocationOption,
    Metric(Metric),
    Unit(Interval),
    /// The formula's own variable with this index.
    Own(usize),
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Number(f64),
    Text(Arc<str>),
    Option(DeallocationOption),
    /// A `time("…")` with a valid text.
    Time(Timestamp),
    Name(Name),
    Vector(Vec<Expression>, Position),
    Unary(Vec<(Unary, Position)>, Box<Expression>),
    Chain(Box<Expression>, Vec<Link>),
    Ternary(Vec<Branch>, Box<Expression>),
    Call(Function, Position, Vec<Expression>),
    Sampling(Metric, Method, Position, Vec<Expression>),
    Member(Box<Expression>, Member, Position),
    /// A call or member that parses but cannot be evaluated: an unknown function, method or member,
    /// with the expression before its point.
    Unknown(Option<Box<Expression>>, Arc<str>, Position),
}

/// An operator in a chain, with its right operand.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) operator: Binary,
    pub(crate) at: Position,
    pub(crate) operand: Expression,
}

/// `condition ? value :` in a ternary.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) condition: Expression,
    pub(crate) at: Position,
    pub(crate) value: Expression,
}
