//! The open connections, and a way to close those that are idle.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// The open connections.
#[derive(Default)]
pub(super) struct Connections {
    /// How often idle connections were closed.
    closed: AtomicUsize,
    open: Mutex<Vec<(Weak<TcpStream>, Arc<AtomicBool>)>>,
}

/// What the thread of a connection reports about it.
pub(super) struct ConnectionState {
    is_idle: Arc<AtomicBool>,
    /// [`Connections::closed`] when it was opened.
    closed_before: usize,
}

impl Connections {
    pub(super) fn add(&self, socket: &Arc<TcpStream>) -> ConnectionState {
        let is_idle = Arc::new(AtomicBool::new(true));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(socket, _)| socket.strong_count() > 0);
        open.push((Arc::downgrade(socket), Arc::clone(&is_idle)));
        ConnectionState { is_idle, closed_before: self.closed.load(Ordering::SeqCst) }
    }

    /// Whether this connection may take another request.
    pub(super) fn may_continue(&self, connection: &ConnectionState) -> bool {
        self.closed.load(Ordering::SeqCst) == connection.closed_before
    }

    /// Closes the idle connections, and waits until their clients can know it. The others take no
    /// further request.
    pub(super) fn close_idle(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let idle = open.iter().filter(|(_, is_idle)| is_idle.load(Ordering::SeqCst));
        let closing: Vec<_> = idle.map(|(socket, _)| socket).collect();
        for socket in closing.iter().filter_map(|socket| socket.upgrade()) {
            // A response that is being sent still arrives. The client may have disconnected.
            let _ = socket.shutdown(Shutdown::Read);
        }
        let begin = Instant::now();
        while closing.iter().any(|socket| socket.strong_count() > 0) && begin.elapsed() < PATIENCE {
            thread::yield_now();
        }
    }
}

impl ConnectionState {
    /// Whether no request is being received or served.
    pub(super) fn set_idle(&self, is_idle: bool) {
        self.is_idle.store(is_idle, Ordering::SeqCst);
    }
}

/// A client that does not read is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(1);
