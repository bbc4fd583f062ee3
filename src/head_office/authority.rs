//! Head office's own certificate authority: made at the first start, kept in the data folder, never sent anywhere. It certifies the keys of
//! nodes and, unless another certificate is configured, head office's own.
//!
//! Handshakes are judged by signature alone. A certificate that has run out still proves its key, and that is how a node that was away comes back;
//! what it may do is decided request by request ([`super::enrolment::admit`]), by head office's clock.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme};

use crate::ids::{NodeId, StoreId};
use crate::journal::{Hash, PublicKey};
use crate::sync::enrolment::{OFFICE_NAME, Pin};
use crate::sync::http::tls::{fingerprint, moment_of_validity};
use crate::sync::wire;
use crate::time::Clock;
use crate::web::tls::{DoorError, TlsFiles, certificates, chain_and_key};

const KEY_FILE: &str = "ca.key";
const CERTIFICATE_FILE: &str = "ca.pem";
const DAY_MS: i64 = 86_400_000;
/// Until 2059. Nobody judges the CA by its dates; a new one is made on purpose.
const CA_UPTO_MS: i64 = 90 * 365 * DAY_MS;
/// Head office's own certificate lives this long and is made anew, with a new key, long before.
const OWN_LIFE_MS: i64 = 90 * DAY_MS;
const OWN_RENEWAL_MS: i64 = 30 * DAY_MS;
/// Clocks of several head offices may differ by this much.
const EARLIER_MS: i64 = 3_600_000;
/// The bytes in front of an ed25519 key in its SubjectPublicKeyInfo (RFC 8410 §4).
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why there is no certificate authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{path} cannot be read or made: {source}; check that it belongs to the user head office runs as, and that there is space")]
    File { path: PathBuf, source: io::Error },
    #[error(
        "{path} can be read by others (mode {mode:03o}): chmod 600 it; if it may have leaked, remove it and ca.pem and enrol every box anew"
    )]
    TooOpen { path: PathBuf, mode: u32 },
    #[error(
        "{path} is not what this program writes there: {reason}; put it back from a backup, or remove ca.key and ca.pem and enrol every box anew"
    )]
    Damaged { path: PathBuf, reason: String },
    #[error("{folder}/ca.pem is not the certificate of {folder}/ca.key: put both back from the same backup")]
    OtherKey { folder: String },
}

/// The right to say who is who.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    fingerprint: Hash,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.fingerprint)
    }
}

/// A certificate for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub pem: String,
    pub issued_ms: i64,
    pub expires_ms: i64,
}

/// What a certificate of ours says, whatever its dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// 64 hex characters.
    pub public_key: String,
    pub expires_ms: i64,
}

impl Authority {
    /// Reads it, or makes it when there is none. Of two who make it at the same time one wins, and both have that.
    pub fn open(folder: &Path) -> Result<Authority, AuthorityError> {
        let key = open_key(&folder.join(KEY_FILE))?;
        let file = folder.join(CERTIFICATE_FILE);
        let damaged = |reason: &dyn fmt::Display| AuthorityError::Damaged { path: file.clone(), reason: reason.to_string() };
        let params = ca_params().map_err(|error| damaged(&error))?;
        let made = || params.self_signed(&key).map(|certificate| certificate.pem()).map_err(|error| damaged(&error));
        let pem = read_or_make(&file, 0o644, made)?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| damaged(&error))?;
        let fingerprint = fingerprint(&certificate).map_err(|error| damaged(&error))?;
        if fingerprint != Hash::of(&key.subject_public_key_info()) {
            return Err(AuthorityError::OtherKey { folder: folder.display().to_string() });
        }
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(|error| damaged(&error))?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).allow_unauthenticated().build();
        let verifier = verifier.map_err(|error| damaged(&error))?;
        Ok(Authority { issuer: Issuer::new(params, key), certificate, pem, fingerprint, verifier })
    }

    /// SHA-256 of its public key: by this it is known.
    pub fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    /// A certificate for a node's key, under the node's name. `None`: such ids cannot be written into a certificate.
    pub fn certify(&self, store: &StoreId, node: &NodeId, key: &PublicKey, now_ms: i64, life_ms: i64) -> Option<Issued> {
        let name = wire::certificate_name(store, node)?;
        let mut params = CertificateParams::new([name]).ok()?;
        params.distinguished_name.push(DnType::CommonName, format!("{store}/{node}"));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let expires_ms = now_ms + life_ms;
        set_dates(&mut params, now_ms - EARLIER_MS, expires_ms);
        let certificate = params.signed_by(&NodePublic(key.to_bytes()), &self.issuer).ok()?;
        Some(Issued { pem: certificate.pem(), issued_ms: now_ms, expires_ms })
    }

    /// Reads a certificate that was shown in a handshake; `None` when it is not one of ours for a node.
    pub fn read(&self, certificate: &CertificateDer<'_>) -> Option<Shown> {
        let far = UnixTime::since_unix_epoch(Duration::from_secs(1 << 36));
        let error = self.verifier.verify_client_cert(certificate, &[], far).err()?;
        let expires = moment_of_validity(&error)?;
        self.verifier.verify_client_cert(certificate, &[], expires).ok()?;
        let key = ParsedCertificate::try_from(certificate).ok()?.subject_public_key_info();
        let raw: [u8; 32] = key.strip_prefix(&ED25519_HEAD)?.try_into().ok()?;
        Some(Shown { public_key: Hash(raw).to_string(), expires_ms: i64::try_from(expires.as_secs()).ok()?.saturating_mul(1000) })
    }

    /// How head office's door shows itself, and whom it lets knock: everybody, because a box that enrols has no certificate yet.
    pub fn server_config(
        self: &Arc<Self>,
        names: Vec<String>,
        clock: &Arc<dyn Clock>,
        files: Option<&TlsFiles>,
    ) -> Result<ServerConfig, DoorError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_details(provider, Arc::new(OfficeTime(Arc::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider knows TLS 1.3")
            .with_client_cert_verifier(Arc::new(BySignature(Arc::clone(&self.verifier))));
        let mut config = match files {
            Some(files) => {
                let (chain, key) = chain_and_key(files)?;
                builder.with_single_cert(chain, key).map_err(|error| files.bad_pair(&error))?
            }
            None => builder.with_cert_resolver(Arc::new(OwnCertificate {
                authority: Arc::clone(self),
                names,
                clock: Arc::clone(clock),
                current: Mutex::default(),
            })),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// What a box must believe to believe head office's door: the CA's certificate, and its pin for codes. With a certificate from elsewhere it
    /// is the last one of its chain.
    pub fn server_trust(&self, files: Option<&TlsFiles>) -> Result<(String, Pin), DoorError> {
        let Some(files) = files else { return Ok((self.pem.clone(), Pin::of(&self.fingerprint))) };
        let bad = |reason: String| DoorError::BadFile { path: files.cert.clone(), what: "a certificate", reason };
        let text = fs::read_to_string(&files.cert).map_err(|error| bad(error.to_string()))?;
        let last = certificates(&files.cert, "a certificate")?.pop().expect("one at least");
        let begins = text.rfind("-----BEGIN CERTIFICATE-----").ok_or_else(|| bad("there is no certificate in it".to_owned()))?;
        Ok((text[begins..].to_owned(), Pin::of(&fingerprint(&last).map_err(|error| bad(error.to_string()))?)))
    }

    fn own_certificate(&self, names: &[String], now_ms: i64) -> Option<CertifiedKey> {
        let key = KeyPair::generate().ok()?;
        let mut params = CertificateParams::new(names.iter().cloned().chain([OFFICE_NAME.to_owned()]).collect::<Vec<_>>()).ok()?;
        params.distinguished_name.push(DnType::CommonName, "Counterfoil head office");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_dates(&mut params, now_ms - DAY_MS, now_ms + OWN_LIFE_MS);
        let certificate = params.signed_by(&key, &self.issuer).ok()?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        CertifiedKey::from_der(chain, key, &ring::default_provider()).ok()
    }
}

fn ca_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.distinguished_name.push(DnType::CommonName, "Counterfoil head office CA");
    set_dates(&mut params, 0, CA_UPTO_MS);
    Ok(params)
}

fn set_dates(params: &mut CertificateParams, from_ms: i64, upto_ms: i64) {
    let at = |ms: i64| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    (params.not_before, params.not_after) = (at(from_ms), at(upto_ms));
}

struct NodePublic([u8; 32]);

impl PublicKeyData for NodePublic {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

fn open_key(path: &Path) -> Result<KeyPair, AuthorityError> {
    let damaged = |error: rcgen::Error| AuthorityError::Damaged { path: path.to_owned(), reason: error.to_string() };
    let pem = read_or_make(path, 0o600, || Ok(KeyPair::generate().map_err(damaged)?.serialize_pem()))?;
    let mode = fs::metadata(path).map_err(|source| AuthorityError::File { path: path.to_owned(), source })?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(AuthorityError::TooOpen { path: path.to_owned(), mode });
    }
    KeyPair::from_pem(&pem).map_err(damaged)
}

/// The file's text. When there is none it is made, whole or not at all, and never over another.
fn read_or_make(path: &Path, mode: u32, make: impl FnOnce() -> Result<String, AuthorityError>) -> Result<String, AuthorityError> {
    let failed = |source| AuthorityError::File { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    let text = make()?;
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let write = || {
        let _ = fs::remove_file(&part);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&part, path);
        fs::remove_file(&part)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        fs::read_to_string(path)
    };
    write().map_err(failed)
}

/// Believes whoever holds the key of a certificate of ours, whatever its dates.
#[derive(Debug)]
struct BySignature(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for BySignature {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.0.verify_client_cert(end_entity, intermediates, now).or_else(|error| match moment_of_validity(&error) {
            Some(moment) => self.0.verify_client_cert(end_entity, intermediates, moment),
            None => Err(error),
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Head office's own certificate, with a key that never touches the disk.
struct OwnCertificate {
    authority: Arc<Authority>,
    names: Vec<String>,
    clock: Arc<dyn Clock>,
    /// And when it was made.
    current: Mutex<Option<(i64, Arc<CertifiedKey>)>>,
}

impl fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnCertificate({:?})", self.names)
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let now_ms = self.clock.now().ms;
        let mut current = self.current.lock().ok()?;
        let is_fresh = |made_ms: i64| (made_ms..made_ms + OWN_RENEWAL_MS).contains(&now_ms);
        if !current.as_ref().is_some_and(|(made_ms, _)| is_fresh(*made_ms)) {
            *current = Some((now_ms, Arc::new(self.authority.own_certificate(&self.names, now_ms)?)));
        }
        current.as_ref().map(|(_, certificate)| Arc::clone(certificate))
    }
}

struct OfficeTime(Arc<dyn Clock>);

impl fmt::Debug for OfficeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfficeTime")
    }
}

impl TimeProvider for OfficeTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(self.0.now().ms).unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::journal::NodeKey;

    #[test]
    fn an_authority_is_made_once_kept_from_others_and_reads_only_its_own_certificates() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [ours, theirs] = [&folders[0], &folders[1]].map(|folder| Authority::open(folder.path()).unwrap());
        let again = Authority::open(folders[0].path()).unwrap();
        assert_eq!(ours.fingerprint(), again.fingerprint());
        let (key_file, file) = (folders[0].path().join(KEY_FILE), folders[0].path().join(CERTIFICATE_FILE));
        assert_eq!(fs::metadata(&key_file).unwrap().mode() & 0o777, 0o600);

        let key = NodeKey::from_seed([3; 32]);
        let (store, node) = (StoreId::new("s1").unwrap(), NodeId::new("n1").unwrap());
        let issued = ours.certify(&store, &node, &key.public(), 1_800_000_000_000, 90 * DAY_MS).unwrap();
        let certificate = CertificateDer::from_pem_slice(issued.pem.as_bytes()).unwrap();
        let shown = Shown { public_key: key.public_hex(), expires_ms: 1_800_000_000_000 + 90 * DAY_MS };
        assert_eq!(again.read(&certificate), Some(shown));
        assert_eq!(theirs.read(&certificate), None);
        assert_eq!(ours.certify(&StoreId::new("a.b").unwrap(), &node, &key.public(), 0, DAY_MS), None);

        fs::copy(folders[1].path().join(CERTIFICATE_FILE), &file).unwrap();
        assert!(matches!(Authority::open(folders[0].path()), Err(AuthorityError::OtherKey { .. })));
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Authority::open(folders[0].path()), Err(AuthorityError::TooOpen { mode: 0o640, .. })));
    }
}
