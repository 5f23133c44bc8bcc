//! Resolves the names of variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::syntax::Variable;
use crate::time::Interval;
use crate::variable::{Metric, Target};

/// Holds the variables that are a formula's own, in the order in which results list them: by their characters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeMap<Arc<str>, usize>);

impl Names {
    /// Finds what a name stands for. One that the service does not define is the formula's own, and
    /// evaluation will tell whether it has been given a value.
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
        if let Some(place) = self.0.get(name) {
            return Variable::Own(*place);
        }
        let place = self.0.len();
        self.0.insert(name.into(), place);
        Variable::Own(place)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.0.iter().map(|(name, place)| (name, *place))
    }

    pub(crate) fn name(&self, place: usize) -> &str {
        let (name, _) =
            self.iter().find(|(_, at)| *at == place).expect("every place was given to a name");
        name
    }
}
