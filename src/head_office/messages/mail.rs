//! Messages to customers by mail: one SMTP dialogue for each, step by step, so that it is known whether anything has left.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response::Severity};
use lettre::{Address, message::header};
use qrcode::{EcLevel, QrCode};

use super::outbox::{Outcome, Outgoing};
use super::text::Words;

/// From the connection to the first byte of a message.
const BEFORE_MAX: Duration = Duration::from_secs(60);
/// Servers may look a message over before they answer: RFC 5321, 4.5.3.2.6 asks for ten minutes; nobody waits longer than this here.
const MESSAGE_MAX: Duration = Duration::from_secs(120);
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Pixels of one module of the code, and of the quiet zone around it in modules.
const MODULE_PIXELS: usize = 6;
const QUIET_MODULES: usize = 4;

/// How the line to the mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// In the clear first, then TLS or nothing (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// To this machine alone.
    None,
}

impl Security {
    pub fn port(self) -> u16 {
        match self {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::None => 25,
        }
    }
}

/// A mail server, and in whose name is written.
#[derive(Clone)]
pub struct Mail {
    server: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    from: Mailbox,
    tls: TlsParameters,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({}:{}, from {})", self.server, self.port, self.from)
    }
}

/// As configured.
pub struct MailSettings<'a> {
    pub server: &'a str,
    pub port: Option<u16>,
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, String)>,
    pub from: &'a str,
    /// PEM: who made the server's certificate, if not a CA that this machine trusts.
    pub ca: Option<&'a [u8]>,
}

/// Whether a channel's e-mail address can be written to at all.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && text.parse::<Address>().is_ok()
}

impl Mail {
    /// The error says which key is wrong and what to do.
    pub fn new(settings: MailSettings<'_>) -> Result<Mail, (&'static str, String)> {
        let MailSettings { server, port, security, credentials, from, ca } = settings;
        let is_here = server == "localhost" || server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if server.is_empty() || server.contains(['/', '@', ' ']) || (server.contains(':') && server.parse::<std::net::Ipv6Addr>().is_err())
        {
            return Err((
                "server",
                "write the server's name alone, for example \"smtp.example.com\"; the port has a key of its own".to_owned(),
            ));
        }
        if security == Security::None && !is_here {
            return Err(("security", "customers' addresses would leave unencrypted: use \"starttls\" or \"tls\"".to_owned()));
        }
        let from: Mailbox = from.parse().map_err(|_| ("from", "write for example \"Markt AG <orders@markt.example>\"".to_owned()))?;
        let mut tls = TlsParameters::builder(server.to_owned());
        if let Some(pem) = ca {
            super::has_certificates(pem)?;
            let certificate = Certificate::from_pem(pem).map_err(|error| ("ca", format!("no certificate in it: {error}")))?;
            tls = tls.add_root_certificate(certificate);
        }
        let tls = tls.build_rustls().map_err(|error| ("server", error.to_string()))?;
        let credentials = credentials.map(|(user, password)| Credentials::new(user, password));
        Ok(Mail { server: server.to_owned(), port: port.unwrap_or(security.port()), security, credentials, from, tls })
    }

    pub async fn send(&self, message: &Outgoing, words: &Words) -> Outcome {
        if message.email.is_empty() {
            return Outcome::NoAddress;
        }
        let Ok(to) = message.email.parse::<Address>() else {
            return Outcome::Refused("the e-mail address is none".to_owned());
        };
        let name = (!message.name.is_empty()).then(|| message.name.clone());
        let content = self.content(Mailbox::new(name, to.clone()), &message.id(), words, picture(&message.token));
        self.deliver(&to, content).await
    }

    /// Plain words, to somebody of our own. `id`: the same for the same mail.
    pub async fn write(&self, address: &str, id: &str, subject: &str, body: &str) -> Outcome {
        let Ok(to) = address.parse::<Address>() else {
            return Outcome::Refused("the e-mail address is none".to_owned());
        };
        let words = Words { subject: subject.to_owned(), body: body.to_owned() };
        let content = self.content(Mailbox::new(None, to.clone()), id, &words, None);
        self.deliver(&to, content).await
    }

    async fn deliver(&self, to: &Address, content: Result<Vec<u8>, String>) -> Outcome {
        let content = match content {
            Ok(content) => content,
            Err(error) => return Outcome::Refused(format!("the mail cannot be written: {error}")),
        };
        let mut connection = match tokio::time::timeout(BEFORE_MAX, self.up_to_the_message(to)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(Stopped::Line(error))) => return Outcome::Later(said(&error)),
            Ok(Err(Stopped::Recipient(error))) => {
                let outcome = if error.is_permanent() { Outcome::Refused } else { Outcome::Later };
                return outcome(said(&error));
            }
            Err(_) => return Outcome::Later(format!("the mail server takes more than {} s", BEFORE_MAX.as_secs())),
        };
        let outcome = match tokio::time::timeout(MESSAGE_MAX, connection.message(&content)).await {
            Ok(Ok(answer)) if answer.code().severity == Severity::PositiveCompletion => Outcome::Sent,
            Ok(Ok(answer)) => Outcome::Perhaps(format!("the mail server answers {}", answer.code())),
            Ok(Err(error)) if error.is_permanent() => Outcome::Refused(said(&error)),
            Ok(Err(error)) if error.is_transient() => Outcome::Later(said(&error)),
            Ok(Err(error)) => Outcome::Perhaps(said(&error)),
            Err(_) => Outcome::Perhaps(format!("no answer within {} s", MESSAGE_MAX.as_secs())),
        };
        // It was answered; how the connection ends does not matter any more.
        let _ = tokio::time::timeout(CONNECT_MAX, connection.quit()).await;
        outcome
    }

    /// All that comes before the message. When it fails, nothing has left.
    async fn up_to_the_message(&self, to: &Address) -> Result<AsyncSmtpConnection, Stopped> {
        let hello = ClientId::default();
        let tls = (self.security == Security::Tls).then(|| self.tls.clone());
        let address = (self.server.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_MAX), &hello, tls, None).await?;
        if self.security == Security::StartTls {
            connection.starttls(self.tls.clone(), &hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        connection.command(MailFrom::new(Some(self.from.email.clone()), Vec::new())).await?;
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(Stopped::Recipient)?;
        connection.command(Data).await?;
        Ok(connection)
    }

    fn content(&self, to: Mailbox, id: &str, words: &Words, code: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
        let domain = self.from.email.domain();
        let builder = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(words.subject.as_str())
            .date_now()
            .message_id(Some(format!("<{id}@{domain}>")))
            .raw_header(header::HeaderValue::new(header::HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
        let text = SinglePart::plain(words.body.clone());
        let built = match code {
            Some(png) => {
                let png = Attachment::new("collect-code.png".to_owned())
                    .body(png, ContentType::parse("image/png").map_err(|error| error.to_string())?);
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(png))
            }
            None => builder.singlepart(text),
        };
        built.map(|message| message.formatted()).map_err(|error| error.to_string())
    }
}

/// Where a dialogue ended before the message.
enum Stopped {
    Line(Error),
    /// The server does not take mail for this customer.
    Recipient(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Stopped {
        Stopped::Line(error)
    }
}

/// What the server said, or what became of the line.
fn said(error: &Error) -> String {
    let mut words = error.to_string();
    if let Some(source) = std::error::Error::source(error)
        && !words.contains(&source.to_string())
    {
        words = format!("{words}: {source}");
    }
    words
}

/// A collect code as a PNG. `None`: there is no code.
fn picture(token: &str) -> Option<Vec<u8>> {
    if token.is_empty() {
        return None;
    }
    let code = QrCode::with_error_correction_level(token, EcLevel::M).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let size = (width + 2 * QUIET_MODULES) * MODULE_PIXELS;
    let is_dark = |x: usize, y: usize| {
        let at = |pixel: usize| (pixel / MODULE_PIXELS).checked_sub(QUIET_MODULES).filter(|at| *at < width);
        at(x).zip(at(y)).is_some_and(|(x, y)| colors[y * width + x] == qrcode::Color::Dark)
    };
    let pixels: Vec<u8> = (0..size * size).map(|index| if is_dark(index % size, index / size) { 0 } else { 255 }).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::try_from(size).ok()?, u32::try_from(size).ok()?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings<'a>(server: &'a str, security: Security, from: &'a str) -> MailSettings<'a> {
        MailSettings { server, port: None, security, credentials: None, from, ca: None }
    }

    #[test]
    fn what_is_wrong_with_a_mail_server_is_said() {
        let from = "Markt AG <orders@markt.example>";
        assert_eq!(Mail::new(settings("smtp.example.com", Security::StartTls, from)).unwrap().port, 587);
        assert_eq!(Mail::new(settings("127.0.0.1", Security::None, from)).unwrap().port, 25);
        let key = |server, security, from| Mail::new(settings(server, security, from)).unwrap_err().0;
        assert_eq!(key("smtp.example.com", Security::None, from), "security");
        assert_eq!(key("smtp.example.com:25", Security::Tls, from), "server");
        assert_eq!(key("", Security::Tls, from), "server");
        assert_eq!(key("smtp.example.com", Security::Tls, "Markt AG"), "from");
        let ca = MailSettings { ca: Some(b"none"), ..settings("smtp.example.com", Security::Tls, from) };
        assert_eq!(Mail::new(ca).unwrap_err().0, "ca");
    }

    #[test]
    fn an_address_is_one_address() {
        assert!(is_address("zoe@example.com") && is_address("zoë@example.com"));
        for not in ["", "zoe", "zoe@", "a@b.example, c@d.example", "zoe@example.com\r\nBcc: x@y.example", "Zoe <zoe@example.com>"] {
            assert!(!is_address(not), "{not}");
        }
    }
}
