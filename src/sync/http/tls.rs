//! TLS towards head office: whom the box believes, and what it shows of itself. Certificates are read at each handshake, so one that was renewed
//! is used without a restart.
//!
//! The dates in a certificate of head office's own CA are not held against it: the clock of a box is often wrong, and then there would be no way
//! back. Who signed it and what it is called decide. Any other certificate is judged by its dates as well.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::journal::{Hash, NodeKey};
use crate::sync::enrolment::{OFFICE_NAME, Pin};

/// A file that cannot be used, and why.
#[derive(Debug)]
pub struct BadFile {
    pub path: PathBuf,
    pub reason: String,
}

impl BadFile {
    fn new(path: &Path, reason: impl ToString) -> BadFile {
        BadFile { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// Whom a box believes that it is head office.
#[derive(Debug)]
pub struct OfficeVerifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
    /// Of the last one that was not believed: the pin it would have had.
    stranger: Mutex<Option<Pin>>,
}

#[derive(Debug)]
enum Trust {
    Roots(RootCertStore),
    /// At the first contact: the CA of this fingerprint, which the server shows itself.
    Pin(Pin),
}

impl OfficeVerifier {
    /// By the certificates of a PEM file.
    pub fn of_file(path: &Path) -> Result<OfficeVerifier, BadFile> {
        let mut roots = RootCertStore::empty();
        let bad = |reason: &dyn std::fmt::Display| BadFile::new(path, reason);
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| bad(&error))? {
            roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
        }
        if roots.is_empty() {
            return Err(bad(&"there is no certificate in it"));
        }
        Ok(OfficeVerifier::new(Trust::Roots(roots)))
    }

    pub fn of_pin(pin: Pin) -> OfficeVerifier {
        OfficeVerifier::new(Trust::Pin(pin))
    }

    fn new(trust: Trust) -> OfficeVerifier {
        OfficeVerifier { trust, provider: Arc::new(ring::default_provider()), stranger: Mutex::default() }
    }

    /// Who answered instead of the one whose code it is.
    pub fn stranger(&self) -> Option<Pin> {
        self.stranger.lock().ok().and_then(|stranger| stranger.clone())
    }

    fn roots(&self, chain: &[&CertificateDer<'_>]) -> Result<Cow<'_, RootCertStore>, Error> {
        let pin = match &self.trust {
            Trust::Roots(roots) => return Ok(Cow::Borrowed(roots)),
            Trust::Pin(pin) => pin,
        };
        let mut last = None;
        for certificate in chain {
            let fingerprint = fingerprint(certificate)?;
            if pin.matches(&fingerprint) {
                let mut roots = RootCertStore::empty();
                roots.add((*certificate).clone().into_owned())?;
                return Ok(Cow::Owned(roots));
            }
            last = Some(Pin::of(&fingerprint));
        }
        if let Ok(mut stranger) = self.stranger.lock() {
            *stranger = last;
        }
        Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }
}

/// SHA-256 of a certificate's public key (its SubjectPublicKeyInfo).
pub fn fingerprint(certificate: &CertificateDer<'_>) -> Result<Hash, Error> {
    Ok(Hash::of(&ParsedCertificate::try_from(certificate)?.subject_public_key_info()))
}

/// The moment nearest to the one at which it was judged at which the certificate's dates would have been right.
pub fn moment_of_validity(error: &Error) -> Option<UnixTime> {
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => Some(*not_after),
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => Some(*not_before),
        _ => None,
    }
}

impl ServerCertVerifier for OfficeVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<&CertificateDer<'_>> = intermediates.iter().rev().chain([end_entity]).collect();
        let roots = self.roots(&chain)?;
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let at = |moment: UnixTime| {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &roots, intermediates, moment, algorithms)
        };
        let is_our_office = ServerName::try_from(OFFICE_NAME).is_ok_and(|name| verify_server_name(&parsed, &name).is_ok());
        let is_pinned = matches!(self.trust, Trust::Pin(_));
        at(now).or_else(|error| match moment_of_validity(&error) {
            Some(moment) if is_our_office || is_pinned => at(moment),
            Some(_) | None => Err(error),
        })?;
        if !is_our_office {
            verify_server_name(&parsed, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What a box shows of itself: a certificate, and the key it is for.
#[derive(Debug)]
pub struct Identity {
    cert: PathBuf,
    key: PathBuf,
    /// The one that could be read last.
    last: Mutex<Arc<CertifiedKey>>,
}

impl Identity {
    pub fn load(cert: &Path, key: &Path) -> Result<Identity, BadFile> {
        let first = read_identity(cert, key)?;
        Ok(Identity { cert: cert.to_owned(), key: key.to_owned(), last: Mutex::new(Arc::new(first)) })
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], _sigschemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut last = self.last.lock().ok()?;
        match read_identity(&self.cert, &self.key) {
            Ok(fresh) => *last = Arc::new(fresh),
            Err(BadFile { path, reason }) => {
                tracing::warn!(path = %path.display(), reason, "the node's certificate cannot be read: going on with the one read before");
            }
        }
        Some(Arc::clone(&last))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn read_identity(cert: &Path, key: &Path) -> Result<CertifiedKey, BadFile> {
    let bad = |reason: &dyn std::fmt::Display| BadFile::new(cert, reason);
    let chain = CertificateDer::pem_file_iter(cert).map_err(|error| bad(&error))?;
    let chain: Vec<CertificateDer<'static>> = chain.collect::<Result<_, _>>().map_err(|error| bad(&error))?;
    if chain.is_empty() {
        return Err(bad(&"there is no certificate in it"));
    }
    CertifiedKey::from_der(chain, read_key(key)?, &ring::default_provider()).map_err(|error| BadFile::new(key, error))
}

/// A PEM file, or the node's own key as the journal keeps it.
fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, BadFile> {
    let bad = |reason: &dyn std::fmt::Display| BadFile::new(path, reason);
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
    if text.trim_end().len() == 64 && !text.contains('-') {
        let key = NodeKey::load_existing(path).map_err(|error| bad(&error))?;
        return Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_pkcs8())));
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| bad(&error))
}

/// For a client that believes `verifier` and shows `identity`.
///
/// # Errors
/// The provider lacks what TLS needs.
pub fn client_config(verifier: Arc<OfficeVerifier>, identity: Option<Identity>) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider)).with_safe_default_protocol_versions()?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(identity)),
        None => builder.with_no_client_auth(),
    };
    // A resumed session would go on with the certificate it began with.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
