//! The receipt of one finished transaction. Everything on it is read from the record, so a copy says what the original said; nothing is
//! added up here but the subtotal that exclusive taxes stand under, which is the record's own total less its own taxes.

use serde::{Deserialize, Serialize};

use super::locale::Word;
use super::{Block, Cell, Code128, Document, Locale, QrData, Style};
use crate::money::{Currency, Money, Qty, Unit};
use crate::retail::tax::{TaxGroup, TaxMode};
use crate::retail::{CardProof, ReturnOf, SoldLine, TransactionKind, TransactionRecord};

/// What stands on every paper of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Letterhead {
    pub store_name: String,
    pub address_lines: Vec<String>,
    /// As it is to be printed, with its name: "USt-IdNr. DE123456789".
    pub tax_id: String,
    pub footer_lines: Vec<String>,
}

/// A transaction's record and all it takes to put it on paper.
#[derive(Debug, Clone, Copy)]
pub struct Receipt<'a> {
    record: &'a TransactionRecord,
    letterhead: &'a Letterhead,
    currency: &'a Currency,
    locale: &'a Locale,
    head_fragment: &'a str,
    copy: u32,
    code: Option<&'a str>,
    served_by: Option<&'a str>,
}

impl<'a> Receipt<'a> {
    /// `head_fragment`: the first 8 to 12 hex digits of the hash of the journal's record that holds the transaction; with it a paper can
    /// be held against the journal. `copy`: 0 is the original, from 1 on the paper says COPY and the number.
    pub fn of(
        record: &'a TransactionRecord,
        letterhead: &'a Letterhead,
        currency: &'a Currency,
        locale: &'a Locale,
        head_fragment: &'a str,
        copy: u32,
    ) -> Receipt<'a> {
        Receipt { record, letterhead, currency, locale, head_fragment, copy, code: None, served_by: None }
    }

    /// With the code by which other shops take goods back; see [`super::receipt_code`].
    pub fn with_code(self, code: Option<&'a str>) -> Receipt<'a> {
        Receipt { code, ..self }
    }

    /// The name to print in place of the staff id that the record holds.
    pub fn served_by(self, name: Option<&'a str>) -> Receipt<'a> {
        Receipt { served_by: name, ..self }
    }

    pub fn document(&self) -> Document {
        let mut document = Document::default();
        letterhead(&mut document, self.letterhead);
        self.banners(&mut document);
        for line in &self.record.lines {
            self.line(&mut document, line);
        }
        document.block(Block::Rule);
        self.totals(&mut document);
        self.tax_table(&mut document);
        self.identity(&mut document);
        if !self.letterhead.footer_lines.is_empty() {
            document.block(Block::Feed(1));
        }
        for line in &self.letterhead.footer_lines {
            document.centred(line, Style::PLAIN);
        }
        let fragment = format!("{} {}", self.locale.word(Word::Journal), self.head_fragment);
        document.centred(&fragment, Style::SMALL).block(Block::Cut);
        document
    }

    fn banners(&self, document: &mut Document) {
        let word = |word| self.locale.word(word);
        let mut any = false;
        let mut banner = |text: &str| {
            document.centred(text, Style::TALL);
            any = true;
        };
        if self.copy > 0 {
            banner(&format!("*** {} {} ***", word(Word::Copy), self.copy));
        }
        match self.record.kind {
            TransactionKind::Sale => {}
            TransactionKind::Return => banner(&format!("*** {} ***", word(Word::Return))),
            TransactionKind::PostVoid => banner(&format!("*** {} ***", word(Word::PostVoid))),
            TransactionKind::Void => {
                banner(&format!("*** {} ***", word(Word::Void)));
                document.centred(word(Word::NotASale), Style::PLAIN);
            }
        }
        if self.record.training {
            document.centred(&format!("*** {} ***", word(Word::Training)), Style::TALL);
            any = true;
        }
        if any {
            document.block(Block::Feed(1));
        }
    }

    /// Name, amount, tax mark; below it the quantity where it is not one piece, how it was weighed, batch and serial, and each discount.
    fn line(&self, document: &mut Document, line: &SoldLine) {
        let marks = self.mark_columns();
        // A line without a name would be an amount for nothing.
        let name = if line.name.trim().is_empty() { &line.code } else { &line.name };
        let cells = vec![Cell::fill(name), Cell::right(&self.money(line.gross), 0), Cell::left(self.mark(line), marks)];
        document.cells(0, cells, Style::PLAIN);
        if let Some(text) = self.quantity(line) {
            document.cells(2, vec![Cell::fill(&text)], Style::PLAIN);
        }
        if let Some(text) = self.weighed(line) {
            document.cells(2, vec![Cell::fill(&text)], Style::PLAIN);
        }
        for (word, mark) in [(Word::Batch, &line.batch), (Word::Serial, &line.serial)] {
            if let Some(mark) = mark {
                document.cells(2, vec![Cell::fill(&format!("{} {mark}", self.word(word)))], Style::PLAIN);
            }
        }
        for discount in &line.discounts {
            let cells = vec![Cell::fill(&discount.text), Cell::right(&self.money(discount.amount), 0), Cell::left("", marks)];
            document.cells(2, cells, Style::PLAIN);
        }
        if let Some(of) = &line.returned {
            document.cells(2, vec![Cell::fill(&self.returned(of))], Style::PLAIN);
        }
    }

    /// "Returned from 1-7K3F-000042", for whoever compares the two papers.
    fn returned(&self, of: &ReturnOf) -> String {
        match &of.receipt {
            Some(receipt) => format!("{} {}", self.word(Word::ReturnedFrom), receipt.number),
            None => self.word(Word::ReturnedWithout).to_owned(),
        }
    }

    /// "4 x 0.99", "0.862 kg x 1.99/kg". A price that came in the code is not the product of the two, so no product is shown.
    fn quantity(&self, line: &SoldLine) -> Option<String> {
        let quantity = if line.weighed.is_some() { self.locale.weight(line.quantity) } else { self.locale.quantity(line.quantity) };
        let price = self.money(line.unit_price);
        match line.unit {
            Unit::Piece if line.quantity == Qty::ONE => None,
            Unit::Piece if line.embedded_price.is_some() => Some(format!("{quantity} x")),
            Unit::Piece => Some(format!("{quantity} x {price}")),
            Unit::Kilogram | Unit::Litre | Unit::Metre if line.embedded_price.is_some() => {
                Some(format!("{quantity} {}", line.unit.symbol()))
            }
            Unit::Kilogram | Unit::Litre | Unit::Metre => {
                let symbol = line.unit.symbol();
                Some(format!("{quantity} {symbol} x {price}/{symbol}"))
            }
        }
    }

    /// "Manual weight, tare 0.018 kg": what the law wants to be seen of a weight from the till.
    fn weighed(&self, line: &SoldLine) -> Option<String> {
        let weighed = line.weighed.as_ref()?;
        let typed = weighed.is_typed().then(|| self.word(Word::ManualWeight).to_owned());
        let tare = || format!("{} {} {}", self.word(Word::Tare), self.locale.weight(weighed.tare), line.unit.symbol());
        let notes: Vec<String> = typed.into_iter().chain((!weighed.tare.is_zero()).then(tare)).collect();
        (!notes.is_empty()).then(|| notes.join(", "))
    }

    fn totals(&self, document: &mut Document) {
        let record = self.record;
        let marks = self.mark_columns();
        let row = |document: &mut Document, label: &str, amount: Money, style| {
            let cells = vec![Cell::fill(label), Cell::right(&self.money(amount), 0), Cell::left("", marks)];
            document.cells(0, cells, style);
        };
        if record.tax_mode == TaxMode::Exclusive && !record.taxes.is_empty() {
            let tax: Money = record.taxes.iter().map(|group| group.tax).sum();
            row(document, self.word(Word::Subtotal), record.total - tax, Style::PLAIN);
            for group in &record.taxes {
                row(document, &self.tax_label(group), group.tax, Style::PLAIN);
            }
        }
        match record.kind {
            TransactionKind::Sale | TransactionKind::Return | TransactionKind::PostVoid => {
                row(document, &format!("{} {}", self.word(Word::Total), record.currency), record.total, Style::TALL)
            }
            // Nobody owes this.
            TransactionKind::Void => row(document, self.word(Word::Subtotal), record.total, Style::PLAIN),
        }
        if !record.rounding.is_zero() {
            row(document, self.word(Word::Rounding), record.rounding, Style::PLAIN);
            row(document, self.word(Word::ToPay), record.total + record.rounding, Style::BOLD);
        }
        for tender in &record.tenders {
            row(document, self.locale.tender(tender.kind), tender.amount, Style::PLAIN);
            if let Some(proof) = &tender.card {
                self.card(document, proof);
            }
        }
        if !record.change.is_zero() {
            row(document, self.word(Word::Change), record.change, Style::BOLD);
        }
    }

    /// What the terminal said: enough for the customer to find it on the card's statement, and for the shop to find it in the terminal.
    fn card(&self, document: &mut Document, proof: &CardProof) {
        let text = |document: &mut Document, text: &str| {
            if !text.trim().is_empty() {
                document.cells(2, vec![Cell::fill(text.trim())], Style::PLAIN);
            }
        };
        text(document, &format!("{} {}", proof.card_name, proof.card));
        if !proof.terminal_id.is_empty() {
            let (terminal, trace) = (self.word(Word::Terminal), self.word(Word::Trace));
            text(document, &format!("{terminal} {}, {trace} {:06}", proof.terminal_id, proof.trace));
        }
        let mut numbers = format!("{} {:04}", self.word(Word::CardReceipt), proof.receipt);
        if !proof.authorisation.is_empty() {
            numbers.push_str(&format!(", {} {}", self.word(Word::Approval), proof.authorisation));
        }
        text(document, &numbers);
        for line in &proof.slip {
            text(document, line);
        }
    }

    fn tax_table(&self, document: &mut Document) {
        if self.record.taxes.is_empty() {
            return;
        }
        document.block(Block::Feed(1));
        tax_table(document, &self.record.taxes, self.locale, |amount| self.money(amount));
    }

    /// When, where, who, and the number: as text for a person, as a bar code for a return.
    fn identity(&self, document: &mut Document) {
        let record = self.record;
        let number = record.number.to_string();
        document.block(Block::Feed(1));
        let at = self.locale.moment(record.at.ms, record.utc_offset_min).unwrap_or_else(|| crate::time::rfc3339(record.at.ms));
        let mut place = format!("{} {}", self.word(Word::Till), record.workstation);
        if let Some(staff) = &record.staff {
            let name = self.served_by.unwrap_or(staff.as_str());
            place.push_str(&format!(", {} {name}", self.word(Word::Staff)));
        }
        document.centred(&at, Style::PLAIN).centred(&place, Style::PLAIN);
        if let Some(customer) = record.customer {
            document.centred(&format!("{} {}", self.word(Word::CustomerRef), customer.short()), Style::PLAIN);
        }
        if let Some(code) = Code128::new(&number) {
            document.block(Block::Barcode(code));
        }
        document.centred(&number, Style::BOLD);
        if let Some(code) = self.code.and_then(QrData::new) {
            document.block(Block::Feed(1)).block(Block::Qr(code));
        }
    }

    fn mark<'l>(&'l self, line: &'l SoldLine) -> &'l str {
        let group = self.record.taxes.iter().find(|group| group.class == line.tax_class);
        group.map_or("", |group| &group.mark)
    }
    /// The width of the column of tax marks; amounts above and below it end at the same place.
    fn mark_columns(&self) -> u8 {
        let widest = self.record.taxes.iter().map(|group| super::text_width(&group.mark)).max().unwrap_or(0);
        u8::try_from(widest.min(8)).expect("at most 8")
    }
    fn tax_label(&self, group: &TaxGroup) -> String {
        format!("{} {} {}", self.word(Word::Tax), group.mark, group.label)
    }
    fn money(&self, amount: Money) -> String {
        self.locale.money(self.currency, amount)
    }
    fn word(&self, word: Word) -> &'static str {
        self.locale.word(word)
    }
}

/// Name, address and tax number at the head of a paper.
pub(super) fn letterhead(document: &mut Document, letterhead: &Letterhead) {
    if !letterhead.store_name.is_empty() {
        document.centred(&letterhead.store_name, Style::LARGE);
    }
    for line in &letterhead.address_lines {
        document.centred(line, Style::PLAIN);
    }
    if !letterhead.tax_id.is_empty() {
        document.centred(&letterhead.tax_id, Style::PLAIN);
    }
    document.block(Block::Feed(1));
}

/// Mark and label, net, tax, gross of each class; its components below it when there are several, or when one says more than the label.
pub(super) fn tax_table(document: &mut Document, taxes: &[TaxGroup], locale: &Locale, money: impl Fn(Money) -> String) {
    let amounts = taxes.iter().flat_map(|group| [money(group.net), money(group.tax), money(group.gross)]);
    let widest = amounts.map(|amount| amount.len()).max().unwrap_or(0).clamp(6, 20);
    let width = u8::try_from(widest).expect("at most 20");
    let row = |label: &str, net: &str, tax: &str, gross: &str| {
        vec![Cell::fill(label), Cell::right(net, width), Cell::right(tax, width), Cell::right(gross, width)]
    };
    let [tax, net, gross] = [Word::Tax, Word::Net, Word::Gross].map(|word| locale.word(word));
    document.cells(0, row(tax, net, tax, gross), Style::PLAIN);
    for group in taxes {
        let label = format!("{} {}", group.mark, group.label);
        document.cells(0, row(label.trim(), &money(group.net), &money(group.tax), &money(group.gross)), Style::PLAIN);
        if let Some(reason) = &group.exempt_reason {
            document.cells(2, vec![Cell::fill(&format!("{}: {reason}", locale.word(Word::NoTax)))], Style::PLAIN);
        }
        if group.components.len() > 1 {
            for component in &group.components {
                let label = format!("{} {}", component.name, locale.rate(component.rate));
                document.cells(2, row(&label, &money(component.base), &money(component.tax), ""), Style::PLAIN);
            }
        }
    }
}
