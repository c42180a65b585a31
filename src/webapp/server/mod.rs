//! A read-only HTTP and HTTPS server for a [`Site`].
//!
//! Each connection is a task with timeouts, so slow or broken clients do not block others.

mod answer;
mod bind;
mod connections;
mod hosts;
mod tls;

pub use self::bind::{bind, urls};
pub use self::hosts::{Hosts, host_name};
pub use self::tls::Certificate;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use self::connections::{Connections, Limits, Watched};
use super::site::Site;
use crate::{Error, Result};

/// Worker threads. They only copy bytes.
const THREADS: usize = 2;

/// The timeout for the TLS handshake and for the headers of each request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum duration of a connection, enough to load the page over a slow network.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);

/// The maximum size of request headers, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// The size of a connection's send buffer, in bytes. The system reports space in it by thirds. It must be small, so
/// that progress over a slow network is seen within [`Limits::idle`].
const SEND_BUFFER: usize = 128 * 1024;

/// Stops a running server, from any thread.
#[derive(Clone, Default)]
pub struct Stop(Arc<Notify>);

impl Stop {
    /// Stops the server now, or as soon as it runs. Responses in progress get five seconds to finish, or as long as
    /// they make progress if that is less; a second call ends them at once.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

/// What a server serves, and to whom.
pub struct Server {
    /// The files.
    pub site: Site,
    /// The certificate, for https.
    pub certificate: Option<Certificate>,
    /// The hosts that it answers to.
    pub hosts: Hosts,
}

impl Server {
    /// Serves until it is stopped.
    pub fn run(self, listener: TcpListener, stop: &Stop) -> Result<()> {
        self.run_within(Limits::default(), listener, stop)
    }

    fn run_within(self, limits: Limits, listener: TcpListener, stop: &Stop) -> Result<()> {
        let failed = |source| Error::io("serve", Path::new("the page"))(source);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let options = socket2::SockRef::from(&listener);
        options.set_send_buffer_size(SEND_BUFFER).map_err(failed)?; // connections inherit it
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
            let (server, finishing) = (Arc::new(self), GracefulShutdown::new());
            let connections = Arc::new(Connections::new(limits));
            let closing = Arc::clone(&connections);
            tokio::spawn(async move { closing.close_idle().await });
            let accepting = accept(&listener, &server, &connections, &finishing);
            either(accepting, stop.0.notified()).await;
            drop(listener);
            connections.stop();
            let finished = either(finishing.shutdown(), stop.0.notified());
            let _ = timeout(limits.grace, finished).await;
            Ok(())
        }) // connections that are still open end with the runtime
    }
}

/// Waits for the first of two futures.
async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        let ready =
            one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready();
        if ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Accepts connections, for ever.
async fn accept(
    listener: &tokio::net::TcpListener,
    server: &Arc<Server>,
    connections: &Arc<Connections>,
    finishing: &GracefulShutdown,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            connections.close_longest_idle(); // such as out of file handles
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        connections.place().await;
        let Ok(local) = stream.local_addr() else {
            continue; // closed already
        };
        let (server, watcher) = (Arc::clone(server), finishing.watcher());
        connections.spawn(stream, |stream| async move {
            let served = connection(server, stream, local.ip(), watcher);
            let _ = timeout(CONNECTION_TIMEOUT, served).await;
        });
    }
}

/// Serves one connection, including the TLS handshake. Errors affect only its client.
async fn connection(
    server: Arc<Server>,
    stream: Watched<TcpStream>,
    local: IpAddr,
    watcher: Watcher,
) {
    match server.certificate.clone() {
        None => serve_requests(server, stream, local, watcher).await,
        Some(certificate) => {
            if let Ok(Ok(stream)) = timeout(REQUEST_TIMEOUT, certificate.accept(stream)).await {
                serve_requests(server, stream, local, watcher).await;
            }
        }
    }
}

async fn serve_requests(
    server: Arc<Server>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    local: IpAddr,
    watcher: Watcher,
) {
    let service = service_fn(move |request| {
        let host = (server.hosts).check(&request, local, server.certificate.as_ref());
        let response = answer::respond(&server.site, &request, host);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let _ = watcher.watch(connection).await;
}

#[cfg(test)]
mod tests;
