//! Names what becomes of the tasks on a node that leaves the pool.

use std::fmt;

/// Says what happens to the tasks on a node when the pool shrinks: the value of
/// `$NodeDeallocationOption`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DeallocationOption {
    /// Ends the tasks and puts them back on their job's queue. The default.
    #[default]
    Requeue,
    /// Ends the tasks and removes them from their job's queue.
    Terminate,
    /// Waits for the running tasks, then removes the node.
    TaskCompletion,
    /// Waits until the data that tasks retain on the node has been cleaned up.
    RetainedData,
}

impl DeallocationOption {
    /// Reads the bare word that stands for an option in a formula.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Requeue, Self::Terminate, Self::TaskCompletion, Self::RetainedData]
            .into_iter()
            .find(|option| option.word() == word)
    }

    /// Returns the word that stands for this option in formulas, results and the REST API.
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
