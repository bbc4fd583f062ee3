//! What orders need of the shell: reading customers' codes, how long ago a hand-over was, and ending the waiting for those that nobody
//! collects.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::handle::{CommandRequest, Node, Shared};
use super::run::shell_request;
use super::screen::{Feedback, Opens, Tone};
use super::writer::Recorded;
use crate::document::Language;
use crate::document::collect_code::{self, BadCollectCode};
use crate::gs1::{Gtin, Scan};
use crate::ids::{OrderNo, Sku, SubjectRef};
use crate::journal::hash::to_hex;
use crate::journal::{NodeKey, PublicKey};
use crate::retail::order::promise::GRANTS_AT_ONCE_MAX;
use crate::retail::order::{CodeFact, CollectOrder, OrderAct, OrderFacts, OrderState, Shown, TAKE_BACK_MS, bag_of};
use crate::retail::{Command, Event};
use crate::time::Clock;
use crate::vault::{Details, VaultError};

/// How often the node looks for orders that nobody came for.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Hand-overs whose age is known; those beyond it are older than a minute.
const HAND_OVERS_MAX: usize = 1_000;

/// What proves a customer's code with the line down.
#[derive(Clone)]
pub struct CollectKeys {
    /// Head office's public key from the configuration.
    configured: Option<String>,
    /// Where the one of the first contact was written down.
    pin_file: PathBuf,
    marks: Arc<ring::hmac::Key>,
    subjects: Arc<ring::hmac::Key>,
}

impl CollectKeys {
    pub fn new(key: &NodeKey, configured: Option<String>, pin_file: PathBuf) -> CollectKeys {
        let marks = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key.derived("counterfoil collect numbers v1"));
        let subjects = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key.derived("counterfoil collect customers v1"));
        CollectKeys { configured, pin_file, marks: Arc::new(marks), subjects: Arc::new(subjects) }
    }

    /// A short number as the record holds it: eight digits are quickly tried out by who has the record, but not without this node's key.
    pub fn number_mark(&self, digits: &str) -> String {
        to_hex(ring::hmac::sign(&self.marks, digits.as_bytes()).as_ref())
    }

    /// The reference to the customer of an order: the same whenever the order comes, and nothing to anybody without this node's key.
    pub fn subject(&self, order: &OrderNo) -> SubjectRef {
        let tag = ring::hmac::sign(&self.subjects, order.as_str().as_bytes());
        let bytes: [u8; 16] = tag.as_ref()[..16].try_into().expect("SHA-256 has 32 bytes");
        SubjectRef(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// What a scanned or typed text says, as far as it can be proved here.
    pub fn read(&self, text: &str) -> CodeFact {
        let plain = plain(text);
        if let Some(digits) = collect_code::short_number(&plain) {
            return CodeFact::Number { mark: self.number_mark(&digits) };
        }
        if !plain.starts_with(collect_code::PREFIX) {
            return CodeFact::NoCode;
        }
        let Some(key) = self.head_office() else { return CodeFact::NoKey };
        match collect_code::decode(&plain, |bytes, signature| key.signed(bytes, &to_hex(signature))) {
            Ok(code) => CodeFact::Signed {
                order: code.order,
                store: code.store,
                expires_ms: code.expires_ms,
                secret_hash: collect_code::secret_hash(&code.secret),
            },
            Err(BadCollectCode::Damaged) => CodeFact::Damaged,
            Err(BadCollectCode::Forged) => CodeFact::Forged,
        }
    }

    /// Read anew each time: the first contact may have come since.
    fn head_office(&self) -> Option<PublicKey> {
        let hex = match &self.configured {
            Some(hex) => hex.clone(),
            None => std::fs::read_to_string(&self.pin_file).ok()?,
        };
        PublicKey::from_hex(hex.trim()).ok()
    }
}

/// Who comes for an order, as pages show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderCustomer {
    pub subject: Option<SubjectRef>,
    pub name: String,
    pub initials: String,
    pub phone: String,
    /// There was somebody, and what is known of them was erased.
    pub is_erased: bool,
}

impl Shared {
    /// Who comes for an order. Empty where nobody said it, or the vault cannot be read.
    pub fn order_customer(&self, order: &CollectOrder) -> OrderCustomer {
        let Some(subject) = order.subject else { return OrderCustomer { initials: order.initials.clone(), ..OrderCustomer::default() } };
        let unknown = OrderCustomer { subject: Some(subject), ..OrderCustomer::default() };
        match self.vault.as_ref().map(|vault| vault.get(subject)) {
            Some(Ok(Details { name, initials, phone, .. })) => OrderCustomer { name, initials, phone, ..unknown },
            Some(Err(VaultError::Erased(_))) => OrderCustomer { is_erased: true, ..unknown },
            Some(Err(_)) | None => unknown,
        }
    }
}

/// Hand-overs of this run of the process, by when they were done.
#[derive(Default)]
pub struct HandOvers(BTreeMap<OrderNo, Instant>);

impl HandOvers {
    /// After the records are durable.
    pub fn note(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::OrderHandedOver { step, .. } => drop(self.0.insert(step.order.clone(), Instant::now())),
                Event::HandOverTakenBack { step } => drop(self.0.remove(&step.order)),
                _ => {}
            }
        }
        if self.0.len() > HAND_OVERS_MAX {
            self.0.retain(|_, at| at.elapsed() <= Duration::from_millis(TAKE_BACK_MS));
        }
    }

    /// What a decision about `command` must know.
    pub fn facts(&self, command: &Command, keys: &CollectKeys) -> OrderFacts {
        let Command::Order(act) = command else { return OrderFacts::default() };
        let code = match act {
            OrderAct::Identify { code, .. }
            | OrderAct::HandOver { shown: Shown::Code(code), .. }
            | OrderAct::Pay { shown: Shown::Code(code), .. } => Some(keys.read(code)),
            _ => None,
        };
        let ago_ms = match act {
            OrderAct::TakeBackHandOver { order } => self.0.get(order).map(|at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)),
            _ => None,
        };
        OrderFacts { code, handed_over_ago_ms: ago_ms, ..OrderFacts::default() }
    }
}

/// A customer's code or a bag's label is no article: at a till it asks which order it opens.
pub(super) fn scanned(request: CommandRequest) -> CommandRequest {
    let Command::AddLine { code, .. } = &request.command else { return request };
    let plain = plain(code);
    if !collect_code::is_collect_code(&plain) && bag_of(&plain).is_none() {
        return request;
    }
    CommandRequest { command: Command::Order(OrderAct::Identify { code: plain, within: None }), ..request }
}

/// The digits of a customer's number as a person types it or a keyboard wedge does: a scanner that says what bars it read, read no number.
pub(super) fn typed_number(text: &str) -> Option<String> {
    collect_code::short_number(text)
}

/// The article numbers that somebody may have meant who typed these digits: one of them is another, or two neighbours are swapped. For each
/// place the check digit leaves one, so they are few.
pub(super) fn meant_by(digits: &str) -> Vec<String> {
    let typed = digits.as_bytes();
    let others = (0..typed.len()).flat_map(|at| (b'0'..=b'9').map(move |digit| (at, digit))).map(|(at, digit)| {
        let mut meant = typed.to_vec();
        meant[at] = digit;
        meant
    });
    let swapped = (1..typed.len()).map(|at| {
        let mut meant = typed.to_vec();
        meant.swap(at - 1, at);
        meant
    });
    let texts = others.chain(swapped).filter(|meant| meant != typed).filter_map(|meant| String::from_utf8(meant).ok());
    texts.filter(|meant| Gtin::parse(meant).is_ok()).collect()
}

/// Without what the scanner puts around it.
fn plain(text: &str) -> String {
    let frame = text.trim_matches([' ', '\r', '\n', '\t']);
    Scan::from_frame(frame.as_bytes(), true).map_or_else(|_| frame.to_owned(), |scan| String::from_utf8_lossy(scan.raw()).into_owned())
}

/// For the till where the code was scanned.
pub(super) fn identified(opens: Opens, language: Language) -> Feedback {
    let order = &opens.order;
    let text = match language {
        Language::English => format!("Order {order}: hand it over on its page."),
        Language::German => format!("Auftrag {order}: auf seiner Seite übergeben."),
    };
    Feedback {
        serial: 0,
        tone: Tone::Quiet,
        text,
        remedy: String::new(),
        code: "order_identified".to_owned(),
        line: None,
        unknown: None,
        opens: Some(opens),
    }
}

/// Units that were promised went with this sale: said once, cleared by the next scan.
pub(super) fn promise_broken(recorded: &Recorded, language: Language) -> Option<Feedback> {
    let words: Vec<String> = recorded
        .events
        .iter()
        .filter_map(|event| match event {
            Event::PromiseBroken { order, quantity, .. } => Some(match language {
                Language::English => format!("{} promised to order {order}", quantity.plain()),
                Language::German => format!("{} zugesagt für Auftrag {order}", quantity.plain()),
            }),
            _ => None,
        })
        .collect();
    let text = words.join(", ");
    (!words.is_empty()).then(|| Feedback {
        serial: 0,
        tone: Tone::Quiet,
        text,
        remedy: String::new(),
        code: "promise_broken".to_owned(),
        line: None,
        unknown: None,
        opens: None,
    })
}

/// Ends the waiting for orders that expire, and accepts those that the shelf covers by now, the earliest promise first, as long as the loop
/// lives.
pub async fn watch_orders(node: Node, clock: Arc<dyn Clock>) {
    let durable = node.durable();
    while durable.has_changed().is_ok() {
        let now_ms = clock.now().ms;
        let screen = node.screen();
        let due = screen.orders.open().filter(|order| order.state == OrderState::Staged && order.asked.expires_ms <= now_ms);
        for order in due {
            let command = Command::Order(OrderAct::Expire { order: order.asked.order.clone() });
            let request: CommandRequest = shell_request(None, command);
            if let Err(error) = node.ask(request).await {
                tracing::warn!(order = %order.asked.order, %error, "an order that expired could not be ended; it is tried again");
            }
        }
        let mut waiting: Vec<_> = screen.orders.open().filter(|order| order.state == OrderState::Received).collect();
        waiting.sort_by_key(|order| (order.asked.promised_ms, &order.asked.order));
        for order in waiting {
            let request: CommandRequest = shell_request(None, Command::Order(OrderAct::Recheck { order: order.asked.order.clone() }));
            if let Err(error) = node.ask(request).await {
                tracing::debug!(order = %order.asked.order, %error, "an order could not be checked again; it is tried again");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How often the node looks whether there is something to grant.
const GRANT_EVERY: Duration = Duration::from_secs(2);

/// Grants what the store's rule wants, a part of the articles at a time, as long as the loop lives.
pub async fn watch_rights(node: Node) {
    let durable = node.durable();
    let mut after: Option<Sku> = None;
    while durable.has_changed().is_ok() {
        let book = node.screen().orders.clone();
        let is_ours = book.office_epoch > 0 && book.lead.as_ref().is_some_and(|lead| lead.here);
        let from = after.take().map_or(Bound::Unbounded, Bound::Excluded);
        let skus: Vec<Sku> = book.rights.range((from, Bound::Unbounded)).take(GRANTS_AT_ONCE_MAX).map(|(sku, _)| sku.clone()).collect();
        after = skus.last().filter(|_| skus.len() == GRANTS_AT_ONCE_MAX).cloned();
        if is_ours && !skus.is_empty() {
            let request = shell_request(None, Command::Order(OrderAct::Grant { skus }));
            if let Err(error) = node.ask(request).await {
                tracing::warn!(%error, "rights could not be granted; it is tried again");
            }
        }
        tokio::time::sleep(GRANT_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::collect_code::{CollectCode, encode};
    use crate::ids::StoreId;

    #[test]
    fn codes_are_read_with_head_offices_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (node, office) = (NodeKey::from_seed([1; 32]), NodeKey::from_seed([2; 32]));
        let keys = CollectKeys::new(&node, None, folder.path().join("head-office.pub"));
        let code =
            CollectCode { order: OrderNo::new("4711").unwrap(), store: StoreId::new("s").unwrap(), expires_ms: 5_000, secret: [9; 16] };
        let text = encode(&code, |bytes| office.sign(bytes));
        assert_eq!(keys.read(&text), CodeFact::NoKey);
        std::fs::write(folder.path().join("head-office.pub"), format!("{}\n", office.public_hex())).unwrap();
        // With the scanner's own letters in front.
        let CodeFact::Signed { order, expires_ms, .. } = keys.read(&format!("]Q1{text}\r")) else { panic!("it is genuine") };
        assert_eq!((order.as_str(), expires_ms), ("4711", 5_000));
        assert_eq!(keys.read(&encode(&code, |bytes| node.sign(bytes))), CodeFact::Forged);
        assert_eq!(keys.read(&text[..60]), CodeFact::Damaged);
        assert_eq!(keys.read("4006381333931"), CodeFact::NoCode);

        let mark = keys.number_mark("12345678");
        assert_eq!(keys.read("1234 5678"), CodeFact::Number { mark: mark.clone() });
        assert_ne!(CollectKeys::new(&office, None, PathBuf::new()).number_mark("12345678"), mark, "another node's marks are others");
    }
}
