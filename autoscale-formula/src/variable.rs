//! The variables that the service defines.

/// A variable that the service samples. Formulas can read it, but not assign it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Metric {
    /// `$CPUPercent`: the average percentage of CPU in use.
    CpuPercent,
    /// `$WallClockSeconds`: the seconds consumed.
    WallClockSeconds,
    /// `$MemoryBytes`: the average number of megabytes used.
    MemoryBytes,
    /// `$DiskBytes`: the average number of gigabytes used on local disks.
    DiskBytes,
    /// `$DiskReadBytes`: the bytes read.
    DiskReadBytes,
    /// `$DiskWriteBytes`: the bytes written.
    DiskWriteBytes,
    /// `$DiskReadOps`: the read operations on disks.
    DiskReadOps,
    /// `$DiskWriteOps`: the write operations on disks.
    DiskWriteOps,
    /// `$NetworkInBytes`: the inbound bytes.
    NetworkInBytes,
    /// `$NetworkOutBytes`: the outbound bytes.
    NetworkOutBytes,
    /// `$SampleNodeCount`: the number of nodes.
    SampleNodeCount,
    /// `$ActiveTasks`: the tasks that are ready to run but not running.
    ActiveTasks,
    /// `$RunningTasks`: the running tasks.
    RunningTasks,
    /// `$PendingTasks`: active and running tasks together.
    PendingTasks,
    /// `$SucceededTasks`: the tasks that succeeded.
    SucceededTasks,
    /// `$FailedTasks`: the tasks that failed.
    FailedTasks,
    /// `$TaskSlotsPerNode`: the task slots of a node.
    TaskSlotsPerNode,
    /// `$CurrentDedicatedNodes`, formerly `$CurrentDedicated`: the current dedicated nodes.
    CurrentDedicatedNodes,
    /// `$CurrentLowPriorityNodes`: the current spot nodes, including preempted ones.
    CurrentLowPriorityNodes,
    /// `$PreemptedNodeCount`: the preempted nodes.
    PreemptedNodeCount,
    /// `$UsableNodeCount`: the usable nodes.
    UsableNodeCount,
}

/// One of the two target numbers of nodes that a formula computes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// `$TargetDedicatedNodes`.
    DedicatedNodes,
    /// `$TargetLowPriorityNodes`: spot nodes.
    LowPriorityNodes,
}

impl Metric {
    /// All variables, in the order of the documentation.
    pub const ALL: [Self; 21] = [
        Self::CpuPercent,
        Self::WallClockSeconds,
        Self::MemoryBytes,
        Self::DiskBytes,
        Self::DiskReadBytes,
        Self::DiskWriteBytes,
        Self::DiskReadOps,
        Self::DiskWriteOps,
        Self::NetworkInBytes,
        Self::NetworkOutBytes,
        Self::SampleNodeCount,
        Self::ActiveTasks,
        Self::RunningTasks,
        Self::PendingTasks,
        Self::SucceededTasks,
        Self::FailedTasks,
        Self::TaskSlotsPerNode,
        Self::CurrentDedicatedNodes,
        Self::CurrentLowPriorityNodes,
        Self::PreemptedNodeCount,
        Self::UsableNodeCount,
    ];

    /// Returns the name in formulas, including its `$`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuPercent => "$CPUPercent",
            Self::WallClockSeconds => "$WallClockSeconds",
            Self::MemoryBytes => "$MemoryBytes",
            Self::DiskBytes => "$DiskBytes",
            Self::DiskReadBytes => "$DiskReadBytes",
            Self::DiskWriteBytes => "$DiskWriteBytes",
            Self::DiskReadOps => "$DiskReadOps",
            Self::DiskWriteOps => "$DiskWriteOps",
            Self::NetworkInBytes => "$NetworkInBytes",
            Self::NetworkOutBytes => "$NetworkOutBytes",
            Self::SampleNodeCount => "$SampleNodeCount",
            Self::ActiveTasks => "$ActiveTasks",
            Self::RunningTasks => "$RunningTasks",
            Self::PendingTasks => "$PendingTasks",
            Self::SucceededTasks => "$SucceededTasks",
            Self::FailedTasks => "$FailedTasks",
            Self::TaskSlotsPerNode => "$TaskSlotsPerNode",
            Self::CurrentDedicatedNodes => "$CurrentDedicatedNodes",
            Self::CurrentLowPriorityNodes => "$CurrentLowPriorityNodes",
            Self::PreemptedNodeCount => "$PreemptedNodeCount",
            Self::UsableNodeCount => "$UsableNodeCount",
        }
    }

    /// Finds a variable by its name in formulas, current or former.
    pub fn named(name: &str) -> Option<Self> {
        if name == "$CurrentDedicated" {
            return Some(Self::CurrentDedicatedNodes);
        }
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}

impl Target {
    /// Returns the full name in formulas.
    pub fn name(self) -> &'static str {
        match self {
            Self::DedicatedNodes => "$TargetDedicatedNodes",
            Self::LowPriorityNodes => "$TargetLowPriorityNodes",
        }
    }

    /// Returns the short name; the full one takes precedence if a formula assigns both.
    pub fn alias(self) -> &'static str {
        match self {
            Self::DedicatedNodes => "$TargetDedicated",
            Self::LowPriorityNodes => "$TargetLowPriority",
        }
    }

    /// Finds a target by either name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::DedicatedNodes, Self::LowPriorityNodes]
            .into_iter()
            .find(|target| target.name() == name || target.alias() == name)
    }
}
