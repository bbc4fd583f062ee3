//! Departments: goods without a number of their own, sold under a key at the price that the cashier types. An article that the assortment does not
//! know can be sold so where the store allows it; its number then stays on the line, for whoever keeps the assortment.

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::sale::{self, Amount};
use super::{ArticleFact, QuantityFrom, Refusal, ScanFact};
use crate::ids::{Sku, TaxClassId};
use crate::money::{Money, Qty, Unit};

/// Checked by whoever builds it: every number once, at most one of them for unknown articles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    /// Under this number its sales count.
    pub sku: Sku,
    pub name: String,
    pub tax_class: TaxClassId,
    pub group: String,
    /// The most that one piece may cost; more is a typing error.
    pub price_max: Money,
    /// Articles that the assortment does not know may be sold under it.
    pub for_unknown: bool,
}

/// `code`: of an article that is not in the assortment, as it was scanned.
pub(super) fn sell(case: &Case, department: &Sku, price: Money, quantity: Option<Qty>, code: Option<&str>) -> Result<Outcome, Refusal> {
    case.workstation()?;
    case.business_date()?;
    if case.facts.check_open {
        return Err(Refusal::CheckFirst);
    }
    let departments = &case.rules.till.departments;
    let known = departments.iter().find(|known| known.sku == *department);
    let department = known.ok_or_else(|| Refusal::DepartmentUnknown { department: department.to_string() })?;
    if let Some(code) = code {
        refuse_known(case, department, code)?;
    }
    if price <= Money::ZERO {
        return Err(Refusal::AmountNotPositive);
    }
    if price > department.price_max {
        return Err(Refusal::OpenPriceTooHigh { name: department.name.clone(), max: department.price_max });
    }
    let article = ArticleFact {
        sku: department.sku.clone(),
        name: department.name.clone(),
        unit: Unit::Piece,
        unit_price: price,
        tax_class: department.tax_class.clone(),
        group: department.group.clone(),
        quantity: Qty::ONE,
        quantity_from: QuantityFrom::Entry,
        embedded_price: None,
        code: code.and_then(number_of).unwrap_or_else(|| department.sku.to_string()),
        gtin: None,
        batch: None,
        serial: None,
        price_version: 0,
        age_min: None,
        last_day: None,
        recalled: None,
    };
    sale::add(case, &article, None, Amount::Scanned(quantity), None)
}

fn refuse_known(case: &Case, department: &Department, code: &str) -> Result<(), Refusal> {
    match &case.facts.scan {
        Some(ScanFact::UnknownArticle) if department.for_unknown => Ok(()),
        Some(ScanFact::UnknownArticle) => Err(Refusal::DepartmentNotForUnknown { name: department.name.clone() }),
        Some(ScanFact::Article(article)) => Err(Refusal::ArticleIsKnown { name: article.name.clone() }),
        other => Err(other.as_ref().and_then(|fact| fact.refusal(code)).unwrap_or_else(|| Refusal::UnknownCode { code: code.to_owned() })),
    }
}

/// What of a code stays on the line: an article's number and nothing else, for a code may hold anything.
fn number_of(code: &str) -> Option<String> {
    let plain = super::pricing::acts::plain(code);
    (!plain.is_empty() && plain.len() <= 14 && plain.bytes().all(|b| b.is_ascii_digit())).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_stays_of_a_code() {
        assert_eq!(number_of("4006381333931").as_deref(), Some("4006381333931"));
        assert_eq!(number_of("]E04006381333931").as_deref(), Some("4006381333931"));
        for code in ["", "https://id.example/01/04006381333931?name=Anna", "010400638133393110L7", "MEMBER-1001"] {
            assert_eq!(number_of(code), None, "{code}");
        }
    }
}
