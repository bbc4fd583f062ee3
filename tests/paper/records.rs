//! Transactions for the tests of papers, written as a shop would tell them. All amounts are given by hand: the papers add nothing up, so neither
//! does this file, but for the sum of the lines.

use counterfoil::document::{Document, Letterhead, Locale, Receipt};
use counterfoil::ids::{Incarnation, ReceiptNo, Sku, StaffId, TaxClassId, TxnId, WorkstationId};
use counterfoil::money::{Currency, Money, Qty, Unit};
use counterfoil::retail::tax::{TaxAmount, TaxGroup, TaxMode};
use counterfoil::retail::weight::{Weighing, WeightSource};
use counterfoil::retail::{
    Discount, Disposition, QuantityFrom, ReturnOf, ReturnedReceipt, SoldLine, Tender, TenderKind, TransactionKind, TransactionRecord,
};
use counterfoil::time::{ClockQuality, Stamp};

/// A record under construction.
#[derive(Debug, Clone)]
pub struct Sale {
    pub record: TransactionRecord,
    pub locale: &'static str,
    pub copy: u32,
}

pub fn sale(currency: &str, locale: &'static str, utc_offset_min: i32) -> Sale {
    // 2026-11-22 19:33 UTC.
    let at = Stamp { ms: 1_795_376_000_000, quality: ClockQuality::Synchronised };
    let workstation = WorkstationId::new("1").unwrap();
    let number =
        ReceiptNo { workstation: workstation.clone(), incarnation: Incarnation(0x00ab_cdef_0123_4567), counter: 42, training: false };
    let record = TransactionRecord {
        txn: TxnId(uuid::Uuid::from_u128(0x0192_1234_0000_7000_8000_0000_0000_0001)),
        kind: TransactionKind::Sale,
        number,
        workstation,
        staff: Some(StaffId::new("anna").unwrap()),
        business_date: jiff::civil::date(2026, 11, 22),
        opened_at: at,
        at,
        utc_offset_min,
        currency: currency.to_owned(),
        tax_mode: TaxMode::Inclusive,
        lines: Vec::new(),
        taxes: Vec::new(),
        total: Money::ZERO,
        rounding: Money::ZERO,
        tenders: Vec::new(),
        change: Money::ZERO,
        training: false,
        coupons: Vec::new(),
        member: None,
        customer: None,
    };
    Sale { record, locale, copy: 0 }
}

impl Sale {
    pub fn line(mut self, name: &str, quantity: &str, unit: Unit, unit_price: i64, gross: i64, class: &str) -> Sale {
        let line = u32::try_from(self.record.lines.len()).unwrap() + 1;
        self.record.lines.push(SoldLine {
            line,
            sku: Sku::new(&format!("sku-{line}")).unwrap(),
            name: name.to_owned(),
            code: "4006381333931".to_owned(),
            gtin: None,
            quantity: Qty::parse(quantity).unwrap(),
            quantity_from: QuantityFrom::Entry,
            unit,
            unit_price: Money::from_minor(unit_price),
            gross: Money::from_minor(gross),
            discounts: Vec::new(),
            extended: Money::from_minor(gross),
            tax_class: TaxClassId::new(class).unwrap(),
            group: String::new(),
            embedded_price: None,
            batch: None,
            serial: None,
            price_version: 1,
            returned: None,
            price_list: None,
            price_set: None,
            last_day: None,
            weighed: None,
            order: None,
        });
        self.record.total += Money::from_minor(gross);
        self
    }
    pub fn piece(self, name: &str, price: i64, class: &str) -> Sale {
        self.line(name, "1", Unit::Piece, price, price, class)
    }
    /// In the code of the last line.
    pub fn batch_and_serial(mut self, batch: &str, serial: Option<&str>) -> Sale {
        let line = self.record.lines.last_mut().unwrap();
        line.batch = Some(batch.to_owned());
        line.serial = serial.map(str::to_owned);
        self
    }
    /// How the last line was weighed; a tare in grams.
    pub fn weighed(mut self, source: WeightSource, tare: i64) -> Sale {
        let line = self.record.lines.last_mut().unwrap();
        line.weighed = Some(Weighing { source, tare: Qty::from_thousandths(tare), scale: None });
        self
    }
    /// The price stood in the code of the last line.
    pub fn price_in_code(mut self) -> Sale {
        let line = self.record.lines.last_mut().unwrap();
        line.embedded_price = Some(line.gross);
        line.quantity_from = QuantityFrom::Code;
        self
    }
    /// On the last line.
    pub fn discount(mut self, text: &str, amount: i64) -> Sale {
        let line = self.record.lines.last_mut().unwrap();
        line.discounts.push(Discount {
            rule: "rule".into(),
            text: text.to_owned(),
            amount: Money::from_minor(amount),
            kind: Default::default(),
        });
        line.extended += Money::from_minor(amount);
        self.record.total += Money::from_minor(amount);
        self
    }
    pub fn tax(mut self, class: &str, mark: &str, label: &str, net: i64, tax: i64) -> Sale {
        self.record.taxes.push(TaxGroup {
            class: TaxClassId::new(class).unwrap(),
            label: label.to_owned(),
            mark: mark.to_owned(),
            exempt_reason: None,
            net: Money::from_minor(net),
            tax: Money::from_minor(tax),
            gross: Money::from_minor(net + tax),
            components: Vec::new(),
        });
        self
    }
    /// Of the last tax.
    pub fn component(mut self, name: &str, rate: u32, tax: i64) -> Sale {
        let group = self.record.taxes.last_mut().unwrap();
        group.components.push(TaxAmount {
            name: name.to_owned(),
            jurisdiction: String::new(),
            rate,
            base: group.net,
            tax: Money::from_minor(tax),
        });
        self
    }
    /// The last tax is none, and why.
    pub fn exempt(mut self, reason: &str) -> Sale {
        self.record.taxes.last_mut().unwrap().exempt_reason = Some(reason.to_owned());
        self
    }
    pub fn exclusive(mut self, total: i64) -> Sale {
        self.record.tax_mode = TaxMode::Exclusive;
        self.record.total = Money::from_minor(total);
        self
    }
    pub fn rounding(mut self, amount: i64) -> Sale {
        self.record.rounding = Money::from_minor(amount);
        self
    }
    pub fn cash(self, amount: i64, change: i64) -> Sale {
        self.tender(TenderKind::Cash, amount, change)
    }
    pub fn card(self, amount: i64) -> Sale {
        self.tender(TenderKind::Card, amount, 0)
    }
    pub fn copy(mut self, copy: u32) -> Sale {
        self.copy = copy;
        self
    }
    pub fn kind(mut self, kind: TransactionKind) -> Sale {
        self.record.kind = kind;
        self
    }
    pub fn void(mut self) -> Sale {
        self.record.kind = TransactionKind::Void;
        self
    }
    pub fn training(mut self) -> Sale {
        self.record.training = true;
        self
    }

    pub fn document(&self) -> Document {
        let currency = Currency::from_code(&self.record.currency).unwrap();
        let locale = Locale::from_tag(self.locale).unwrap();
        Receipt::of(&self.record, &letterhead(self.locale), &currency, &locale, "3f2a91c07be4", self.copy).document()
    }

    fn tender(mut self, kind: TenderKind, amount: i64, change: i64) -> Sale {
        self.record.tenders.push(Tender { kind, amount: Money::from_minor(amount), attempt: None, card: None, refund_of: None });
        self.record.change = Money::from_minor(change);
        self
    }
}

pub fn letterhead(locale: &str) -> Letterhead {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    match locale {
        "de-DE" | "de-CH" => Letterhead {
            store_name: "Kolonialwaren Krüger".into(),
            address_lines: lines(&["Große Gasse 7", "10115 Berlin"]),
            tax_id: "USt-IdNr. DE123456789".into(),
            footer_lines: lines(&["Umtausch binnen 14 Tagen mit Beleg", "Vielen Dank für Ihren Einkauf!"]),
        },
        _ => Letterhead {
            store_name: "Harbor Street Deli".into(),
            address_lines: lines(&["12 Harbor Street", "New York, NY 10004"]),
            tax_id: "Sales tax ID 99-1234567".into(),
            footer_lines: lines(&["Thank you!"]),
        },
    }
}

/// Every receipt that has a golden file, by name.
pub fn all() -> Vec<(&'static str, Sale)> {
    vec![
        ("simple", simple()),
        ("weights-and-discounts", weights_and_discounts()),
        ("weighed", weighed()),
        ("chf-rounding-split-tender", chf()),
        ("new-york-three-components", new_york()),
        ("jpy", sale("JPY", "en", 540).line("Onigiri", "3", Unit::Piece, 160, 480, "R").tax("R", "R", "8 %", 444, 36).cash(1000, 520)),
        (
            "kwd",
            sale("KWD", "en-GB", 180).piece("Dates 1 kg", 2_375, "Z").tax("Z", "Z", "0 %", 2_375, 0).exempt("zero-rated food").card(2_375),
        ),
        ("sixty-lines", sixty_lines()),
        ("hostile-names", hostile()),
        ("many-scripts", many_scripts()),
        ("copy", simple().copy(2)),
        ("void", sale("EUR", "de-DE", 60).piece("Vollmilch 3,5 % 1 l", 129, "B").void()),
        ("training", simple().training()),
        ("return", returned("2").kind(TransactionKind::Return).cash(-298, 0)),
        ("return-copy", returned("2").kind(TransactionKind::Return).cash(-298, 0).copy(1)),
        ("exchange", returned("1").piece("Bleistift HB", 249, "A").tax("A", "A", "19 %", 85, 15).cash(200, 100)),
        ("post-void", returned("2").kind(TransactionKind::PostVoid).card(-298)),
    ]
}

/// Some pencils come back, one at the price after its discount.
fn returned(pieces: &str) -> Sale {
    let count = pieces.parse::<i64>().unwrap();
    let mut back =
        sale("EUR", "de-DE", 60).line("Bleistift B", pieces, Unit::Piece, 199, -199 * count, "A").discount("3 für 2", 50 * count);
    let line = back.record.lines.last_mut().unwrap();
    line.quantity = -line.quantity;
    let tax = Sale::clone(&back).tax("A", "A", "19 %", -125 * count, -24 * count).record.taxes.remove(0);
    let receipt = ReturnedReceipt {
        txn: TxnId(uuid::Uuid::from_u128(7)),
        number: "2-4F7K-000017".to_owned(),
        store: None,
        line: Some(1),
        sold: Qty::pieces(3),
        total: Money::from_minor(447),
        tenders: Vec::new(),
        elsewhere_unknown: false,
    };
    let of = ReturnOf { receipt: Some(receipt), disposition: Disposition::Shelf, reason: "unwanted".to_owned(), tax, post_void: false };
    back.record.lines.last_mut().unwrap().returned = Some(Box::new(of));
    if count > 1 { back.tax("A", "A", "19 %", -125 * count, -24 * count) } else { back }
}

pub fn simple() -> Sale {
    sale("EUR", "de-DE", 60)
        .piece("Vollmilch 3,5 % 1 l", 129, "B")
        .piece("Müsli Nuss & Frucht 750 g", 449, "B")
        .line("Mineralwasser 0,7 l", "4", Unit::Piece, 59, 236, "A")
        .tax("A", "A", "19 %", 198, 38)
        .tax("B", "B", "7 %", 540, 38)
        .cash(1000, 186)
}

pub fn weights_and_discounts() -> Sale {
    sale("EUR", "de-DE", 60)
        .line("Bananen", "0.862", Unit::Kilogram, 199, 172, "B")
        .line("Emmentaler am Stück, mindestens zwölf Monate gereift, aus Rohmilch", "0.304", Unit::Kilogram, 2190, 666, "B")
        .price_in_code()
        .line("Shampoo", "3", Unit::Piece, 199, 597, "A")
        .discount("3 für 2", -199)
        .discount("Treue 10 %", -40)
        .line("Stoff Baumwolle blau", "2.5", Unit::Metre, 1250, 3125, "A")
        .line("Hackfleisch gemischt", "1", Unit::Piece, 499, 374, "B")
        .price_in_code()
        .tax("A", "A", "19 %", 2927, 556)
        .tax("B", "B", "7 %", 1133, 79)
        .card(4695)
}

/// From the scale, from the cashier's fingers, with and without a tare.
pub fn weighed() -> Sale {
    sale("EUR", "de-DE", 60)
        .line("Bananen", "0.862", Unit::Kilogram, 199, 172, "B")
        .weighed(WeightSource::Scale, 0)
        .line("Oliven, in der Schale", "0.304", Unit::Kilogram, 1590, 483, "B")
        .weighed(WeightSource::Scale, 18)
        .line("Äpfel Elstar", "1.25", Unit::Kilogram, 249, 311, "B")
        .weighed(WeightSource::Typed, 0)
        .line("Bergkäse", "0.48", Unit::Kilogram, 2190, 1051, "B")
        .weighed(WeightSource::Typed, 20)
        .tax("B", "B", "7 %", 1885, 132)
        .cash(2050, 33)
}

pub fn chf() -> Sale {
    sale("CHF", "de-CH", 60)
        .piece("Rivella rot 50 cl", 180, "N")
        .piece("Buch «Heidi»", 748, "R")
        .batch_and_serial("A-2026/31", Some("CH0099471182"))
        .tax("N", "N", "8.1 %", 167, 13)
        .tax("R", "R", "2.6 %", 729, 19)
        .card(500)
        .rounding(2)
        .cash(500, 70)
}

pub fn new_york() -> Sale {
    sale("USD", "en-US", -300)
        .piece("Coffee mug", 1200, "T")
        .piece("Bagel", 250, "E")
        .tax("T", "T", "8.875 %", 1200, 107)
        .component("New York State", 40_000, 48)
        .component("New York City", 45_000, 54)
        .component("MCTD", 3_750, 5)
        .tax("E", "E", "0 %", 250, 0)
        .exempt("unprepared food")
        .exclusive(1557)
        .cash(2000, 443)
}

pub fn sixty_lines() -> Sale {
    let mut long = sale("EUR", "de-DE", 60);
    for n in 1..=60 {
        long = long.line(
            &format!("Artikel Nummer {n} mit üblichem Namen"),
            &(n % 4 + 1).to_string(),
            Unit::Piece,
            199,
            199 * (n % 4 + 1),
            "A",
        );
    }
    let total = long.record.total.minor();
    let net = total * 100 / 119;
    long.tax("A", "A", "19 %", net, total - net).card(total)
}

/// Names as somebody might send them who means us harm.
pub const HOSTILE: &[&str] = &[
    "open \x1bp\x00\x19\u{fa} drawer",
    "cut \x1dVA\x00 and \x1bi and \x1bm",
    "\x10\x14\x01\x00\x05 now",
    "\x10\x04\x01\x10\x05\x02",
    "<script>alert(1)</script>",
    "a\nb\r\nc\td",
    "\u{202e}evil\u{202c}\u{2066}x\u{2069}",
    "\u{9b}31m \u{85} \u{2028} \u{7f}",
    "日本語のとても長い商品名がここにあります",
    "🍎🍏 fruit 🍇",
    "שלום عليكم",
    "e\u{301}e\u{301} a\u{308}",
    "\u{0}",
    "",
    "' OR 1=1; --",
    "{A{B{C{1",
];

pub fn hostile() -> Sale {
    let mut record = sale("EUR", "de-DE", 60);
    for name in HOSTILE {
        record = record.piece(name, 100, "A");
    }
    record = record.piece(&"x".repeat(200), 100, "A").piece(&"lang ".repeat(40), 100, "A").piece(&"長".repeat(200), 100, "A");
    record = record.line("ok", "2", Unit::Piece, 50, 100, "A").discount("\x1b@\x1dV\x00", -1);
    let total = record.record.total.minor();
    record.tax("A", "\x1b", "\x1b@", total, 0).cash(total, 0)
}

pub fn many_scripts() -> Sale {
    sale("EUR", "en", 60)
        .piece("Żubrówka Łódź ąęśćńźż", 100, "A")
        .piece("Борщ украинский", 100, "A")
        .piece("Φέτα", 100, "A")
        .piece("Türk kahvesi ığşİ", 100, "A")
        .piece("Crème brûlée – “très bon” …", 100, "A")
        .piece("Gift card 10 €", 1000, "A")
        .piece("ｱｲｽｸﾘｰﾑ", 100, "A")
        .piece("日本酒 純米", 100, "A")
        .tax("A", "A", "19 %", 1429, 271)
        .card(1700)
}
