//! INT, TERM and requests to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Waits for INT or TERM. INT is not received if it was ignored when the program was started, as in .NET.
pub(crate) async fn interrupted() {
    let is_ignored = is_interrupt_ignored();
    let term = signal(SignalKind::terminate());
    let int = signal(SignalKind::interrupt());
    let (Ok(mut term), Ok(mut int)) = (term, int) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv(), if !is_ignored => {}
    }
}

/// Keeps INT from ending this process. Child processes do not inherit this.
pub(crate) fn ignore_interrupt() -> JoinHandle<()> {
    let interrupts = signal(SignalKind::interrupt());
    tokio::spawn(async move {
        if let Ok(mut interrupts) = interrupts {
            while interrupts.recv().await.is_some() {}
        }
    })
}

/// Returns whether INT is ignored. A shell without job control starts background commands with INT ignored.
fn is_interrupt_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.unwrap_or_default() & 1 << (nix::libc::SIGINT - 1) != 0
}

/// Waits until a stop is requested.
pub(crate) async fn stop_requested(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|&requested| requested).await.is_err() {
        // The sender is gone, so a stop can no longer be requested.
        std::future::pending().await
    }
}
