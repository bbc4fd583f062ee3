//! Situations of the till that lie over the list, for the layout checks: who works here, what comes back, prices by hand, the customer's display.

use std::collections::BTreeMap;
use std::sync::Arc;

use counterfoil::ids::{Incarnation, StaffId, StoreId, TxnId};
use counterfoil::money::{Money, Qty};
use counterfoil::node::Screen;
use counterfoil::node::screen::{ArmedReturn, AtWork, Feedback, OpenReceipt, StaffTile, TillScreen, Tone};
use counterfoil::retail::pricing::Reason;
use counterfoil::retail::refund::Step;
use counterfoil::retail::tax::TaxGroup;
use counterfoil::retail::{Discount, DiscountKind, Disposition, Original, OriginalLine, ReturnOf, ReturnedReceipt, SoldLine, TenderKind};

use crate::web::stage::{basket, euro, groceries, line, screen, selling};

const NAMES: [(&str, &str); 14] = [
    ("anna", "Anna"),
    ("ben", "Ben"),
    ("charlotte", "Charlotte Schwarzenberger-Oppermann"),
    ("dora", "Dora"),
    ("emre", "Emre"),
    ("fatima", "Fatima"),
    ("gustav", "Gustav"),
    ("helene", "Helene"),
    ("ivo", "Ivo"),
    ("jana", "Jana"),
    ("karl", "Karl"),
    ("lea", "Lea"),
    ("mia", "Mia"),
    ("sue", "Sue"),
];

fn said(code: &str, text: &str, remedy: &str) -> Option<Feedback> {
    Some(Feedback {
        serial: 9,
        tone: Tone::Error,
        text: text.into(),
        remedy: remedy.into(),
        code: code.into(),
        line: None,
        unknown: None,
        opens: None,
    })
}

/// A shop of many people, one of them without a PIN.
pub fn people() -> Vec<(&'static str, Screen)> {
    let tile = |(id, name): (&str, &str)| StaffTile { id: StaffId::new(id).unwrap(), name: name.into(), has_pin: id != "ivo" };
    let tiles = Arc::new(NAMES.map(tile).to_vec());
    let shop = |till: TillScreen| {
        let mut shown = screen(till);
        Arc::make_mut(&mut shown.rules).staff_required = true;
        shown.staff = tiles.clone();
        shown
    };
    let here = |locked| Some(AtWork { staff: StaffId::new("charlotte").unwrap(), name: NAMES[2].1.into(), language: None, locked });
    let wrong = said("pin_wrong", "Die PIN von charlotte ist falsch: noch 4 Versuche.", "PIN noch einmal eingeben oder Ausweis scannen.");
    let waits = said(
        "staff_locked_out",
        "charlotte hat sich zu oft vertippt: Die PIN gilt erst in 3600 Sekunden wieder.",
        "Ausweis scannen, oder warten und dann die richtige PIN eingeben.",
    );
    let beyond =
        said("needs_override", "Dafür braucht es eine andere Person.", "Aufsicht oder Leitung: Ausweis scannen oder PIN eingeben.");
    let full = || selling(basket(groceries()));
    let mut nobody = shop(TillScreen::default());
    nobody.staff = Arc::default();
    vec![
        ("sign-in", shop(TillScreen::default())),
        ("sign-in-wrong-pin", shop(TillScreen { feedback: wrong, ..TillScreen::default() })),
        ("sign-in-waits", shop(TillScreen { feedback: waits, ..TillScreen::default() })),
        ("sign-in-nobody", nobody),
        ("locked", shop(TillScreen { signed_in: here(true), ..full() })),
        ("approve", shop(TillScreen { signed_in: here(false), needs_approval: true, feedback: beyond, ..full() })),
        ("signed-in", shop(TillScreen { signed_in: here(false), ..full() })),
    ]
}

fn sale(store: Option<&str>, lines: Vec<SoldLine>) -> Original {
    let total: Money = lines.iter().map(|line| line.extended).sum();
    Original {
        txn: TxnId(uuid::Uuid::from_u128(42)),
        number: format!("1-{}-000042", Incarnation(0x00ab_cdef_0123_4567).short()),
        store: store.map(|store| StoreId::new(store).unwrap()),
        business_date: jiff::civil::date(2026, 11, 14),
        total: if lines.is_empty() { euro(48_720) } else { total },
        tenders: vec![(TenderKind::Cash, total)],
        lines: lines.into_iter().map(original_line).collect(),
        elsewhere: store.is_none().then(BTreeMap::new),
    }
}

fn original_line(sold: SoldLine) -> OriginalLine {
    OriginalLine {
        line: sold.line,
        sku: sold.sku,
        name: sold.name,
        code: sold.code,
        gtin: sold.gtin,
        quantity: sold.quantity,
        quantity_from: sold.quantity_from,
        unit: sold.unit,
        unit_price: sold.unit_price,
        gross: sold.gross,
        discounts: sold.discounts,
        extended: sold.extended,
        tax_class: sold.tax_class,
        group: sold.group,
        batch: None,
        serial: None,
        price_version: sold.price_version,
        tax: None,
    }
}

/// Two bottles of water that come back, in the basket.
fn coming_back(original: &Original) -> SoldLine {
    let receipt = ReturnedReceipt {
        txn: original.txn,
        number: original.number.clone(),
        store: None,
        line: Some(7),
        sold: Qty::pieces(12),
        total: original.total,
        tenders: original.tenders.clone(),
        elsewhere_unknown: false,
    };
    let mut sold = line(1, "Mineralwasser medium 1,0 l Pfandflasche", 2, 59);
    let tax = TaxGroup {
        class: sold.tax_class.clone(),
        label: String::new(),
        mark: String::new(),
        exempt_reason: None,
        net: euro(-118),
        tax: euro(0),
        gross: euro(-118),
        components: Vec::new(),
    };
    (sold.quantity, sold.gross, sold.extended) = (Qty::pieces(-2), euro(-118), euro(-118));
    let of = ReturnOf { receipt: Some(receipt), disposition: Disposition::Supplier, reason: "wrong_item".into(), tax, post_void: false };
    sold.returned = Some(Box::new(of));
    sold
}

/// A receipt whose goods come back: before and after the first of them, one of another shop, one too long for its code; then the refund.
pub fn returns() -> Vec<(&'static str, Screen)> {
    let open = |original: Original, returned| {
        Some(Arc::new(OpenReceipt { receipt: format!("CFR1{}", original.number), original, returned, asking: false }))
    };
    let own = sale(None, groceries());
    let returned = || BTreeMap::from([(2, Qty::pieces(1)), (7, Qty::pieces(3))]);
    let back = basket(vec![coming_back(&own)]);
    let refund = vec![Step { kind: TenderKind::Cash, amount: euro(118), of: None }];
    let taking = TillScreen { refund: refund.clone(), ..selling(back) };
    let armed = ArmedReturn { disposition: Disposition::Damaged, reason: "defective".into(), receipt: None };
    vec![
        ("return-receipt", screen(TillScreen { receipt: open(own.clone(), returned()), ..TillScreen::default() })),
        ("return-taking", screen(TillScreen { receipt: open(own, returned()), ..taking.clone() })),
        (
            "return-elsewhere",
            screen(TillScreen { receipt: open(sale(Some("potsdam-1"), groceries()), BTreeMap::new()), ..TillScreen::default() }),
        ),
        (
            "return-long",
            screen(TillScreen { receipt: open(sale(Some("potsdam-1"), Vec::new()), BTreeMap::new()), ..TillScreen::default() }),
        ),
        ("return-armed", screen(TillScreen { armed_return: Some(armed), ..TillScreen::default() })),
        ("return-refund", screen(taking.clone())),
        ("return-refund-card", screen(TillScreen { refund: vec![Step { kind: TenderKind::Card, ..refund[0].clone() }], ..taking })),
    ]
}

/// A full basket in a shop with reasons for prices by hand.
pub fn pricing() -> Screen {
    let mut shown = screen(selling(basket(groceries())));
    let reason = |code: &str, text: &str| Reason { code: code.into(), text: text.into() };
    Arc::make_mut(&mut shown.rules).discount_reasons = vec![
        reason("damaged", "Beschädigte Verpackung"),
        reason("shelf", "Preis am Regal war anders"),
        reason("short_date", "Läuft bald ab"),
        reason("goodwill", "Kulanz"),
    ];
    shown
}

/// What only the customer's display shows in its own way: what is saved, and a name that fills two lines.
pub fn displays() -> Vec<(&'static str, Screen)> {
    let mut saved = line(1, "Espresso ganze Bohne Röstung dunkel, kräftig und rund, aus Äthiopien und Peru 1 kg", 3, 1_599);
    saved.discounts =
        vec![Discount { kind: DiscountKind::Promotion, rule: "espresso-3".into(), text: "3 für 2".into(), amount: euro(-1_599) }];
    saved.extended = saved.gross - euro(1_599);
    vec![("saved", screen(selling(basket(vec![saved]))))]
}
