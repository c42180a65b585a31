//! HTTPS with a user-provided certificate. Browsers allow camera, offline use and threads only for `https` pages and
//! `localhost`.

use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::{Error, Result};

/// A certificate chain with its private key.
#[derive(Clone)]
pub struct Certificate(TlsAcceptor);

impl Certificate {
    /// Reads a certificate, followed by its chain, and its private key, both as PEM files.
    pub fn read(chain: &Path, key: &Path) -> Result<Self> {
        let certificates = CertificateDer::pem_file_iter(chain)
            .and_then(Iterator::collect::<Result<Vec<_>, pem::Error>>)
            .map_err(|error| unreadable(chain, &error, "certificate"))?;
        if certificates.is_empty() {
            return Err(unreadable(chain, &pem::Error::NoItemsFound, "certificate"));
        }
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| unreadable(key, &error, "private key"))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(certificates, private)
            })
            .map_err(|error| {
                Error::file(
                    chain,
                    format!("it does not match the key in {} ({error})", key.display()),
                    "Give a certificate and the private key that belongs to it, as PEM files.",
                )
            })?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Performs the TLS handshake with a client.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> std::io::Result<TlsStream<S>> {
        self.0.accept(stream).await
    }
}

fn unreadable(path: &Path, error: &pem::Error, kind: &str) -> Error {
    Error::file(
        path,
        format!("it has no readable {kind} ({error})"),
        "Give a PEM file, as written by mkcert, certbot or openssl.",
    )
}
