//! Hands out a [`Site`] over HTTP or HTTPS, read only.
//!
//! Every connection is a task of its own with limits of time, so a client that is slow, silent or broken keeps
//! nobody else waiting.

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

/// Threads that answer. They only copy bytes.
const THREADS: usize = 2;

/// Connections at a time; further ones wait until one ends. A browser opens six.
const CONNECTIONS: usize = 256;

/// How long a client may take to say what it wants, or to want something more.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may last at all: enough for the whole page over a slow network.
const LIFETIME: Duration = Duration::from_secs(600);

/// The most bytes of a request's headers.
const HEADERS: usize = 16 * 1024;

/// Ends a running server, from any thread.
#[derive(Clone, Default)]
pub struct Stop(Arc<Notify>);

impl Stop {
    /// Ends it now, or as soon as it runs. What is being sent breaks off.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

/// Answers whoever connects, until it is stopped.
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
    runtime.block_on(served) // what still runs ends with the runtime
}

async fn accept(
    listener: tokio::net::TcpListener,
    certificate: Option<Certificate>,
    site: Arc<Site>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await; // out of file handles, say: others will be given back
            continue;
        };
        let (site, certificate) = (Arc::clone(&site), certificate.clone());
        tokio::spawn(async move {
            let _ = timeout(LIFETIME, connection(stream, certificate, site)).await;
            drop(place);
        });
    }
}

/// One connection, from the handshake on. Whatever goes wrong with it concerns its client alone.
async fn connection(stream: TcpStream, certificate: Option<Certificate>, site: Arc<Site>) {
    match certificate {
        None => answer_all(stream, site).await,
        Some(certificate) => {
            if let Ok(Ok(stream)) = timeout(PATIENCE, certificate.accept(stream)).await {
                answer_all(stream, site).await;
            }
        }
    }
}

async fn answer_all(stream: impl AsyncRead + AsyncWrite + Unpin, site: Arc<Site>) {
    let service = service_fn(|request| {
        let answer = answer::answer(&site, &request);
        async { Ok::<_, Infallible>(answer) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
