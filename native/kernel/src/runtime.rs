//! The thread pool, and the state of this process.
//!
//! Everything that belongs to the process hangs on one leaked [`Process`]. After a fork the child's first
//! look at it finds another [`generation`] and makes a new one; the parent's copy is never touched again, as
//! its threads do not exist in the child and its locks may be held by them.

use std::num::NonZero;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, Time};
use crate::error::Error;
use crate::http::Engine;
use crate::log::{Collector, Lines};

const MIN_STACK: usize = 64 << 10;

/// Sizes of the thread pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Threads that drive I/O.
    pub worker_threads: usize,
    /// Most threads for blocking work such as name lookup.
    pub blocking_threads: usize,
    /// Stack of each thread, in bytes.
    pub stack_bytes: usize,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        // A call costs its worker about as much as the host, whose threads want cores too; and the fewer
        // workers there are, the fewer times they wake each other.
        let workers = (cores / 2).clamp(1, 8);
        RuntimeConfig { worker_threads: workers, blocking_threads: 4 * cores, stack_bytes: 1 << 20 }
    }
}

impl RuntimeConfig {
    fn check(&self) -> Result<(), Error> {
        if self.worker_threads == 0 {
            return Err(Error::validation("worker_threads", "must be at least 1"));
        }
        if self.blocking_threads == 0 {
            return Err(Error::validation("blocking_threads", "must be at least 1"));
        }
        if self.stack_bytes < MIN_STACK {
            return Err(Error::validation("stack_bytes", format!("must be at least {MIN_STACK} (64 KiB)")));
        }
        Ok(())
    }
}

/// A tokio runtime that starts when it is first needed.
#[derive(Debug)]
pub struct Runtime {
    clock: Arc<dyn Clock>,
    config: Mutex<RuntimeConfig>,
    started: OnceLock<Started>,
}

#[derive(Debug)]
struct Started {
    handle: tokio::runtime::Handle,
    since: Time,
    _own: Option<tokio::runtime::Runtime>,
}

impl Runtime {
    /// A runtime that has not started.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Runtime { clock, config: Mutex::default(), started: OnceLock::new() }
    }

    /// A runtime that someone else drives.
    pub fn from_handle(clock: Arc<dyn Clock>, handle: tokio::runtime::Handle) -> Self {
        let runtime = Runtime::new(clock);
        let since = runtime.clock.now();
        let _ = runtime.started.set(Started { handle, since, _own: None });
        runtime
    }

    /// Sizes the pool; refused once it runs.
    pub fn configure(&self, config: RuntimeConfig) -> Result<(), Error> {
        config.check()?;
        let mut current = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if self.started.get().is_some() {
            return Err(Error::Config {
                setting: "runtime",
                message: "the runtime runs already; configure it before the first call".into(),
            });
        }
        *current = config;
        Ok(())
    }

    /// The sizes in use.
    pub fn config(&self) -> RuntimeConfig {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the runtime has been running, if it runs.
    pub fn uptime(&self) -> Option<Duration> {
        self.started.get().map(|started| self.clock.now().since(started.since))
    }

    /// The clock that goes with this runtime.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The running pool; starts it if need be.
    pub fn handle(&self) -> Result<&tokio::runtime::Handle, Error> {
        if let Some(started) = self.started.get() {
            return Ok(&started.handle);
        }
        let config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if self.started.get().is_none() {
            let own = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(config.worker_threads)
                .max_blocking_threads(config.blocking_threads)
                .thread_stack_size(config.stack_bytes)
                .thread_name("graphbit-io")
                .enable_all()
                .build()
                .map_err(|error| Error::Internal(format!("the thread pool cannot start: {error}")))?;
            let handle = own.handle().clone();
            let _ = self.started.set(Started { handle, since: self.clock.now(), _own: Some(own) });
        }
        drop(config);
        self.started.get().map(|started| &started.handle).ok_or(Error::Internal("no runtime".into()))
    }
}

/// The state of this process: the runtime, the engine with its registry of resources, and the log.
#[derive(Debug)]
pub struct Process {
    generation: u32,
    /// The thread pool.
    pub runtime: Arc<Runtime>,
    /// The HTTP engine.
    pub engine: Engine,
    /// What the kernel has logged.
    pub log: Lines,
}

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How many forks lie between the process that loaded this library and the calling one. Tells a process from
/// its parents as its id does, but without a system call.
pub fn generation() -> u32 {
    static COUNTED: Once = Once::new();
    extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    COUNTED.call_once(|| {
        // SAFETY: the handler touches an atomic only. It fails without memory, as any call from here would.
        unsafe { libc::pthread_atfork(None, None, Some(count)) };
    });
    FORKS.load(Ordering::Relaxed)
}

static CURRENT: AtomicPtr<Process> = AtomicPtr::new(std::ptr::null_mut());

impl Process {
    /// The state of the calling process; a forked child gets its own at its first call.
    pub fn current() -> &'static Process {
        let seen = CURRENT.load(Ordering::Acquire);
        // SAFETY: the pointer is null or came from Box::leak below, so it stays valid for ever.
        match unsafe { seen.as_ref() } {
            Some(process) if process.is_current() => process,
            _ => Self::install(seen),
        }
    }

    fn install(seen: *mut Process) -> &'static Process {
        let runtime = Arc::new(Runtime::new(Arc::new(SystemClock::new())));
        let seed = runtime.clock().wall().as_nanos() as u64 ^ u64::from(std::process::id()).rotate_left(32);
        let engine = Engine::new(Arc::clone(&runtime), seed);
        let (generation, log) = (generation(), Lines::default());
        let made = Box::into_raw(Box::new(Process { generation, runtime, engine, log }));
        match CURRENT.compare_exchange(seen, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                // A program that embeds the kernel, and a forked child, have one already.
                let _ = tracing::subscriber::set_global_default(Collector);
                // SAFETY: `made` was leaked just now and nobody frees it any more.
                unsafe { &*made }
            }
            Err(winner) => {
                // SAFETY: `made` was not published, so this thread still owns it; `winner` was leaked.
                unsafe {
                    drop(Box::from_raw(made));
                    &*winner
                }
            }
        }
    }

    fn is_current(&self) -> bool {
        self.generation == generation()
    }
}
