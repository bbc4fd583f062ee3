//! A mail server for tests: real sockets, with TLS or without, and with the troubles that mail servers have.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What goes wrong with one dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 451 to the sender's name: nothing has left.
    Busy,
    /// 550 to the customer's address.
    NoSuchUser,
    /// The whole message is taken, and no word comes back.
    DropAfterMessage,
    /// 554 after the message.
    Spam,
}

/// All that the server saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Whole messages that were acknowledged.
    pub mails: Vec<String>,
    /// Whole messages that were read and not acknowledged.
    pub swallowed: Vec<String>,
    /// Recipients named.
    pub recipients: Vec<String>,
    pub logins: Vec<String>,
    pub dialogues: usize,
}

#[derive(Clone)]
pub struct MailServer {
    pub port: u16,
    pub seen: Arc<Mutex<Seen>>,
    troubles: Arc<Mutex<VecDeque<Trouble>>>,
    offers_tls: bool,
}

impl MailServer {
    pub async fn plain() -> MailServer {
        MailServer::start(None, false).await
    }

    /// From the first byte, or after STARTTLS.
    pub async fn tls(cert: &Path, key: &Path, after_starttls: bool) -> MailServer {
        let certs = std::fs::read(cert).unwrap();
        let certs = rustls::pki_types::pem::PemObject::pem_slice_iter(&certs).collect::<Result<Vec<_>, _>>().unwrap();
        let key = rustls::pki_types::pem::PemObject::from_pem_file(key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(certs, key).unwrap();
        MailServer::start(Some(TlsAcceptor::from(Arc::new(config))), after_starttls).await
    }

    async fn start(tls: Option<TlsAcceptor>, after_starttls: bool) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = MailServer {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            troubles: Arc::default(),
            offers_tls: after_starttls,
        };
        let answering = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, tls) = (answering.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) if !after_starttls => {
                            if let Ok(stream) = tls.accept(stream).await {
                                server.speak(stream, true, false).await;
                            }
                        }
                        Some(tls) => {
                            if let Some(stream) = server.speak(stream, true, true).await
                                && let Ok(stream) = tls.accept(stream).await
                            {
                                server.speak(stream, false, false).await;
                            }
                        }
                        None => drop(server.speak(stream, true, false).await),
                    }
                });
            }
        });
        server
    }

    /// The next dialogues go wrong in this way, one each.
    pub fn trouble(&self, trouble: Trouble) {
        self.troubles.lock().unwrap().push_back(trouble);
    }

    pub fn mails(&self) -> Vec<String> {
        self.seen.lock().unwrap().mails.clone()
    }

    /// One dialogue. Gives the stream back where TLS is to begin.
    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, greets: bool, in_the_clear: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greets {
            self.seen.lock().unwrap().dialogues += 1;
            stream.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
        }
        let mut trouble = None;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let words = line.trim_end().to_owned();
            let answer = match words.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" if self.offers_tls && in_the_clear => "250-mail.test\r\n250 STARTTLS",
                "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN",
                "STARTTLS" => {
                    stream.write_all(b"220 go on\r\n").await.ok()?;
                    return Some(stream.into_inner());
                }
                "AUTH" => {
                    self.seen.lock().unwrap().logins.push(words.clone());
                    "235 you are known"
                }
                "MAIL" => {
                    trouble = self.troubles.lock().unwrap().pop_front();
                    if trouble == Some(Trouble::Busy) { "451 4.3.2 come back later" } else { "250 ok" }
                }
                "RCPT" => {
                    self.seen.lock().unwrap().recipients.push(words.clone());
                    if trouble == Some(Trouble::NoSuchUser) { "550 5.1.1 nobody of that name lives here" } else { "250 ok" }
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let mut mail = String::new();
                    while !mail.ends_with("\r\n.\r\n") {
                        if stream.read_line(&mut mail).await.ok()? == 0 {
                            return None;
                        }
                    }
                    let mail = mail.trim_end_matches(".\r\n").to_owned();
                    let mut seen = self.seen.lock().unwrap();
                    match trouble {
                        Some(Trouble::DropAfterMessage) => {
                            seen.swallowed.push(mail);
                            return None;
                        }
                        Some(Trouble::Spam) => {
                            seen.swallowed.push(mail);
                            "554 5.7.1 this looks like advertising"
                        }
                        Some(_) | None => {
                            seen.mails.push(mail);
                            "250 taken"
                        }
                    }
                }
                "QUIT" => {
                    let _ = stream.write_all(b"221 bye\r\n").await;
                    return None;
                }
                _ => "500 what?",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
    }
}
