//! The limits of formulas.

/// The maximum number of characters of a formula.
pub const MAX_LENGTH: usize = 8192;
/// The maximum number of statements of a formula.
pub const MAX_STATEMENTS: usize = 100;
/// The maximum nesting of parentheses, brackets, calls and ternaries of a formula.
pub const MAX_DEPTH: usize = 100;
