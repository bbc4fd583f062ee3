//! Words of the panel "Cash": the till from its float to its Z. The drawer is the thing, the till the cash in it.

use crate::retail::cash::MovementKind;

#[derive(Debug)]
pub struct CashTexts {
    /// On the tile.
    pub word: &'static str,
    pub title: &'static str,

    // Not open.
    pub closed_title: &'static str,
    pub closed_hint: &'static str,
    /// {} = amount.
    pub open_with: &'static str,
    pub count_float: &'static str,
    pub open: &'static str,
    pub open_hint: &'static str,
    pub open_counted: &'static str,

    // Open.
    /// {} = since when.
    pub open_since: &'static str,
    /// {} = who.
    pub of: &'static str,
    /// {} = amount.
    pub float: &'static str,
    pub amount_hint: &'static str,
    pub into: &'static str,
    pub out: &'static str,
    pub drawer: &'static str,
    pub reports: &'static str,
    /// Before the kind's amounts.
    pub moved: &'static str,
    pub bag: &'static str,
    pub bag_none: &'static str,
    pub bag_armed: &'static str,
    pub bag_armed_hint: &'static str,
    pub x_till: &'static str,
    pub x_day: &'static str,
    pub to_count: &'static str,

    // Being counted.
    pub counting: &'static str,
    /// {} = who.
    pub counting_by: &'static str,
    pub count_hint: &'static str,
    pub total_instead: &'static str,
    pub so_far: &'static str,
    pub count_done: &'static str,
    pub give_up: &'static str,
    pub go_on: &'static str,

    // Counted.
    pub counted: &'static str,
    pub expected: &'static str,
    pub difference: &'static str,
    pub unproved: &'static str,
    /// {} = first, {} = last record.
    pub unproved_hint: &'static str,
    pub why: &'static str,
    pub close: &'static str,
    pub count_again: &'static str,
    pub other_counts: &'static str,
    pub hand_over: &'static str,

    // A report on the screen.
    /// {} = number.
    pub x_title: &'static str,
    /// {} = number.
    pub z_title: &'static str,
    pub taken: &'static str,
    pub reason: &'static str,
    pub counted_by: &'static str,
    pub handed_to: &'static str,
    pub back: &'static str,

    /// In the panel of the day. {} = how many.
    pub uncounted: &'static str,

    pub kinds: [&'static str; 5],
    /// Words for the reasons every store has; one of its own is shown as it is written.
    pub reasons: &'static [(&'static str, &'static str)],
}

impl CashTexts {
    pub fn reason<'a>(&'a self, code: &'a str) -> &'a str {
        self.reasons.iter().find(|(known, _)| *known == code).map_or(code, |(_, word)| word)
    }

    pub fn kind(&self, kind: MovementKind) -> &'static str {
        let [loan, pickup, paid_in, paid_out, no_sale] = self.kinds;
        match kind {
            MovementKind::Loan => loan,
            MovementKind::Pickup => pickup,
            MovementKind::PaidIn => paid_in,
            MovementKind::PaidOut => paid_out,
            MovementKind::NoSale => no_sale,
        }
    }
}

pub static ENGLISH: CashTexts = CashTexts {
    word: "Cash",
    title: "Cash in the drawer",
    closed_title: "The till is not open",
    closed_hint: "Open it with its float. Cards can be taken meanwhile.",
    open_with: "Open with {}",
    count_float: "Count the float",
    open: "Open the till",
    open_hint: "Count the float: tap a note or coin, type how many. Or tap Total and type the sum.",
    open_counted: "Open the till",
    open_since: "Open since {}",
    of: "of {}",
    float: "float {}",
    amount_hint: "Type the amount, then tap where it goes.",
    into: "Into the drawer",
    out: "Out of the drawer",
    drawer: "Open the drawer",
    reports: "Reports and the end",
    moved: "So far:",
    bag: "Bag",
    bag_none: "no bag",
    bag_armed: "Scan the bank bag, or type its number",
    bag_armed_hint: "Then type the amount and tap the pickup.",
    x_till: "X report",
    x_day: "X of the day",
    to_count: "Count and close",
    counting: "The till is being counted",
    counting_by: "{} is counting the till",
    count_hint: "Tap a note or coin, type how many. What should be there is shown afterwards.",
    total_instead: "Total",
    so_far: "Counted so far",
    count_done: "Counted",
    give_up: "Give up the count",
    go_on: "Go on counting",
    counted: "Counted",
    expected: "Expected",
    difference: "Difference",
    unproved: "unproved",
    unproved_hint: "Records {} to {} cannot be read: what should be in the till may lack them. Close it all the same.",
    why: "Why is there a difference?",
    close: "Close the till",
    count_again: "Count again",
    other_counts: "Count as well",
    hand_over: "Or hand the drawer over to",
    x_title: "Till X {}",
    z_title: "Till closed: Z {}",
    taken: "Cash from sales",
    reason: "Reason",
    counted_by: "Counted by",
    handed_to: "Handed over to",
    back: "Back",
    uncounted: "Tills not counted yet: {}. They go on into the next day.",
    kinds: ["Loan from safe", "Pickup to safe", "Paid in", "Paid out", "No sale"],
    reasons: &[
        ("found", "money found"),
        ("deposit", "deposit"),
        ("supplies", "supplies"),
        ("postage", "postage"),
        ("cleaning", "cleaning"),
        ("change_money", "change money"),
        ("check_drawer", "check the drawer"),
        ("wrong_change", "wrong change given"),
        ("miscounted", "miscounted before"),
        ("unknown", "unknown"),
        ("other", "other"),
    ],
};

pub static GERMAN: CashTexts = CashTexts {
    word: "Bargeld",
    title: "Bargeld in der Schublade",
    closed_title: "Die Kasse ist nicht geöffnet",
    closed_hint: "Mit dem Wechselgeld öffnen. Karten gehen auch so.",
    open_with: "Öffnen mit {}",
    count_float: "Wechselgeld zählen",
    open: "Kasse öffnen",
    open_hint: "Wechselgeld zählen: Schein oder Münze antippen, Anzahl tippen. Oder Summe antippen und den Betrag tippen.",
    open_counted: "Kasse öffnen",
    open_since: "Offen seit {}",
    of: "von {}",
    float: "Wechselgeld {}",
    amount_hint: "Betrag tippen, dann antippen, wohin er geht.",
    into: "In die Schublade",
    out: "Aus der Schublade",
    drawer: "Schublade öffnen",
    reports: "Berichte und Schluss",
    moved: "Bisher:",
    bag: "Tasche",
    bag_none: "ohne Tasche",
    bag_armed: "Geldtasche scannen oder ihre Nummer tippen",
    bag_armed_hint: "Danach den Betrag tippen und „In den Tresor“ antippen.",
    x_till: "X-Bericht",
    x_day: "X des Tages",
    to_count: "Zählen, schließen",
    counting: "Die Kasse wird gezählt",
    counting_by: "{} zählt die Kasse",
    count_hint: "Schein oder Münze antippen, Anzahl tippen. Was da sein soll, steht erst danach da.",
    total_instead: "Summe",
    so_far: "Bisher gezählt",
    count_done: "Gezählt",
    give_up: "Zählung aufgeben",
    go_on: "Weiter zählen",
    counted: "Gezählt",
    expected: "Soll",
    difference: "Differenz",
    unproved: "unbelegt",
    unproved_hint: "Datensätze {} bis {} sind nicht lesbar und können im Soll fehlen. Die Kasse kann trotzdem geschlossen werden.",
    why: "Woher kommt die Differenz?",
    close: "Kasse schließen",
    count_again: "Noch einmal zählen",
    other_counts: "Auch zählen",
    hand_over: "Oder Schublade übergeben an",
    x_title: "Kasse X {}",
    z_title: "Kasse geschlossen: Z {}",
    taken: "Bar aus Verkäufen",
    reason: "Grund",
    counted_by: "Gezählt von",
    handed_to: "Übergeben an",
    back: "Zurück",
    uncounted: "Noch nicht gezählte Kassen: {}. Sie gehen in den nächsten Tag weiter.",
    kinds: ["Aus dem Tresor", "In den Tresor", "Einzahlung", "Auszahlung", "Kein Verkauf"],
    reasons: &[
        ("found", "Geldfund"),
        ("deposit", "Einlage"),
        ("supplies", "Material"),
        ("postage", "Porto"),
        ("cleaning", "Reinigung"),
        ("change_money", "Geld wechseln"),
        ("check_drawer", "Schublade prüfen"),
        ("wrong_change", "falsches Rückgeld"),
        ("miscounted", "vorher verzählt"),
        ("unknown", "unbekannt"),
        ("other", "anderes"),
    ],
};
