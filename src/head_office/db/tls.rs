//! TLS from head office to PostgreSQL, by rustls: the server's certificate and its name are always checked.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use postgres::Socket;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::{Encryption, Server};

/// A server that does not finish the handshake by then is given up.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// Why the line is not encrypted as it should be, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsTrouble {
    #[error(
        "the server offers no TLS, and everybody on the way could read and change what is said: set ssl = on there with a certificate; \
         or, on a network of its own, say sslmode=disable in the address"
    )]
    NotOffered,
    #[error("{path} cannot be used as the CA of the server: {reason}; check that it is a PEM file this user can read")]
    BadCa { path: PathBuf, reason: String },
    #[error(
        "the server's certificate is of nobody who is trusted here: name the PEM file of the CA that made it with postgres_ca, or with \
         sslrootcert= in the address{}", tried(.ca.as_deref())
    )]
    UnknownIssuer { ca: Option<PathBuf> },
    #[error("the server's certificate is not for {wanted}{}: call it by the name in its certificate, or have one made for this name", held(.presented))]
    OtherName { wanted: String, presented: Vec<String> },
    #[error("the server's certificate is not valid today: have it renewed, and check the clocks of both machines")]
    OtherDate,
    #[error("{0:?} is no name that a certificate can be for: write the server's host name or its number")]
    NoName(String),
    #[error("the handshake failed: {0}; look into the server's log as well")]
    Handshake(String),
}

fn tried(ca: Option<&Path>) -> String {
    match ca {
        Some(path) => format!(" ({} did not make it)", path.display()),
        None => String::new(),
    }
}

fn held(presented: &[String]) -> String {
    if presented.is_empty() { String::new() } else { format!(" (but for {})", presented.join(", ")) }
}

impl TlsTrouble {
    /// What of it an error of the client is about.
    pub(super) fn of(error: &postgres::Error) -> Option<TlsTrouble> {
        let source = std::error::Error::source(error)?;
        match source.downcast_ref::<TlsTrouble>() {
            Some(trouble) => Some(trouble.clone()),
            // The client's own word for it, without a type.
            None => (source.to_string() == "server does not support TLS").then_some(TlsTrouble::NotOffered),
        }
    }

    fn of_handshake(error: &io::Error, ca: Option<&Path>, wanted: &str) -> TlsTrouble {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(reason)) => match reason {
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    TlsTrouble::UnknownIssuer { ca: ca.map(Path::to_owned) }
                }
                CertificateError::NotValidForName => TlsTrouble::OtherName { wanted: wanted.to_owned(), presented: Vec::new() },
                CertificateError::NotValidForNameContext { presented, .. } => {
                    TlsTrouble::OtherName { wanted: wanted.to_owned(), presented: presented.clone() }
                }
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => TlsTrouble::OtherDate,
                other => TlsTrouble::Handshake(other.to_string()),
            },
            Some(other) => TlsTrouble::Handshake(other.to_string()),
            None => TlsTrouble::Handshake(error.to_string()),
        }
    }
}

/// Gives each new session its handshake.
pub(super) struct MakeHandshake {
    tls: Option<TlsConnector>,
    ca: Option<PathBuf>,
}

impl MakeHandshake {
    /// Reads the CA's file anew, so that a renewed one counts from the next session on.
    pub fn for_server(server: &Server) -> Result<MakeHandshake, TlsTrouble> {
        let tls = match server.encryption() {
            Encryption::Off => None,
            Encryption::IfOffered | Encryption::Required => Some(TlsConnector::from(Arc::new(client_config(server.ca())?))),
        };
        Ok(MakeHandshake { tls, ca: server.ca().map(Path::to_owned) })
    }
}

impl MakeTlsConnect<Socket> for MakeHandshake {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = TlsTrouble;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, TlsTrouble> {
        Ok(Handshake { tls: self.tls.clone(), ca: self.ca.clone(), host: host.to_owned() })
    }
}

pub(super) struct Handshake {
    tls: Option<TlsConnector>,
    ca: Option<PathBuf>,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = TlsTrouble;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted, TlsTrouble>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let Handshake { tls, ca, host } = self;
            let tls = tls.ok_or_else(|| TlsTrouble::Handshake("it was not to be encrypted".to_owned()))?;
            let name = ServerName::try_from(host.clone()).map_err(|_| TlsTrouble::NoName(host.clone()))?;
            match tokio::time::timeout(HANDSHAKE_PATIENCE, tls.connect(name, socket)).await {
                Ok(Ok(stream)) => Ok(Encrypted(Box::new(stream))),
                Ok(Err(error)) => Err(TlsTrouble::of_handshake(&error, ca.as_deref(), &host)),
                Err(_) => Err(TlsTrouble::Handshake(format!("it took longer than {} s", HANDSHAKE_PATIENCE.as_secs()))),
            }
        })
    }
}

/// An encrypted session with a server whose certificate was right.
pub(super) struct Encrypted(Box<TlsStream<Socket>>);

impl postgres::tls::TlsStream for Encrypted {
    /// The name in the certificate was checked; the password is not tied to the certificate on top of it.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

fn client_config(ca: Option<&Path>) -> Result<ClientConfig, TlsTrouble> {
    let roots = match ca {
        Some(path) => roots_of(path)?,
        None => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| TlsTrouble::Handshake(error.to_string()))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

fn roots_of(path: &Path) -> Result<RootCertStore, TlsTrouble> {
    let bad = |reason: String| TlsTrouble::BadCa { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))? {
        roots.add(certificate.map_err(|error| bad(error.to_string()))?).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() { Err(bad("there is no certificate in it".to_owned())) } else { Ok(roots) }
}
