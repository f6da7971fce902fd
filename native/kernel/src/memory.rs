//! Gives memory back after a crowd of calls. The allocator keeps what its threads freed for the next crowd;
//! ten thousand calls leave about 300 MB that nobody uses.

use std::time::Duration;

/// So many calls at a time are a crowd.
pub(crate) const CROWD: usize = 1000;
/// What the last call of a crowd leaves is freed by then: its task, its connection.
const SETTLED: Duration = Duration::from_millis(250);

/// Returns free memory to the system, in a moment and on a thread where that may take a while.
pub(crate) async fn return_soon() {
    tokio::time::sleep(SETTLED).await;
    // Fails only if the runtime ends, and then there is nothing to return.
    let _ = tokio::task::spawn_blocking(return_free).await;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn return_free() {
    // SAFETY: takes the allocator's own locks, and touches free memory only.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn return_free() {}
