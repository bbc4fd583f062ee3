//! Items whose code says until when they may be sold. Past that day the line does not enter; the cashier puts the item aside, which is
//! recorded, so that somebody clears the shelf it came from.

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::{Answer, ArticleFact, Event, Refusal, sale};
use crate::time::BusinessDate;

/// The last day on which an item may be sold, from its own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDay {
    pub date: BusinessDate,
    pub kind: LastDayKind,
}

/// What the date means (GS1 application identifiers 17, 16, 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastDayKind {
    Expiry,
    SellBy,
    BestBefore,
}

impl LastDay {
    /// The strictest of the dates a code carries: the earliest, and of equal ones the one that weighs more.
    pub fn earliest(expiry: Option<BusinessDate>, sell_by: Option<BusinessDate>, best_before: Option<BusinessDate>) -> Option<LastDay> {
        let dates = [(expiry, LastDayKind::Expiry), (sell_by, LastDayKind::SellBy), (best_before, LastDayKind::BestBefore)];
        dates.into_iter().filter_map(|(date, kind)| Some(LastDay { date: date?, kind })).min_by_key(|last_day| last_day.date)
    }
}

/// The day after the last one refuses the item, by the business date: a shop that sells after midnight has not changed its day yet.
pub(super) fn refuse_past(article: &ArticleFact, today: BusinessDate) -> Result<(), Refusal> {
    match article.last_day {
        Some(last_day) if last_day.date < today => Err(Refusal::PastItsDate { name: article.name.clone(), last_day }),
        Some(_) | None => Ok(()),
    }
}

/// The cashier has taken the item out of the customer's goods.
pub(super) fn put_aside(case: &Case, code: &str) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    let article = sale::article(case, code)?;
    if let Some(recalled) = &article.recalled {
        // Cannot fail below.
        let event = Event::RecalledItemPutAside {
            workstation: workstation.id.clone(),
            staff: case.ask.staff.clone(),
            at: case.ask.at,
            sku: article.sku.clone(),
            gtin: article.gtin.clone(),
            batch: article.batch.clone(),
            serial: article.serial.clone(),
            recall: recalled.recall.clone(),
        };
        return Ok(Outcome { events: vec![event], answer: Answer::default() });
    }
    let past = article.last_day.filter(|last_day| last_day.date < date);
    let last_day = past.ok_or_else(|| Refusal::NotPastItsDate { name: article.name.clone() })?;

    // Cannot fail below.
    let event = Event::ItemPutAside {
        workstation: workstation.id.clone(),
        staff: case.ask.staff.clone(),
        at: case.ask.at,
        sku: article.sku.clone(),
        gtin: article.gtin.clone(),
        batch: article.batch.clone(),
        serial: article.serial.clone(),
        last_day,
    };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_date_of_a_code_counts() {
        let day = |text: &str| Some(text.parse().unwrap());
        let check = |expiry, sell_by, best_before, expect: Option<(&str, LastDayKind)>| {
            let found = LastDay::earliest(expiry, sell_by, best_before);
            assert_eq!(found, expect.map(|(date, kind)| LastDay { date: date.parse().unwrap(), kind }));
        };
        check(None, None, None, None);
        check(day("2026-11-20"), None, day("2026-11-10"), Some(("2026-11-10", LastDayKind::BestBefore)));
        check(day("2026-11-20"), day("2026-11-18"), None, Some(("2026-11-18", LastDayKind::SellBy)));
        check(day("2026-11-20"), day("2026-11-20"), day("2026-11-20"), Some(("2026-11-20", LastDayKind::Expiry)));
    }
}
