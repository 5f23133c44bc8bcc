//! Parsing of expressions.

use super::{Parser, unexpected};
use crate::call::Function;
use crate::error::{Error, Position};
use crate::lexer::Kind;
use crate::limits::MAX_DEPTH;
use crate::op::{Binary, Level, Unary};
use crate::sampling::Method;
use crate::syntax::{Branch, Expression, Link, Name, Variable};
use crate::time::{Member, Timestamp};

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Result<Expression, Error> {
        if self.depth == MAX_DEPTH {
            let text = format!("nested more than {MAX_DEPTH} deep");
            return Err(Error::syntax(self.peek().at, text));
        }
        self.depth += 1;
        let expression = self.ternary();
        self.depth -= 1;
        expression
    }

    fn ternary(&mut self) -> Result<Expression, Error> {
        let mut branches = Vec::new();
        loop {
            let condition = self.chain(Level::LOOSEST)?;
            let Some(at) = self.accept("?") else {
                return Ok(if branches.is_empty() {
                    condition
                } else {
                    Expression::Ternary(branches, Box::new(condition))
                });
            };
            let value = self.expression()?;
            self.expect(":")?;
            branches.push(Branch { condition, at, value });
        }
    }

    /// Parses operands joined by operators of a precedence level or a tighter one.
    fn chain(&mut self, level: Level) -> Result<Expression, Error> {
        let first = self.operand(level)?;
        let mut links = Vec::new();
        while let Some((operator, at)) = self.operator(level) {
            let operand = self.operand(level)?;
            links.push(Link { operator, at, operand });
        }
        Ok(if links.is_empty() { first } else { Expression::Chain(Box::new(first), links) })
    }

    fn operand(&mut self, level: Level) -> Result<Expression, Error> {
        match level.tighter() {
            Some(tighter) => self.chain(tighter),
            None => self.unary(),
        }
    }

    fn operator(&mut self, level: Level) -> Option<(Binary, Position)> {
        let Kind::Symbol(symbol) = self.peek().kind else { return None };
        let operator = Binary::written(symbol).filter(|operator| operator.level() == level)?;
        Some((operator, self.next().at))
    }

    fn unary(&mut self) -> Result<Expression, Error> {
        let mut operators = Vec::new();
        while let Kind::Symbol(symbol) = self.peek().kind
            && let Some(operator) = Unary::written(symbol)
        {
            operators.push((operator, self.next().at));
        }
        let operand = self.postfix()?;
        Ok(if operators.is_empty() {
            operand
        } else {
            Expression::Unary(operators, Box::new(operand))
        })
    }

    fn postfix(&mut self) -> Result<Expression, Error> {
        let mut expression = self.primary()?;
        // `$CPUPercent.HistoryBeginTime().hour` is the longest meaningful postfix: a number has no
        // members.
        for _ in 0..2 {
            if self.accept(".").is_none() {
                break;
            }
            expression = self.member(expression)?;
        }
        Ok(expression)
    }

    /// Parses a member, or a method with its arguments, after the point.
    fn member(&mut self, of: Expression) -> Result<Expression, Error> {
        let token = self.next();
        let Kind::Name(name) = token.kind else { return Err(unexpected(token)) };
        let unknown = |of| Expression::Unknown(of, name.into(), token.at);
        let Some(at) = self.accept("(") else {
            return Ok(match Member::named(name) {
                Some(member) => Expression::Member(Box::new(of), member, token.at),
                None => unknown(Some(Box::new(of))),
            });
        };
        let arguments = self.arguments(")")?;
        Ok(match (of, Method::named(name)) {
            (Expression::Name(Name { variable: Variable::Metric(metric), .. }), Some(method)) => {
                Expression::Sampling(metric, method, at, arguments)
            }
            (Expression::Name(Name { variable: Variable::Metric(_), .. }), None) => unknown(None),
            (of, _) => unknown(Some(Box::new(of))),
        })
    }

    fn primary(&mut self) -> Result<Expression, Error> {
        let token = self.next();
        match token.kind {
            Kind::Number(number) => Ok(Expression::Number(number)),
            Kind::Text(text) => Ok(Expression::Text(text.into())),
            Kind::Option(option) => Ok(Expression::Option(option)),
            Kind::Name(name) => Ok(match self.accept("(") {
                Some(at) => self.call(name, token.at, at)?,
                None => {
                    let variable = self.names.resolve(name);
                    Expression::Name(Name { variable, at: token.at })
                }
            }),
            Kind::Symbol("(") => {
                let expression = self.expression()?;
                self.expect(")")?;
                Ok(expression)
            }
            Kind::Symbol("[") => Ok(Expression::Vector(self.arguments("]")?, token.at)),
            _ => Err(unexpected(token)),
        }
    }

    fn call(&mut self, name: &str, name_at: Position, at: Position) -> Result<Expression, Error> {
        let arguments = self.arguments(")")?;
        let Some(function) = Function::named(name) else {
            return Ok(Expression::Unknown(None, name.into(), name_at));
        };
        if let (Function::Time, [Expression::Text(text)]) = (function, arguments.as_slice())
            && let Some(time) = Timestamp::parse(text)
        {
            return Ok(Expression::Time(time));
        }
        Ok(Expression::Call(function, at, arguments))
    }

    /// Parses comma-separated expressions up to the closing symbol.
    fn arguments(&mut self, close: &'static str) -> Result<Vec<Expression>, Error> {
        let mut arguments = Vec::new();
        if self.accept(close).is_some() {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.accept(",").is_none() {
                self.expect(close)?;
                return Ok(arguments);
            }
        }
    }
}
