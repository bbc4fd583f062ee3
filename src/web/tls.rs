//! The door itself, of a node and of head office alike: a listener that takes plain connections on loopback and TLS anywhere, with the
//! client's certificate verified when a CA for clients is configured. Handshakes run beside each other, each with a deadline, so that
//! a stalled client holds up nobody; the number of connections has a limit. Knows nothing of requests; `guard` looks at those.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Open connections of one door. Beyond it new ones wait in the kernel's queue.
pub const CONNECTIONS_MAX: usize = 2_048;
/// A client that has not finished its handshake by then is dropped.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// PEM files of a door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and the ones between it and its root.
    pub cert: PathBuf,
    pub key: PathBuf,
    /// When set, every client must show a certificate of this CA.
    pub client_ca: Option<PathBuf>,
}

/// Why a door cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error("{path} cannot be used as {what}: {reason}; check that it is a PEM file this user can read")]
    BadFile { path: PathBuf, what: &'static str, reason: String },
    #[error("the certificate {cert} and the key {key} cannot be used together: {reason}")]
    BadPair { cert: PathBuf, key: PathBuf, reason: String },
    #[error(
        "{address} is not on loopback, and without TLS anyone in that network could read and change everything: configure TLS or listen on 127.0.0.1"
    )]
    OpenWithoutTls { address: SocketAddr },
    #[error("port {port} on {ip} is in use by another program (or another counterfoil): stop it or choose another port", port = address.port(), ip = address.ip())]
    InUse { address: SocketAddr },
    #[error("{address} cannot be listened on: {reason}")]
    CannotListen { address: SocketAddr, reason: String },
}

/// Who is at the other end. In handlers: `ConnectInfo<Peer>`, after `router.into_make_service_with_connect_info::<Peer>()`.
#[derive(Debug, Clone)]
pub struct Peer {
    pub address: SocketAddr,
    /// The verified client certificate. `None` on plain connections and where no CA for clients is configured.
    pub certificate: Option<CertificateDer<'static>>,
}

impl Peer {
    /// Whether the peer's certificate was issued for this DNS name.
    pub fn is_named(&self, name: &str) -> bool {
        let (Some(certificate), Ok(name)) = (&self.certificate, ServerName::try_from(name)) else { return false };
        ParsedCertificate::try_from(certificate).is_ok_and(|parsed| rustls::client::verify_server_name(&parsed, &name).is_ok())
    }
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Peer {
        stream.remote_addr().clone()
    }
}

/// An address that is taken.
pub struct BoundDoor {
    listener: TcpListener,
    address: SocketAddr,
}

impl BoundDoor {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets people in. Refuses any address but loopback without TLS.
    pub fn open(self, tls: Option<rustls::ServerConfig>) -> Result<Door, DoorError> {
        let BoundDoor { listener, address } = self;
        if tls.is_none() && !address.ip().is_loopback() {
            return Err(DoorError::OpenWithoutTls { address });
        }
        let (send, ready) = mpsc::channel(64);
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let tls = acceptor.is_some();
        tokio::spawn(accept(listener, acceptor, send));
        Ok(Door { ready, address, tls })
    }
}

/// A bound listener for `axum::serve`.
pub struct Door {
    ready: mpsc::Receiver<(Connection, Peer)>,
    address: SocketAddr,
    tls: bool,
}

impl Door {
    /// Binds. Refuses any address but loopback without TLS.
    pub async fn open(listen: SocketAddr, tls: Option<&TlsFiles>) -> Result<Door, DoorError> {
        let tls = tls.map(server_config).transpose()?;
        if tls.is_none() && !listen.ip().is_loopback() {
            return Err(DoorError::OpenWithoutTls { address: listen });
        }
        Door::bind(listen).await?.open(tls)
    }

    /// Takes the address; nobody is let in before [`BoundDoor::open`].
    pub async fn bind(listen: SocketAddr) -> Result<BoundDoor, DoorError> {
        let listener = TcpListener::bind(listen).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => DoorError::InUse { address: listen },
            _ => DoorError::CannotListen { address: listen, reason: error.to_string() },
        })?;
        let address = listener.local_addr().map_err(|error| DoorError::CannotListen { address: listen, reason: error.to_string() })?;
        Ok(BoundDoor { listener, address })
    }

    /// As bound: with port 0 asked for, the port given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn is_tls(&self) -> bool {
        self.tls
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = Peer;

    async fn accept(&mut self) -> (Connection, Peer) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with the runtime.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.address, certificate: None })
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, ready: mpsc::Sender<(Connection, Peer)>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, mostly: it passes when connections close.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            },
            () = ready.closed() => return,
        };
        let _ = stream.set_nodelay(true);
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let Some(acceptor) = acceptor else {
                let _ =
                    ready.send((Connection { stream: Stream::Plain(stream), _place: place }, Peer { address, certificate: None })).await;
                return;
            };
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let certificate =
                        stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(|c| c.clone().into_owned());
                    let connection = Connection { stream: Stream::Tls(Box::new(stream)), _place: place };
                    let _ = ready.send((connection, Peer { address, certificate })).await;
                }
                Ok(Err(error)) => tracing::info!(%address, %error, "a TLS handshake failed"),
                Err(_) => tracing::info!(%address, "a TLS handshake was not finished in time"),
            }
        });
    }
}

pub fn server_config(files: &TlsFiles) -> Result<rustls::ServerConfig, DoorError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (chain, key) = chain_and_key(files)?;
    let bad_pair = |reason: rustls::Error| files.bad_pair(&reason);
    let builder =
        rustls::ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(bad_pair)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let bad_ca = |reason: String| DoorError::BadFile { path: path.clone(), what: "the CA of clients", reason };
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path, "the CA of clients")? {
                roots.add(certificate).map_err(|error| bad_ca(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| bad_ca(error.to_string()))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(bad_pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What a door shows, and the key to it.
pub fn chain_and_key(files: &TlsFiles) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), DoorError> {
    let bad = |reason: String| DoorError::BadFile { path: files.key.clone(), what: "the certificate's key", reason };
    let chain = certificates(&files.cert, "a certificate")?;
    Ok((chain, PrivateKeyDer::from_pem_file(&files.key).map_err(|error| bad(error.to_string()))?))
}

impl TlsFiles {
    /// The key is not that of the certificate.
    pub fn bad_pair(&self, reason: &rustls::Error) -> DoorError {
        DoorError::BadPair { cert: self.cert.clone(), key: self.key.clone(), reason: reason.to_string() }
    }
}

/// All of a PEM file; one at least.
pub fn certificates(path: &Path, what: &'static str) -> Result<Vec<CertificateDer<'static>>, DoorError> {
    let bad = |reason: String| DoorError::BadFile { path: path.to_owned(), what, reason };
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?.collect();
    let all = all.map_err(|error| bad(error.to_string()))?;
    if all.is_empty() { Err(bad("there is no certificate in it".to_owned())) } else { Ok(all) }
}

/// One accepted connection. Gives its place back when it is dropped.
pub struct Connection {
    stream: Stream,
    _place: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
