//! Knows the variables that the service defines.

/// Is a variable of which the service takes samples. A formula can read it, not write it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Metric {
    /// `$CPUPercent`: the average percentage of CPU in use.
    CpuPercent,
    /// `$WallClockSeconds`: the seconds consumed.
    WallClockSeconds,
    /// `$MemoryBytes`: the average of megabytes used.
    MemoryBytes,
    /// `$DiskBytes`: the average of gigabytes used on local disks.
    DiskBytes,
    /// `$DiskReadBytes`: the bytes read.
    DiskReadBytes,
    /// `$DiskWriteBytes`: the bytes written.
    DiskWriteBytes,
    /// `$DiskReadOps`: the read operations on disks.
    DiskReadOps,
    /// `$DiskWriteOps`: the write operations on disks.
    DiskWriteOps,
    /// `$NetworkInBytes`: the bytes that came in.
    NetworkInBytes,
    /// `$NetworkOutBytes`: the bytes that went out.
    NetworkOutBytes,
    /// `$SampleNodeCount`: the nodes.
    SampleNodeCount,
    /// `$ActiveTasks`: the tasks that are ready to run and do not run yet.
    ActiveTasks,
    /// `$RunningTasks`: the tasks that run.
    RunningTasks,
    /// `$PendingTasks`: active and running tasks together.
    PendingTasks,
    /// `$SucceededTasks`: the tasks that finished well.
    SucceededTasks,
    /// `$FailedTasks`: the tasks that failed.
    FailedTasks,
    /// `$TaskSlotsPerNode`: the slots for tasks that a node has.
    TaskSlotsPerNode,
    /// `$CurrentDedicatedNodes`, formerly `$CurrentDedicated`: the dedicated nodes there are.
    CurrentDedicatedNodes,
    /// `$CurrentLowPriorityNodes`: the spot nodes there are, preempted ones included.
    CurrentLowPriorityNodes,
    /// `$PreemptedNodeCount`: the nodes that are preempted.
    PreemptedNodeCount,
    /// `$UsableNodeCount`: the nodes that can be used.
    UsableNodeCount,
}

/// Is one of the two numbers of nodes that a formula is there to find.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// `$TargetDedicatedNodes`.
    DedicatedNodes,
    /// `$TargetLowPriorityNodes`: spot nodes.
    LowPriorityNodes,
}

impl Metric {
    /// All of them, in the order of the documentation.
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

    /// Returns the name in formulas, its `$` included.
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

    /// Finds a variable by a name that formulas use for it.
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

    /// Returns the short name, which yields to the full one where a formula writes both.
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
