//! Articles that are sold by weight. The weight comes from the scale, from the cashier's fingers, or stands in the code of a label; who keys or
//! taps such an article without one is asked for it. What was typed says so on the receipt, as the law of most countries wants (USA: NIST
//! Handbook 44, scales, S.1.12 "manual weight entries"; EU: WELMEC 2.2), and a tare that was taken off is printed.

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::rules::Limits;
use super::sale::{self, Amount};
use super::{ArticleFact, QuantityFrom, Refusal, SoldLine};
use crate::ids::DeviceName;
use crate::money::{Qty, Unit};

/// How the weight of a line was found. The weight itself is the line's quantity: net, in grams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighing {
    pub source: WeightSource,
    /// Taken off what lay on the scale or was typed, in grams; 0: nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tare: Qty,
    /// Which scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<DeviceName>,
}

fn is_zero(tare: &Qty) -> bool {
    tare.is_zero()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightSource {
    /// The till's scale, stable.
    Scale,
    /// By hand.
    Typed,
}

impl Weighing {
    pub(super) fn typed(tare: Qty) -> Weighing {
        Weighing { source: WeightSource::Typed, tare, scale: None }
    }

    pub fn is_typed(&self) -> bool {
        self.source == WeightSource::Typed
    }
}

/// Its price is one of a kilogram, and nothing has said yet how much it is.
pub fn needs_weight(article: &ArticleFact) -> bool {
    article.unit == Unit::Kilogram
        && article.quantity_from == QuantityFrom::Entry
        && article.quantity == Qty::ONE
        && article.embedded_price.is_none()
}

/// `weight`: what lay on the scale or was typed, in grams, `tare` included. `scale`: which; `None`: typed.
pub(super) fn add(case: &Case, code: &str, weight: Qty, tare: Qty, scale: Option<&DeviceName>) -> Result<Outcome, Refusal> {
    case.workstation()?;
    case.business_date()?;
    if case.facts.check_open {
        return Err(Refusal::CheckFirst);
    }
    let article = sale::article(case, code)?;
    if !needs_weight(article) {
        return Err(Refusal::NotWeighed { name: article.name.clone() });
    }
    let weighing = match scale {
        Some(scale) => Weighing { source: WeightSource::Scale, tare, scale: Some(scale.clone()) },
        None => Weighing::typed(tare),
    };
    if tare < Qty::ZERO || (tare > Qty::ZERO && tare >= weight) {
        return Err(Refusal::TareTooHeavy { tare, weight });
    }
    sale::enter(case, code, Amount::Weighed(weight, weighing), None)
}

/// What of `weight` is paid for, when it may be sold.
pub(super) fn net(limits: &Limits, weight: Qty, weighing: &Weighing) -> Result<Qty, Refusal> {
    let net = weight - weighing.tare;
    if net < limits.weight_min || net <= Qty::ZERO {
        return Err(Refusal::WeightTooLight { min: limits.weight_min });
    }
    if weight > limits.weight_max {
        return Err(Refusal::WeightTooHeavy { weight, max: limits.weight_max });
    }
    // A scale shows its own steps; a typed weight must be one that it could have shown.
    let step = limits.weight_step.thousandths();
    if weighing.is_typed() && step > 1 && weight.thousandths() % step != 0 {
        return Err(Refusal::WeightTooFine { step: limits.weight_step });
    }
    Ok(net)
}

/// Another weight for a line that has one: only where a person typed it.
pub(super) fn refuse_change(limits: &Limits, sold: &SoldLine, quantity: Qty) -> Result<(), Refusal> {
    match &sold.weighed {
        None => Ok(()),
        Some(weighing) if weighing.is_typed() => net(limits, quantity + weighing.tare, weighing).map(|_| ()),
        Some(_) => Err(Refusal::WeighedByScale { name: sold.name.clone() }),
    }
}
