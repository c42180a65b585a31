//! The open connections: how many there are at most, and which of them lose their place.
//!
//! A connection makes progress when bytes are sent on it. One that makes none for [`Limits::idle`] is closed. If all
//! places are taken, or the server is stopping, [`Limits::contended`] suffices, and the one that is longest without
//! progress goes first. Clients that read slowly or not at all therefore keep no others waiting.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// Limits of the open connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum number of connections; further ones wait. A browser opens six.
    pub most: usize,
    /// The time without progress after which a connection is closed. Also covers requests that do not arrive.
    pub idle: Duration,
    /// The time without progress after which a connection is closed if its place is needed.
    pub contended: Duration,
    /// The time that responses in progress get to finish when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            most: 256,
            idle: Duration::from_secs(20),
            contended: Duration::from_secs(2),
            grace: Duration::from_secs(5),
        }
    }
}

/// The open connections of a server.
pub struct Connections {
    limits: Limits,
    open: Mutex<Vec<Open>>,
    closed: Notify,
    stopping: AtomicBool,
}

struct Open {
    progress: LastProgress,
    task: AbortHandle,
}

/// When a connection last made progress.
#[derive(Clone)]
struct LastProgress(Arc<Mutex<Instant>>);

impl LastProgress {
    fn is_now(&self) {
        *lock(&self.0) = Instant::now();
    }

    fn age(&self) -> Duration {
        lock(&self.0).elapsed()
    }
}

impl Connections {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Mutex::default(),
            closed: Notify::new(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Waits until a place is free, or until the longest without progress can be closed for it.
    pub async fn place(&self) {
        while lock(&self.open).len() >= self.limits.most && !self.close_longest_idle() {
            let _ = timeout(self.limits.contended / 20, self.closed.notified()).await;
        }
    }

    /// Closes the connection that is longest without progress, if that is at least [`Limits::contended`].
    pub fn close_longest_idle(&self) -> bool {
        let mut open = lock(&self.open);
        let ages = open.iter().map(|connection| connection.progress.age());
        let Some((index, age)) = ages.enumerate().max_by_key(|(_, age)| *age) else {
            return false;
        };
        if age >= self.limits.contended {
            open.swap_remove(index).task.abort();
        }
        age >= self.limits.contended
    }

    /// Runs a connection over `stream` as a task.
    pub fn spawn<S, F>(self: &Arc<Self>, stream: S, serve: impl FnOnce(Watched<S>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let progress = LastProgress(Arc::new(Mutex::new(Instant::now())));
        let served = serve(Watched {
            stream,
            progress: progress.clone(),
        });
        let (all, own) = (Arc::clone(self), progress.clone());
        let mut open = lock(&self.open); // until it is in the list from which its end removes it
        let task = tokio::spawn(async move {
            served.await;
            lock(&all.open).retain(|other| !Arc::ptr_eq(&other.progress.0, &own.0));
            all.closed.notify_one();
        });
        open.push(Open {
            progress,
            task: task.abort_handle(),
        });
    }

    /// Closes connections without progress, for ever.
    pub async fn close_idle(&self) {
        loop {
            sleep(self.limits.contended / 4).await;
            let limit = match self.stopping.load(Ordering::Relaxed) {
                true => self.limits.contended,
                false => self.limits.idle,
            };
            lock(&self.open).retain(|connection| {
                let keep = connection.progress.age() < limit;
                if !keep {
                    connection.task.abort();
                }
                keep
            });
            self.closed.notify_one();
        }
    }

    /// From now on, [`Limits::contended`] without progress is enough to be closed.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream that notes when bytes are sent.
pub struct Watched<S> {
    stream: S,
    progress: LastProgress,
}

impl<S> Watched<S> {
    fn note(&self, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(sent, Poll::Ready(Ok(bytes)) if bytes > 0) {
            self.progress.is_now();
        }
        sent
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.note(sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
