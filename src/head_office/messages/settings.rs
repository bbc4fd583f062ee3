//! How customers are told, as head office's configuration says it: `[head_office.mail]` and `[head_office.webhook]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Messages;
use super::mail::{Mail, MailSettings, Security};
use super::text::Texts;
use super::webhook::Webhook;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMail {
    server: String,
    port: Option<u16>,
    #[serde(default)]
    security: RawSecurity,
    user: Option<String>,
    password_file: Option<PathBuf>,
    from: String,
    ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawSecurity {
    #[default]
    StartTls,
    Tls,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWebhook {
    url: String,
    secret_file: PathBuf,
    ca: Option<PathBuf>,
}

/// Checks what was typed. `complain` takes a key under `head_office`, its value and the remedy.
pub fn checked(
    mail: Option<RawMail>,
    webhook: Option<RawWebhook>,
    texts: Option<PathBuf>,
    mut complain: impl FnMut(&str, String, &str),
) -> Messages {
    let mut messages = Messages::default();
    if let Some(raw) = mail {
        match mail_of(&raw) {
            Ok(mail) => messages.mail = Some(mail),
            Err((key, remedy)) => {
                let value = match key {
                    "server" => raw.server,
                    "from" => raw.from,
                    "security" => format!("{:?}", raw.security).to_lowercase(),
                    "password_file" => shown(raw.password_file.as_deref()),
                    "user" => raw.user.unwrap_or_default(),
                    _ => shown(raw.ca.as_deref()),
                };
                complain(&format!("mail.{key}"), value, &remedy);
            }
        }
    }
    if let Some(raw) = webhook {
        match webhook_of(&raw) {
            Ok(webhook) => messages.webhook = Some(webhook),
            Err((key, remedy)) => {
                let value = match key {
                    "url" => raw.url,
                    "secret_file" => shown(Some(&raw.secret_file)),
                    _ => shown(raw.ca.as_deref()),
                };
                complain(&format!("webhook.{key}"), value, &remedy);
            }
        }
    }
    if let Some(folder) = texts {
        match Texts::with_folder(&folder) {
            Ok(texts) => messages.texts = texts,
            Err(why) => complain("message_texts", folder.display().to_string(), &why),
        }
    }
    messages
}

type Wrong = (&'static str, String);

fn mail_of(raw: &RawMail) -> Result<Mail, Wrong> {
    let credentials = match (&raw.user, &raw.password_file) {
        (Some(user), Some(file)) => Some((user.clone(), read("password_file", file)?.trim_end().to_owned())),
        (None, None) => None,
        (Some(_), None) => return Err(("user", "it needs password_file as well".to_owned())),
        (None, Some(_)) => return Err(("password_file", "it needs user as well".to_owned())),
    };
    let security = match raw.security {
        RawSecurity::StartTls => Security::StartTls,
        RawSecurity::Tls => Security::Tls,
        RawSecurity::None => Security::None,
    };
    let ca = raw.ca.as_deref().map(|path| read("ca", path)).transpose()?;
    Mail::new(MailSettings {
        server: &raw.server,
        port: raw.port,
        security,
        credentials,
        from: &raw.from,
        ca: ca.as_deref().map(str::as_bytes),
    })
}

fn webhook_of(raw: &RawWebhook) -> Result<Webhook, Wrong> {
    let secret = read("secret_file", &raw.secret_file)?;
    let ca = raw.ca.as_deref().map(|path| read("ca", path)).transpose()?;
    Webhook::new(&raw.url, &secret, ca.as_deref().map(str::as_bytes))
}

fn read(key: &'static str, path: &Path) -> Result<String, Wrong> {
    std::fs::read_to_string(path).map_err(|error| (key, format!("cannot be read: {error}; check the path and who may read it")))
}

fn shown(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}
