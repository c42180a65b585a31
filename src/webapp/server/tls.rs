//! HTTPS with a user-provided certificate. Browsers allow camera, offline use and threads only for `https` pages and
//! `localhost`.

use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::server::TlsStream;

use crate::{Error, Result};

/// A certificate chain with its private key.
#[derive(Clone)]
pub struct Certificate {
    acceptor: TlsAcceptor,
    own: CertificateDer<'static>,
}

impl Certificate {
    /// Reads a certificate, followed by its chain, and its private key, both as PEM files.
    pub fn read(chain: &Path, key: &Path) -> Result<Self> {
        let certificates = CertificateDer::pem_file_iter(chain)
            .and_then(Iterator::collect::<Result<Vec<_>, pem::Error>>)
            .map_err(|error| unreadable(chain, &error, "certificate"))?;
        let Some(own) = certificates.first().cloned() else {
            return Err(unreadable(chain, &pem::Error::NoItemsFound, "certificate"));
        };
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
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            own,
        })
    }

    /// Whether the certificate is for this host name or address, in its `subjectAltName`.
    pub(super) fn names(&self, host: &str) -> bool {
        let (certificate, host) = (
            ParsedCertificate::try_from(&self.own),
            ServerName::try_from(host),
        );
        matches!((certificate, host), (Ok(certificate), Ok(host)) if verify_server_name(&certificate, &host).is_ok())
    }

    /// Performs the TLS handshake with a client.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> std::io::Result<TlsStream<S>> {
        self.acceptor.accept(stream).await
    }
}

fn unreadable(path: &Path, error: &pem::Error, kind: &str) -> Error {
    Error::file(
        path,
        format!("it has no readable {kind} ({error})"),
        "Give a PEM file, as written by mkcert, certbot or openssl.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_for_the_names_in_it() {
        let tls = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/tls");
        let certificate = Certificate::read(&tls.join("certificate.pem"), &tls.join("key.pem"));
        let certificate = certificate.unwrap();
        assert!(certificate.names("127.0.0.1"));
        assert!(!certificate.names("192.168.1.2"));
        assert!(!certificate.names("evil.example"));
        assert!(!certificate.names("not a name"));
    }
}
