//! The types of filter properties.

use super::Comparison;

/// The type of a filter property, which decides the allowed operators and values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field {
    /// An enumeration of these values: `eq` and `ne`.
    Word(&'static [&'static str]),
    /// An enumeration of these values: only `eq`.
    OneOf(&'static [&'static str]),
    /// A string: all comparisons and `startswith`.
    Text,
    /// A string: `eq` and `ne`.
    Name,
    /// A string: only `eq`.
    Id,
    /// A string: only `startswith`.
    Prefix,
    /// All comparisons.
    Number,
    /// All comparisons.
    Time,
    /// A boolean: `eq` and `ne`.
    Flag,
}

impl Field {
    /// Returns whether an operator applies to properties of this type.
    pub(super) fn allows(self, comparison: Comparison) -> bool {
        match self {
            Self::Text | Self::Number | Self::Time => true,
            Self::Word(_) | Self::Name | Self::Flag => {
                matches!(comparison, Comparison::Eq | Comparison::Ne)
            }
            Self::OneOf(_) | Self::Id => comparison == Comparison::Eq,
            Self::Prefix => false,
        }
    }
}
