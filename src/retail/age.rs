//! Articles that are sold from an age on. One check per transaction and class: a check for 18 covers 16. The age is proved before
//! the line enters; what the cashier saw is recorded, a birth date never is.

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::sale::{self, Amount};
use super::{Answer, Event, Refusal, training};
use crate::money::Qty;
use crate::time::BusinessDate;

/// How the cashier knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeProof {
    /// Looked at the customer or at a paper.
    Seen,
    /// Typed a birth date, which decided it and was forgotten.
    BirthDate,
}

/// The latest birth date of a person who is `years` old on `date`. Who was born on 29 February comes of age on 1 March
/// in a year without that day.
pub fn born_by(date: BusinessDate, years: u8) -> BusinessDate {
    let year = date.year() - i16::from(years);
    // Only 29 February can be missing in the other year.
    BusinessDate::new(year, date.month(), date.day()).unwrap_or_else(|_| BusinessDate::constant(year, 2, 28))
}

/// The cashier's answer to the check that a scan asked for. Of age: the line enters. Not: it does not, and that is recorded.
pub(super) fn check(case: &Case, code: &str, quantity: Option<Qty>, of_age: bool, proof: AgeProof) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    case.business_date()?;
    let article = sale::article(case, code)?;
    let years = article.age_min.ok_or_else(|| Refusal::NoAgeLimit { name: article.name.clone() })?;
    let open = case.open_basket(workstation).map(|basket| basket.txn);
    let entered = if of_age { sale::enter(case, code, Amount::Scanned(quantity), Some(years))? } else { Outcome::default() };

    // Cannot fail below.
    let txn = entered.answer.txn.or(open);
    let mut outcome = Outcome { answer: Answer { txn, ..entered.answer }, ..entered };
    outcome.events.push(Event::AgeChecked {
        txn,
        workstation: workstation.id.clone(),
        staff: case.ask.staff.clone(),
        at: case.ask.at,
        sku: article.sku.clone(),
        years,
        proof,
        of_age,
        training: training::is_on(case),
    });
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_birth_date_of_a_customer_who_is_old_enough() {
        let check = |date: &str, years: u8, expect: &str| {
            assert_eq!(born_by(date.parse().unwrap(), years).to_string(), expect, "{date} {years}");
        };
        check("2026-11-26", 18, "2008-11-26");
        check("2026-11-26", 16, "2010-11-26");
        check("2028-02-29", 18, "2010-02-28");
        check("2028-02-29", 16, "2012-02-29");
        check("2026-02-28", 18, "2008-02-28");
        check("2026-03-01", 18, "2008-03-01");
        check("2026-11-26", 0, "2026-11-26");
    }
}
