//! The connections that stand, and an end to those that nobody uses at the moment.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// Every connection that stands.
#[derive(Default)]
pub(super) struct Lines {
    /// How often all were ended.
    ended: AtomicUsize,
    standing: Mutex<Vec<(Weak<TcpStream>, Arc<AtomicBool>)>>,
}

/// What a connection says of itself.
pub(super) struct Line {
    is_idle: Arc<AtomicBool>,
    /// How often all were ended before it began.
    since: usize,
}

impl Lines {
    pub(super) fn add(&self, socket: &Arc<TcpStream>) -> Line {
        let is_idle = Arc::new(AtomicBool::new(true));
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.retain(|(socket, _)| socket.strong_count() > 0);
        standing.push((Arc::downgrade(socket), Arc::clone(&is_idle)));
        Line { is_idle, since: self.ended.load(Ordering::SeqCst) }
    }

    /// Whether this one may take another request.
    pub(super) fn are_open(&self, line: &Line) -> bool {
        self.ended.load(Ordering::SeqCst) == line.since
    }

    /// Ends the connections over which nothing is asked, and waits until their clients can know; the
    /// others take no further request.
    pub(super) fn end(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let idle = standing.iter().filter(|(_, is_idle)| is_idle.load(Ordering::SeqCst));
        let ending: Vec<_> = idle.map(|(socket, _)| socket).collect();
        for socket in ending.iter().filter_map(|socket| socket.upgrade()) {
            // An answer that is on its way arrives. The client may be gone.
            let _ = socket.shutdown(Shutdown::Read);
        }
        let begin = Instant::now();
        while ending.iter().any(|socket| socket.strong_count() > 0) && begin.elapsed() < PATIENCE {
            thread::yield_now();
        }
    }
}

impl Line {
    /// Whether the client asks for nothing.
    pub(super) fn set_idle(&self, is_idle: bool) {
        self.is_idle.store(is_idle, Ordering::SeqCst);
    }
}

/// A client that does not read what it is sent is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);
