//! The words of scenarios about returns: receipts of other shops and bad ones, what comes back, refunds, post-voids.

use counterfoil::ids::{Sku, StoreId, TaxClassId, TxnId};
use counterfoil::money::{Money, Qty, Unit};
use counterfoil::retail::{Command, Disposition, Original, OriginalLine, QuantityFrom, Refusal, TenderKind};

use super::scenario::Scenario;

impl Scenario {
    /// receipt NAME STORE TOTAL [elsewhere] · receipt-line NAME LINE SKU QUANTITY PAID CLASS · returned-elsewhere NAME LINE QUANTITY ·
    /// receipt-bad NAME WHY · return-rule WHAT VALUE
    pub fn receipt_word(&mut self, words: &[String], at: &str) {
        let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
        match word(0) {
            "receipt" => {
                let original = Original {
                    txn: TxnId(uuid::Uuid::from_u128(0xf000_0000 + self.shop.receipts.len() as u128)),
                    number: format!("9-0000-{:06}", self.shop.receipts.len() + 1),
                    store: Some(StoreId::new(word(2)).unwrap()),
                    business_date: "2026-03-01".parse().unwrap(),
                    total: self.money(word(3)),
                    tenders: Vec::new(),
                    lines: Vec::new(),
                    elsewhere: words.get(4).map(|_| Default::default()),
                };
                self.shop.receipts.insert(word(1).to_owned(), Ok(original));
            }
            "receipt-line" => {
                let paid = self.money(word(5));
                let line = OriginalLine {
                    line: word(2).parse().unwrap(),
                    sku: Sku::new(word(3)).unwrap(),
                    name: word(3).to_owned(),
                    code: word(3).to_owned(),
                    gtin: None,
                    quantity: Qty::parse(word(4)).unwrap(),
                    quantity_from: QuantityFrom::Entry,
                    unit: Unit::Piece,
                    unit_price: paid,
                    gross: paid,
                    discounts: Vec::new(),
                    extended: paid,
                    tax_class: TaxClassId::new(word(6)).unwrap(),
                    group: String::new(),
                    batch: None,
                    serial: None,
                    price_version: 0,
                    tax: None,
                };
                self.foreign(word(1), at).lines.push(line);
            }
            "returned-elsewhere" => {
                let (line, quantity) = (word(2).parse().unwrap(), Qty::parse(word(3)).unwrap());
                self.foreign(word(1), at).elsewhere.get_or_insert_default().insert(line, quantity);
            }
            "receipt-bad" => {
                let refusal = match word(2) {
                    "damaged" => Refusal::ReceiptCodeDamaged,
                    "forged" => Refusal::ReceiptForged,
                    "chain" => Refusal::ReceiptOfOtherChain,
                    "key" => Refusal::ReceiptKeyUnknown,
                    other => panic!("{at}: a receipt is not bad by {other}"),
                };
                self.shop.receipts.insert(word(1).to_owned(), Err(refusal));
            }
            "return-rule" => {
                let amount = self.money(word(2));
                let rules = &mut self.shop.rules.returns;
                match word(1) {
                    "elsewhere" => rules.unknown_elsewhere_max = amount,
                    "without" => rules.without_receipt_max = amount,
                    "minutes" => rules.post_void_minutes_max = word(2).parse().unwrap(),
                    other => panic!("{at}: no rule {other}"),
                }
            }
            other => panic!("{at}: nobody knows {other}"),
        }
    }

    fn foreign(&mut self, name: &str, at: &str) -> &mut Original {
        let found = self.shop.receipts.get_mut(name).and_then(|receipt| receipt.as_mut().ok());
        found.unwrap_or_else(|| panic!("{at}: no receipt {name}"))
    }

    /// return NAME LINE QUANTITY|all DISPOSITION REASON · return-article CODE QUANTITY DISPOSITION REASON [NAME] · refund [KIND] ·
    /// post-void NAME
    pub fn read_return(&self, words: &[String], at: &str) -> Option<Command> {
        let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
        let quantity = |text: &str| (text != "all").then(|| Qty::parse(text).unwrap_or_else(|| panic!("{at}: a quantity")));
        let disposition = |text: &str| {
            Disposition::ALL.into_iter().find(|of| of.name() == text).unwrap_or_else(|| panic!("{at}: goods do not go to {text}"))
        };
        // A receipt of a shop's own is called by its transaction, as the shop in memory finds it.
        let receipt = |name: &str| match self.shop.receipts.contains_key(name) {
            true => name.to_owned(),
            false => self.named(name, at).txn.map_or_else(|| name.to_owned(), |txn| txn.to_string()),
        };
        Some(match word(0) {
            "return" => Command::ReturnLine {
                receipt: receipt(word(1)),
                line: word(2).parse().unwrap(),
                quantity: quantity(word(3)),
                disposition: disposition(word(4)),
                reason: word(5).to_owned(),
            },
            "return-article" => Command::ReturnArticle {
                code: word(1).to_owned(),
                quantity: quantity(word(2)),
                disposition: disposition(word(3)),
                reason: word(4).to_owned(),
                receipt: words.get(5).map(|name| receipt(name)),
            },
            "refund" => Command::Refund {
                by: words.get(1).map(|kind| match kind.as_str() {
                    "cash" => TenderKind::Cash,
                    "card" => TenderKind::Card,
                    other => panic!("{at}: no refund by {other}"),
                }),
            },
            "post-void" => Command::PostVoid { txn: self.named(word(1), at).txn.unwrap() },
            _ => return None,
        })
    }

    /// returned NAME LINE QUANTITY
    pub fn expect_returned(&self, name: &str, line: &str, quantity: &str, at: &str) {
        let txn = match self.shop.receipts.get(name) {
            Some(Ok(original)) => original.txn,
            Some(Err(_)) | None => self.named(name, at).txn.unwrap(),
        };
        assert_eq!(self.shop.state.returned.of_line(txn, line.parse().unwrap()), Qty::parse(quantity).unwrap(), "{at}");
    }

    /// What a box knows that has forgotten this sale and older ones. Only for refusals: its record says otherwise.
    pub fn forget(&mut self, name: &str, at: &str) {
        let mut parts = self.shop.state.to_parts();
        let forgotten = serde_json::json!({"sales": {}, "forgotten": self.named(name, at).txn});
        parts.insert("returned".to_owned(), serde_json::to_vec(&forgotten).unwrap());
        self.shop.state = counterfoil::retail::State::from_parts(&parts).unwrap();
    }

    pub fn lowest_price(&mut self, amount: &str) {
        self.shop.lowest_price = Some(self.money(amount)).filter(|amount| *amount > Money::ZERO);
    }
}
