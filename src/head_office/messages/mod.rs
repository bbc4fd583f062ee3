//! Tells customers: what [`super::order_messages`] says is due leaves by mail and by webhook, once for each cause. Each way has a sender of its
//! own, so that one that hangs holds nothing up but itself.

pub mod mail;
pub mod outbox;
pub mod settings;
pub mod text;
pub mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::office::HeadOffice;
use super::order_messages;
use crate::document::Locale;
use mail::Mail;
use outbox::{Outcome, Outgoing};
use text::{Texts, Values, Words};
use webhook::Webhook;

/// How often a sender looks when nothing has changed: reminders come due by the clock alone.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Changes come in heaps.
const SETTLE: Duration = Duration::from_millis(200);

/// How messages leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Mail,
    Webhook,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Way::Mail => "mail",
            Way::Webhook => "webhook",
        }
    }
}

/// What is configured. Neither: a connector fetches the messages, or people tell the customers.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    pub mail: Option<Mail>,
    pub webhook: Option<Webhook>,
    pub texts: Texts,
}

impl Messages {
    pub fn ways(&self) -> Vec<Way> {
        let mail = self.mail.is_some().then_some(Way::Mail);
        mail.into_iter().chain(self.webhook.is_some().then_some(Way::Webhook)).collect()
    }

    fn words(&self, message: &Outgoing, house: &Locale, zone: &jiff::tz::TimeZone) -> Words {
        let locale = self.texts.locale(&message.kind, &message.language, house);
        let offset_min = jiff::Timestamp::from_millisecond(message.expires_ms).map_or(0, |at| zone.to_offset(at).seconds() / 60);
        let until = locale.moment(message.expires_ms, offset_min).unwrap_or_default();
        let number = match message.number.len() {
            0 => String::new(),
            chars => {
                let (head, tail) = message.number.split_at(chars / 2);
                format!("{head} {tail}")
            }
        };
        let values = Values {
            order: &message.order,
            store: &message.store_name,
            number: &number,
            until: &until,
            name: &message.name,
            link: &message.link,
        };
        self.texts.words(&message.kind, &message.language, house.language.tag(), &values)
    }

    async fn send(&self, way: Way, message: &Outgoing, words: &Words, now_ms: i64) -> Outcome {
        match (way, &self.mail, &self.webhook) {
            (Way::Mail, Some(mail), _) => mail.send(message, words).await,
            (Way::Webhook, _, Some(webhook)) => webhook.send(message, words, now_ms).await,
            _ => Outcome::Later("this way is not configured any more".to_owned()),
        }
    }
}

/// A file without one would be taken as "trust nobody besides" and be found out only when a message does not leave.
fn has_certificates(pem: &[u8]) -> Result<(), (&'static str, String)> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match certificates.is_ok_and(|certificates| !certificates.is_empty()) {
        true => Ok(()),
        false => Err(("ca", "there is no certificate in it: it is PEM, with the line -----BEGIN CERTIFICATE-----".to_owned())),
    }
}

/// Starts a sender for each way that is configured. They finish what is leaving when `ended` says so.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    let messages = Arc::new(office.config().messages.clone());
    let ways = messages.ways().into_iter().map(|way| tokio::spawn(run(office.clone(), Arc::clone(&messages), way, ended.clone())));
    let delays = office.config().order_delayed_ms.map(|after_ms| tokio::spawn(watch_delays(office.clone(), after_ms, ended.clone())));
    ways.chain(delays).collect()
}

/// Promise times pass by the clock alone.
async fn watch_delays(office: HeadOffice, after_ms: i64, mut ended: watch::Receiver<bool>) {
    while !*ended.borrow() {
        if let Err(why) = notice_delays(&office, after_ms).await {
            tracing::warn!(why, "orders that are late are looked for again");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = ended.changed() => return,
        }
    }
}

async fn notice_delays(office: &HeadOffice, after_ms: i64) -> Result<(), String> {
    let now_ms = office.now_ms();
    let late = office.read(move |connection| order_messages::late(connection, now_ms, after_ms));
    if late.await.map_err(|error| error.to_string())?.is_empty() {
        return Ok(());
    }
    let noticed = office.write(move |writer, now_ms| Ok(order_messages::notice_late(writer.connection(), now_ms, after_ms)?));
    noticed.await.map_err(|error| error.to_string())
}

async fn run(office: HeadOffice, messages: Arc<Messages>, way: Way, mut ended: watch::Receiver<bool>) {
    let mut changes = office.changes();
    while !*ended.borrow() {
        changes.mark_unchanged();
        match round(&office, &messages, way).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(why) => tracing::warn!(way = way.name(), why, "messages to customers wait"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(SETTLE).await;
            }
            _ = ended.changed() => return,
        }
    }
}

/// Sends what is due now; returns how many messages left or were tried.
async fn round(office: &HeadOffice, messages: &Arc<Messages>, way: Way) -> Result<usize, String> {
    let (remind_ms, now_ms) = (office.config().order_remind_ms, office.now_ms());
    let asked = office.read(move |connection| {
        Ok(outbox::is_anything_due(connection, way, now_ms, remind_ms)? || outbox::is_anything_abandoned(connection, now_ms)?)
    });
    if !asked.await.map_err(|error| error.to_string())? {
        return Ok(0);
    }
    let ways = messages.ways();
    let taken = office.write(move |writer, now_ms| {
        outbox::recover(writer.connection(), &ways, now_ms)?;
        Ok(outbox::take(writer.connection(), way, now_ms, remind_ms)?)
    });
    let taken = taken.await;
    let taken = taken.map_err(|error| error.to_string())?;
    let count = taken.len();
    let mut leaving = JoinSet::new();
    for mut message in taken {
        message.link = office.config().status_link(&message.link_secret).unwrap_or_default();
        let (office, messages) = (office.clone(), Arc::clone(messages));
        leaving.spawn(async move {
            let config = office.config();
            let words = messages.words(&message, &config.locale, &config.time_zone);
            let outcome = messages.send(way, &message, &words, office.now_ms()).await;
            if !matches!(outcome, Outcome::Sent | Outcome::NoAddress) {
                tracing::warn!(
                    way = way.name(),
                    order = message.order,
                    kind = message.kind,
                    ?outcome,
                    "a message to a customer was not sent"
                );
            }
            let ways = messages.ways();
            let noted =
                office.write(move |writer, now_ms| Ok(outbox::finish(writer.connection(), way, &message, &outcome, &ways, now_ms)?));
            if let Err(error) = noted.await {
                tracing::error!(%error, "what became of a message could not be noted; it is looked at with the next start");
            }
        });
    }
    while let Some(joined) = leaving.join_next().await {
        if let Err(error) = joined
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    Ok(count)
}
