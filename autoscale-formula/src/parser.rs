//! The parser: turns tokens into statements.
//!
//! ```text
//! formula    = [statement] {";" [statement]}
//! statement  = [name "="] expression
//! expression = chain {"?" expression ":" chain}
//! chain      = operands joined by || , && , < <= == >= > != , + - , * /   (loosest first, each from the left)
//! unary      = {"-" | "!"} postfix
//! postfix    = primary {"." member | "." method "(" arguments ")"}
//! primary    = number | string | option | name | name "(" arguments ")" | "(" expression ")" | "[" arguments "]"
//! ```

mod expression;
mod names;

use crate::error::{Error, Position};
use crate::lexer::{self, Kind, Token};
use crate::limits::MAX_STATEMENTS;
use crate::syntax::{Name, Statement};

pub(crate) use names::Names;

/// Parses the statements of a formula and collects its own variables.
pub(crate) fn parse(source: &str) -> Result<(Vec<Statement>, Names), Error> {
    let tokens = lexer::tokens(source)?;
    let mut parser = Parser { tokens: &tokens, depth: 0, names: Names::default() };
    let mut statements = Vec::new();
    loop {
        while parser.accept(";").is_some() {}
        let next = parser.peek();
        if next.kind == Kind::End {
            return Ok((statements, parser.names));
        }
        if statements.len() == MAX_STATEMENTS {
            let text = format!("more than {MAX_STATEMENTS} statements");
            return Err(Error::syntax(next.at, text));
        }
        statements.push(parser.statement()?);
        let next = parser.peek();
        if !matches!(next.kind, Kind::End | Kind::Symbol(";")) {
            return Err(unexpected(next));
        }
    }
}

struct Parser<'t, 's> {
    /// The remaining tokens. The last one is the end and is never taken.
    tokens: &'t [Token<'s>],
    depth: usize,
    names: Names,
}

impl<'s> Parser<'_, 's> {
    fn statement(&mut self) -> Result<Statement, Error> {
        let target = self.assigned();
        let value = self.expression()?;
        Ok(Statement { target, value })
    }

    /// Takes `name =`, if it is next.
    fn assigned(&mut self) -> Option<Name> {
        let [first, second, ..] = self.tokens else { return None };
        let (Kind::Name(name), Kind::Symbol("=")) = (first.kind, second.kind) else { return None };
        self.tokens = &self.tokens[2..];
        Some(Name { variable: self.names.resolve(name), at: first.at })
    }

    fn peek(&self) -> Token<'s> {
        self.tokens[0]
    }

    fn next(&mut self) -> Token<'s> {
        let token = self.tokens[0];
        if token.kind != Kind::End {
            self.tokens = &self.tokens[1..];
        }
        token
    }

    /// Takes a symbol, if it is next.
    fn accept(&mut self, symbol: &'static str) -> Option<Position> {
        (self.peek().kind == Kind::Symbol(symbol)).then(|| self.next().at)
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Error> {
        if self.accept(symbol).is_some() {
            return Ok(());
        }
        let next = self.peek();
        let text = format!("expected '{symbol}', found {}", described(next.kind));
        Err(Error::syntax(next.at, text))
    }
}

fn unexpected(token: Token<'_>) -> Error {
    let what = described(token.kind);
    Error::syntax(token.at, format!("unexpected {}", what.trim_start_matches("the ")))
}

fn described(kind: Kind<'_>) -> String {
    match kind {
        Kind::Number(number) => number.to_string(),
        Kind::Text(text) => format!("\"{text}\""),
        Kind::Name(name) => format!("'{name}'"),
        Kind::Option(option) => format!("'{option}'"),
        Kind::Symbol(symbol) => format!("'{symbol}'"),
        Kind::End => "the end of the formula".to_owned(),
    }
}
