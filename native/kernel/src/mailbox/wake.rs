//! The descriptor that says "something waits": an eventfd on Linux, a pipe elsewhere.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Wake {
    read: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    write: OwnedFd,
}

impl Wake {
    #[cfg(target_os = "linux")]
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: a plain system call; the descriptor it returns is owned by nobody else.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: see above.
        Ok(Wake { read: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn new() -> io::Result<Self> {
        let mut fds = [0; 2];
        // SAFETY: `fds` has room for both descriptors.
        if unsafe { libc::pipe(fds.as_mut_ptr()) } < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: pipe() has just made both and nobody else owns them.
        let (read, write) = unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) };
        for fd in fds {
            // SAFETY: plain system calls on descriptors that are open.
            let set = unsafe {
                libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) >= 0
                    && libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) >= 0
            };
            if !set {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Wake { read, write })
    }

    #[cfg(target_os = "linux")]
    fn write_fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }

    #[cfg(not(target_os = "linux"))]
    fn write_fd(&self) -> RawFd {
        self.write.as_raw_fd()
    }

    /// Makes the descriptor readable. A full pipe is readable already, so errors need no care.
    pub(super) fn signal(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: `one` is eight readable bytes, which an eventfd demands and a pipe accepts.
        unsafe { libc::write(self.write_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Makes the descriptor unreadable; callers signal at most once between two clears.
    pub(super) fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: `count` is eight writable bytes; the descriptor does not block.
        unsafe { libc::read(self.read.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }

    /// Blocks until the descriptor is readable; false after `timeout` or a signal.
    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let mut poll = libc::pollfd { fd: self.read.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let millis = timeout.as_nanos().div_ceil(1_000_000) as libc::c_int;
        // SAFETY: one pollfd, and its count is one.
        unsafe { libc::poll(&raw mut poll, 1, millis) == 1 }
    }
}

impl AsRawFd for Wake {
    fn as_raw_fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }
}
