//! What a customer display of two lines of twenty characters says: the newest line and what is to be paid, then the change, then a welcome.
//! Shown after each published change of its workstation; the owner of the display sees to the rest.

use super::screen::{Check, Screen, TillScreen};
use crate::device::ScaleReading;
use crate::device::lang::display::DISPLAY_COLUMNS;
use crate::device::lang::to_ascii;
use crate::document::{Language, Locale};
use crate::money::Qty;
use crate::retail::TenderKind;
use crate::retail::day::Day;

/// Both lines. The display's own alphabet is ASCII, so names are written in it here, where there is still room to cut them.
pub fn lines(till: &TillScreen, screen: &Screen, locale: &Locale) -> [String; 2] {
    let currency = &screen.rules.currency;
    let money = |amount| locale.money(currency, amount);
    let words = Words::of(locale.language);
    if let Some(Check::Weigh(weigh)) = till.check.as_deref() {
        let lower = match till.reading {
            Some(ScaleReading::Stable { grams }) => format!("{} kg", locale.weight(Qty::from_thousandths(grams) - till.tare)),
            _ => words.weigh.to_owned(),
        };
        return [pair(&weigh.name, &format!("{}/kg", money(weigh.unit_price))), lower];
    }
    if let Some(basket) = &till.basket {
        let totals = till.totals.clone().unwrap_or_default();
        let newest = basket.lines.iter().rev().find(|line| !line.voided).map(|line| &line.sold);
        let upper = newest.map_or(String::new(), |line| {
            let name = match line.quantity {
                Qty::ONE => line.name.clone(),
                quantity => format!("{} x {}", locale.quantity(quantity), line.name),
            };
            pair(&name, &money(line.extended))
        });
        let label = if totals.paid.is_zero() { words.total } else { words.to_pay };
        return [upper, pair(label, &money(totals.due))];
    }
    let is_open = matches!(screen.day, Day::Open { .. });
    if let (Some(record), true) = (&till.last, is_open) {
        let upper = if record.training { words.training } else { words.thanks };
        let by_cash = record.tenders.iter().any(|tender| tender.kind == TenderKind::Cash);
        let lower = if by_cash { pair(words.change, &money(record.change)) } else { pair(words.paid, &money(record.total)) };
        return [centred(upper), lower];
    }
    if till.training && is_open {
        return [centred(&screen.store_name), centred(words.training)];
    }
    [centred(&screen.store_name), centred(if is_open { words.welcome } else { words.closed })]
}

struct Words {
    total: &'static str,
    to_pay: &'static str,
    change: &'static str,
    paid: &'static str,
    thanks: &'static str,
    training: &'static str,
    weigh: &'static str,
    welcome: &'static str,
    closed: &'static str,
}

impl Words {
    fn of(language: Language) -> Words {
        match language {
            Language::English => Words {
                total: "Total",
                to_pay: "To pay",
                change: "Change",
                paid: "Paid",
                thanks: "Thank you!",
                training: "TRAINING - NO SALE",
                weigh: "Weighing",
                welcome: "Welcome",
                closed: "Closed",
            },
            Language::German => Words {
                total: "Summe",
                to_pay: "Zu zahlen",
                change: "Rückgeld",
                paid: "Bezahlt",
                thanks: "Vielen Dank!",
                training: "TRAINING-KEIN KAUF",
                weigh: "Wird gewogen",
                welcome: "Willkommen",
                closed: "Geschlossen",
            },
        }
    }
}

/// The amount is never cut; what is left of the line is the name's, with a space between.
fn pair(left: &str, right: &str) -> String {
    let right = to_ascii(right);
    let room = DISPLAY_COLUMNS.saturating_sub(right.chars().count() + 1);
    let left: String = to_ascii(left).chars().take(room).collect();
    format!("{left:<room$} {right}")
}

fn centred(text: &str) -> String {
    let text: String = to_ascii(text).chars().take(DISPLAY_COLUMNS).collect();
    format!("{text:^DISPLAY_COLUMNS$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_never_cut_and_a_line_is_twenty_characters() {
        let check = |left: &str, right: &str, expected: &str| {
            let line = pair(left, right);
            assert_eq!((line.as_str(), line.chars().count()), (expected, 20));
        };
        check("Käse", "3.49", "Kaese           3.49");
        check("Bergkäse mit Kräutern, 200 g", "1234.56", "Bergkaese mi 1234.56");
        assert_eq!(centred("Markt am Platz"), "   Markt am Platz   ");
    }
}
