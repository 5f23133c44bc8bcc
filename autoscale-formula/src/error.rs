//! Errors of formulas, with Batch's codes.

use std::fmt::Write;

use crate::limits::MAX_LENGTH;
use crate::number;

/// The reason why a formula could not be parsed or evaluated.
///
/// `Display` gives the text that Batch puts under `values` in the error of an autoscale run:
///
/// ```
/// let error = autoscale_formula::parse("$TargetDedicatedNodes = max(0, ;").unwrap_err();
/// assert_eq!(error.to_string(), "Line 1, Col 32: unexpected ';'");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Line {}, Col {}: {text}", at.line, at.column)]
pub struct Error {
    code: Code,
    at: Position,
    text: String,
}

/// A position in a formula. Lines and columns count characters from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Batch's code of an autoscale error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// The formula does not follow the grammar. Batch rejects it with 400.
    SyntaxError,
    /// The formula is longer than [`MAX_LENGTH`](crate::MAX_LENGTH). Batch rejects it with 400.
    TooLong,
    /// The formula follows the grammar but has no result.
    EvaluationError,
    /// The formula requires more samples than are available.
    InsufficientSampleData,
}

impl Code {
    /// Returns the code as Batch spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SyntaxError => "AutoScalingFormulaSyntaxError",
            Self::TooLong => "AutoScaleFormulaTooLong",
            Self::EvaluationError => "AutoScalingFormulaEvaluationError",
            Self::InsufficientSampleData => "InsufficientSampleData",
        }
    }

    /// Returns the message that Batch sends with the code.
    pub fn message(self) -> &'static str {
        match self {
            Self::SyntaxError => "The specified auto-scaling formula has a syntax error",
            Self::TooLong => "The specified auto-scaling formula exceeds lengths limit",
            Self::EvaluationError => "The specified auto-scaling formula has evaluation error",
            Self::InsufficientSampleData => {
                "Autoscale evaluation failed due to insufficient sample data"
            }
        }
    }
}

impl Error {
    pub(crate) fn syntax(at: Position, text: impl Into<String>) -> Self {
        Self { code: Code::SyntaxError, at, text: text.into() }
    }

    pub(crate) fn too_long(at: Position, length: usize) -> Self {
        let text = format!("the formula has {length} characters, {MAX_LENGTH} are allowed");
        Self { code: Code::TooLong, at, text }
    }

    pub(crate) fn evaluation(at: Position, text: impl Into<String>) -> Self {
        Self { code: Code::EvaluationError, at, text: text.into() }
    }

    /// Creates the error with Batch's text, as recorded in the tests of its SDKs.
    pub(crate) fn undefined(at: Position, name: &str) -> Self {
        Self::evaluation(at, format!("Undefined symbol: {name}"))
    }

    /// Creates the error with Batch's text, as in its documentation.
    pub(crate) fn insufficient(at: Position, set: &str, wanted: f64, received: f64) -> Self {
        let (wanted, received) = (number::show(wanted), number::show(received));
        let text = format!(
            "Insufficient data from data set: {set} wanted {wanted}%, received {received}%"
        );
        Self { code: Code::InsufficientSampleData, at, text }
    }

    /// Returns Batch's code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns the position in the formula.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Returns the description without the position.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Renders the error with its line of `source` and a caret at the position.
    ///
    /// ```
    /// let source = "nodes = 4;\n$TargetDedicatedNodes = nodes +;";
    /// let error = autoscale_formula::parse(source).unwrap_err();
    /// assert_eq!(
    ///     error.render(source),
    ///     "AutoScalingFormulaSyntaxError: unexpected ';'
    ///  --> line 2, column 32
    ///   |
    /// 2 | $TargetDedicatedNodes = nodes +;
    ///   |                                ^"
    /// );
    /// ```
    pub fn render(&self, source: &str) -> String {
        let Position { line, column } = self.at;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let mut shown = format!(
            "{}: {}\n{margin}--> line {line}, column {column}",
            self.code.as_str(),
            self.text
        );
        if let Some(text) = source.lines().nth(line as usize - 1) {
            let before = text.chars().chain(std::iter::repeat(' ')).take(column as usize - 1);
            // A tab stays a tab, so that the caret is under its character at any tab width.
            let indent: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
            write!(shown, "\n{margin} |\n{number} | {text}\n{margin} | {indent}^")
                .expect("writing to a String cannot fail");
        }
        shown
    }
}
