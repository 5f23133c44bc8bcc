//! Evaluation of expressions.

use std::sync::Arc;

use super::{Evaluated, Evaluation, Halt, failed};
use crate::call::{Function, does_not_take};
use crate::error::{Error, Position};
use crate::op::{self, Binary, Unary};
use crate::syntax::{Branch, Expression, Link};
use crate::time::Timestamp;
use crate::value::Value;

impl<'a> Evaluation<'a> {
    pub(super) fn value(&mut self, expression: &Expression) -> Evaluated<'a> {
        match expression {
            Expression::Number(number) => Ok(Value::Double(*number)),
            Expression::Text(text) => Ok(Value::String(Arc::clone(text))),
            Expression::Option(option) => Ok(Value::DeallocationOption(*option)),
            Expression::Time(time) => Ok(Value::Timestamp(*time)),
            Expression::Name(name) => self.read(*name),
            Expression::Vector(elements, at) => self.vector(elements, *at),
            Expression::Unary(operators, operand) => self.unary(operators, operand),
            Expression::Chain(first, links) => self.chain(first, links),
            Expression::Ternary(branches, otherwise) => self.ternary(branches, otherwise),
            Expression::Call(function, at, arguments) => self.call(*function, *at, arguments),
            Expression::Sampling(metric, method, at, arguments) => {
                let query = self.query(*metric, *at);
                self.with_arguments(arguments, |_, values| Ok(query.call(*method, values)?))
            }
            Expression::Member(of, member, at) => match self.value(of)? {
                Value::Timestamp(time) => Ok(Value::Double(f64::from(time.member(*member)))),
                other => failed(*at, format!("{} has no such member", other.type_name())),
            },
            Expression::Unknown(None, name, at) => Err(Error::undefined(*at, name).into()),
            Expression::Unknown(Some(of), name, at) => {
                let of = self.value(of)?;
                failed(*at, format!("{} has no member {name}", of.type_name()))
            }
        }
    }

    fn vector(&mut self, elements: &[Expression], at: Position) -> Evaluated<'a> {
        let mut numbers = Vec::with_capacity(elements.len());
        for element in elements {
            match self.value(element)? {
                Value::Double(number) => numbers.push(number),
                other => return failed(at, format!("a vector has no {}", other.type_name())),
            }
        }
        Ok(Value::from(numbers))
    }

    fn unary(&mut self, operators: &[(Unary, Position)], operand: &Expression) -> Evaluated<'a> {
        let mut value = self.value(operand)?;
        for (operator, at) in operators.iter().rev() {
            value = op::unary(*operator, &value).or_else(|problem| failed(*at, problem))?;
        }
        Ok(value)
    }

    fn chain(&mut self, first: &Expression, links: &[Link]) -> Evaluated<'a> {
        let mut left = self.value(first)?;
        for Link { operator, at, operand } in links {
            if let Some(settled) = settled(*operator, &left) {
                left = settled;
                continue;
            }
            let right = self.value(operand)?;
            self.charge(size(&left) + size(&right), *at)?;
            left = op::binary(*operator, &left, &right, self.choices)
                .or_else(|problem| failed(*at, problem))?;
        }
        Ok(left)
    }

    /// Evaluates only the selected branch: others may require samples that do not exist.
    fn ternary(&mut self, branches: &[Branch], otherwise: &Expression) -> Evaluated<'a> {
        for Branch { condition, at, value } in branches {
            match self.value(condition)? {
                Value::Double(0.0) => {}
                Value::Double(_) => return self.value(value),
                other => {
                    return failed(*at, format!("{} is no condition", other.type_name()));
                }
            }
        }
        self.value(otherwise)
    }

    fn call(
        &mut self,
        function: Function,
        at: Position,
        arguments: &[Expression],
    ) -> Evaluated<'a> {
        self.with_arguments(arguments, |evaluation, values| match (function, values) {
            (Function::Stop, []) => Err(Halt::Stopped),
            (Function::Rand, []) => Ok(Value::Double(evaluation.random.next())),
            (Function::Time, []) => Ok(Value::Timestamp(*evaluation.now)),
            (Function::Time, [Value::String(text)]) => match Timestamp::parse(text) {
                Some(time) => Ok(Value::Timestamp(time)),
                None => failed(at, format!("'{text}' is neither W3C-DTF nor RFC 1123")),
            },
            (Function::Stop | Function::Rand | Function::Time, values) => {
                failed(at, format!("{} {}", function.name(), does_not_take(values)))
            }
            (function, values) => {
                evaluation.charge(values.iter().map(size).sum(), at)?;
                function
                    .apply(values, evaluation.choices)
                    .or_else(|problem| failed(at, format!("{} {problem}", function.name())))
            }
        })
    }

    /// Evaluates arguments in order and passes them to `call`. They are kept on one stack, so that
    /// a call allocates nothing.
    fn with_arguments(
        &mut self,
        arguments: &[Expression],
        call: impl FnOnce(&mut Self, &[Value<'a>]) -> Evaluated<'a>,
    ) -> Evaluated<'a> {
        let base = self.arguments.len();
        for argument in arguments {
            let value = self.value(argument)?;
            self.arguments.push(value);
        }
        let mut stack = std::mem::take(&mut self.arguments);
        let result = call(self, &stack[base..]);
        stack.truncate(base);
        self.arguments = stack;
        result
    }
}

/// Returns the result of `&&` or `||` if the left operand decides it.
fn settled<'a>(operator: Binary, left: &Value<'a>) -> Option<Value<'a>> {
    match (operator, left) {
        (Binary::And, Value::Double(0.0)) => Some(Value::Double(0.0)),
        (Binary::Or, Value::Double(left)) if *left != 0.0 => Some(Value::Double(1.0)),
        _ => None,
    }
}

fn size(value: &Value<'_>) -> usize {
    match value {
        Value::DoubleVec(vector) => vector.len(),
        _ => 0,
    }
}
