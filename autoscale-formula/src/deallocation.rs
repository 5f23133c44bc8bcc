//! The node deallocation option.

use std::fmt;

/// The handling of the tasks on a removed node: the value of `$NodeDeallocationOption`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DeallocationOption {
    /// Ends the tasks and requeues them. The default.
    #[default]
    Requeue,
    /// Ends the tasks and removes them from their job's queue.
    Terminate,
    /// Removes the node after its running tasks have ended.
    TaskCompletion,
    /// Removes the node after the data that its tasks retain has been cleaned up.
    RetainedData,
}

impl DeallocationOption {
    /// Finds an option by its word in formulas.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Requeue, Self::Terminate, Self::TaskCompletion, Self::RetainedData]
            .into_iter()
            .find(|option| option.word() == word)
    }

    /// Returns the option's word in formulas, results and the REST API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requeue => "requeue",
            Self::Terminate => "terminate",
            Self::TaskCompletion => "taskcompletion",
            Self::RetainedData => "retaineddata",
        }
    }
}

impl fmt::Display for DeallocationOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
