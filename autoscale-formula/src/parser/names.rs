//! Resolution of variable names.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::syntax::Variable;
use crate::time::Interval;
use crate::variable::{Metric, Target};

/// The formula's own variables, ordered by name as in results.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeMap<Arc<str>, usize>);

impl Names {
    /// Resolves a name. A name that the service does not define is the formula's own; evaluation
    /// checks whether it has a value.
    pub(super) fn resolve(&mut self, name: &str) -> Variable {
        if name == "$NodeDeallocationOption" {
            return Variable::DeallocationOption;
        }
        if let Some(target) = Target::named(name) {
            return Variable::Target { target, alias: target.alias() == name };
        }
        if let Some(metric) = Metric::named(name) {
            return Variable::Metric(metric);
        }
        if let Some(unit) = Interval::unit(name) {
            return Variable::Unit(unit);
        }
        if let Some(index) = self.0.get(name) {
            return Variable::Own(*index);
        }
        let index = self.0.len();
        self.0.insert(name.into(), index);
        Variable::Own(index)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.0.iter().map(|(name, index)| (name, *index))
    }

    pub(crate) fn name(&self, index: usize) -> &str {
        let (name, _) =
            self.iter().find(|(_, at)| *at == index).expect("every index belongs to a name");
        name
    }
}
