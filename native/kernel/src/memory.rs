//! Gives memory back after a crowd of calls. The allocator keeps what its threads freed for the next crowd;
//! ten thousand calls leave about 300 MB that nobody uses.

use std::sync::OnceLock;
use std::time::Duration;

/// So many calls at a time are a crowd.
pub(crate) const CROWD: usize = 1000;
/// What the last call of a crowd leaves is freed by then: its task, its connection.
const SETTLED: Duration = Duration::from_millis(250);

/// How the allocator of this library returns memory, where it is not the system's.
static ALLOCATOR: OnceLock<fn()> = OnceLock::new();

/// Says how to make the allocator return memory; the first to say counts.
pub fn set_return(return_free: fn()) {
    let _ = ALLOCATOR.set(return_free);
}

/// Returns free memory to the system, in a moment and on a thread where that may take a while.
pub(crate) async fn return_soon() {
    tokio::time::sleep(SETTLED).await;
    // Fails only if the runtime ends, and then there is nothing to return.
    let _ = tokio::task::spawn_blocking(return_free).await;
}

fn return_free() {
    if let Some(return_own) = ALLOCATOR.get() {
        return_own();
    }
    return_systems();
}

/// Of the system's allocator, which the host uses.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn return_systems() {
    // SAFETY: takes the allocator's own locks, and touches free memory only.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn return_systems() {}
