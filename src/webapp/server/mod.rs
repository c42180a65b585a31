//! A read-only HTTP and HTTPS server for a [`Site`].
//!
//! Each connection is a task with timeouts, so slow or broken clients do not block others.

mod answer;
mod bind;
mod tls;

pub use self::bind::{bind, urls};
pub use self::tls::Certificate;

use std::convert::Infallible;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use super::site::Site;
use crate::{Error, Result};

/// Worker threads. They only copy bytes.
const THREADS: usize = 2;

/// The maximum number of concurrent connections; further ones wait. A browser opens six.
const MAX_CONNECTIONS: usize = 256;

/// The timeout for the TLS handshake and for the headers of each request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum duration of a connection, enough to load the page over a slow network.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);

/// The maximum size of request headers, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Stops a running server, from any thread.
#[derive(Clone, Default)]
pub struct Stop(Arc<Notify>);

impl Stop {
    /// Stops the server now, or as soon as it runs. Responses in progress are aborted.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

/// Serves a site until it is stopped.
pub fn run(
    listener: TcpListener,
    certificate: Option<Certificate>,
    site: Site,
    stop: &Stop,
) -> Result<()> {
    let failed = |source| Error::io("serve", Path::new("the page"))(source);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let served = async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        tokio::spawn(accept(listener, certificate, Arc::new(site)));
        stop.0.notified().await;
        Ok(())
    };
    runtime.block_on(served) // open connections end with the runtime
}

async fn accept(
    listener: tokio::net::TcpListener,
    certificate: Option<Certificate>,
    site: Arc<Site>,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await; // such as out of file handles: retry after others close
            continue;
        };
        let (site, certificate) = (Arc::clone(&site), certificate.clone());
        tokio::spawn(async move {
            let _ = timeout(CONNECTION_TIMEOUT, connection(stream, certificate, site)).await;
            drop(slot);
        });
    }
}

/// Serves one connection, including the TLS handshake. Errors affect only its client.
async fn connection(stream: TcpStream, certificate: Option<Certificate>, site: Arc<Site>) {
    match certificate {
        None => serve_requests(stream, site).await,
        Some(certificate) => {
            if let Ok(Ok(stream)) = timeout(REQUEST_TIMEOUT, certificate.accept(stream)).await {
                serve_requests(stream, site).await;
            }
        }
    }
}

async fn serve_requests(stream: impl AsyncRead + AsyncWrite + Unpin, site: Arc<Site>) {
    let service = service_fn(|request| {
        let response = answer::respond(&site, &request);
        async { Ok::<_, Infallible>(response) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
