//! What can be asked about stock, and the acts that are done at once: adjustments, and tasks that are taken, dismissed or raised.

use serde::{Deserialize, Serialize};

use super::super::decide::{Case, Outcome};
use super::super::{Answer, ArticleFact, Event, Refusal, rights, sale};
use super::{
    AdjustWhy, CYCLE_TASKS_OPEN_MAX, CountWhy, DismissWhy, SheetKind, StockStep, StockTask, following, on_hand_now, promises_broken, sheet,
};
use crate::ids::{DeliveryNo, Sku};
use crate::money::{Money, Qty};

/// Units of an article without a price that one person writes off or in alone; with a price, [`super::StockRules::adjust_value_max`] says how many.
pub const UNPRICED_UNITS_MAX: Qty = Qty::pieces(10);

const DAY_MS: i64 = 86_400_000;

/// Imperative. At a workstation, by whoever is signed in there, but `RaiseCounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum StockAct {
    // sheet.rs
    /// An article was scanned for the count or the receipt that is filled here; the first one begins it. Of a count, 0 says that none is there.
    Add {
        sheet: SheetKind,
        code: String,
        /// `None`: what the code stands for.
        #[serde(default)]
        quantity: Option<Qty>,
    },
    /// A line's quantity is this.
    Set {
        sheet: SheetKind,
        line: u32,
        quantity: Qty,
    },
    Remove {
        sheet: SheetKind,
        line: u32,
    },
    /// The paper that came with the goods. `None`: none.
    NameDelivery {
        #[serde(default)]
        delivery: Option<DeliveryNo>,
    },
    /// All counts that wait and that nobody else has taken come onto the sheet.
    CountTasks {},
    /// Stock changes now, all lines in one record.
    Finish {
        sheet: SheetKind,
    },
    /// Nothing of it counts.
    Discard {
        sheet: SheetKind,
    },

    // here
    Adjust {
        code: String,
        quantity: Qty,
        why: AdjustWhy,
    },
    TakeTask {
        task: u64,
        /// From whoever has it.
        #[serde(default)]
        take_over: bool,
    },
    /// It goes back to the list.
    LeaveTask {
        task: u64,
    },
    DismissTask {
        task: u64,
        why: DismissWhy,
    },
    /// From the node's timer: articles that may not have moved or been counted for long. Never from a page.
    RaiseCounts {
        skus: Vec<Sku>,
    },
}

pub(in crate::retail) fn decide(case: &Case, act: &StockAct) -> Result<Outcome, Refusal> {
    if case.facts.stock_kept_elsewhere {
        return Err(Refusal::StockKeptElsewhere);
    }
    match act {
        StockAct::Add { sheet, code, quantity } => sheet::add(case, *sheet, code, *quantity),
        StockAct::Set { sheet, line, quantity } => sheet::set(case, *sheet, *line, *quantity),
        StockAct::Remove { sheet, line } => sheet::remove(case, *sheet, *line),
        StockAct::NameDelivery { delivery } => sheet::name_delivery(case, delivery.as_ref()),
        StockAct::CountTasks {} => sheet::count_tasks(case),
        StockAct::Finish { sheet: SheetKind::Count } => sheet::finish_count(case),
        StockAct::Finish { sheet: SheetKind::Receipt } => sheet::finish_receipt(case),
        StockAct::Discard { sheet } => sheet::discard(case, *sheet),
        StockAct::Adjust { code, quantity, why } => adjust(case, code, *quantity, *why),
        StockAct::TakeTask { task, take_over } => take_task(case, *task, *take_over),
        StockAct::LeaveTask { task } => leave_task(case, *task),
        StockAct::DismissTask { task, why } => dismiss(case, *task, *why),
        StockAct::RaiseCounts { skus } => Ok(raise(case, skus)),
    }
}

fn adjust(case: &Case, code: &str, quantity: Qty, why: AdjustWhy) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    let article = sale::goods(case, code)?;
    sale::refuse_odd_quantity(case.rules, article.unit, quantity)?;
    let second = if is_above_limit(case, article, quantity) { rights::check_adjusting(case)? } else { None };

    // Cannot fail below.
    let (workstation, sku) = (step.workstation.clone(), article.sku.clone());
    let change = why.signed(quantity);
    let before = on_hand_now(case, &sku);
    let value = article.unit_price.times(quantity, case.rules.line_rounding);
    let batch = article.batch.clone();
    let mut events = vec![Event::UnitsAdjusted { step, sku: sku.clone(), quantity: change, why, batch, value }];
    if let Some(before) = before {
        events.extend(following(case, &sku, before, before + change));
        events.extend(promises_broken(case, &sku, before, before + change, &workstation));
    }
    events.extend(second);
    Ok(Outcome { events, answer: Answer::default() })
}

fn is_above_limit(case: &Case, article: &ArticleFact, quantity: Qty) -> bool {
    let value = article.unit_price.times(quantity, case.rules.line_rounding);
    if article.unit_price == Money::ZERO { quantity > UNPRICED_UNITS_MAX } else { value > case.rules.stock.adjust_value_max }
}

fn take_task(case: &Case, number: u64, take_over: bool) -> Result<Outcome, Refusal> {
    let (step, task) = (step(case)?, find(case, number)?);
    match &task.taken {
        Some(taken) if taken.by == step.by && taken.workstation == step.workstation => return Ok(Outcome::default()),
        Some(taken) if taken.by != step.by && !take_over => {
            let by = taken.by.as_ref().map_or_else(|| taken.workstation.to_string(), ToString::to_string);
            return Err(Refusal::StockTaskTaken { by });
        }
        Some(_) | None => {}
    }

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::StockTaskTaken { task: number, step }], answer: Answer::default() })
}

fn leave_task(case: &Case, number: u64) -> Result<Outcome, Refusal> {
    let (step, task) = (step(case)?, find(case, number)?);
    if task.taken.is_none() {
        return Ok(Outcome::default());
    }

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::StockTaskLeft { task: number, step }], answer: Answer::default() })
}

fn dismiss(case: &Case, number: u64, why: DismissWhy) -> Result<Outcome, Refusal> {
    let (step, _) = (step(case)?, find(case, number)?);

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::StockTaskDismissed { task: number, why, step }], answer: Answer::default() })
}

fn find<'a>(case: &Case<'a>, number: u64) -> Result<&'a StockTask, Refusal> {
    case.state.stock.tasks.get(&number).map(AsRef::as_ref).ok_or(Refusal::StockTaskUnknown)
}

/// Those of which the book and the marks say the same, as many as there is room for.
fn raise(case: &Case, skus: &[Sku]) -> Outcome {
    let book = &case.state.stock;
    let mut room = CYCLE_TASKS_OPEN_MAX.saturating_sub(book.cycle_tasks());
    let mut events: Vec<Event> = Vec::new();
    for (index, sku) in skus.iter().enumerate() {
        if room == 0 {
            break;
        }
        let Some(on_hand) = on_hand_now(case, sku) else { continue };
        if book.task_of(sku).is_some() || skus[..index].contains(sku) {
            continue;
        }
        let Some(why) = cycle_count_due(case, sku, on_hand) else { continue };
        room -= 1;
        events.push(Event::CountRequested { sku: sku.clone(), on_hand, at: case.ask.at, why: Some(why) });
    }
    Outcome { events, answer: Answer::default() }
}

/// What nobody has moved or counted for as long as the store's rules say; the baseline counts as both.
fn cycle_count_due(case: &Case, sku: &Sku, on_hand: Qty) -> Option<CountWhy> {
    let rules = &case.rules.stock;
    let mark = case.state.stock_marks.get(sku);
    let baseline = case.facts.stock.iter().find(|fact| fact.sku == *sku).map(|fact| fact.as_of.ms);
    let counted = mark.and_then(|mark| mark.counted.as_ref()).map(|counted| counted.ms).max(baseline);
    let moved = mark.and_then(|mark| mark.moved_ms).max(counted);
    let is_past = |last: Option<i64>, days: u32| days > 0 && last.is_some_and(|last| case.ask.at.ms - last >= i64::from(days) * DAY_MS);
    if on_hand > Qty::ZERO && is_past(moved, rules.not_moved_days) {
        return Some(CountWhy::NotMoved);
    }
    is_past(counted, rules.not_counted_days).then_some(CountWhy::NotCounted)
}

/// Who asks; at a workstation only.
pub(super) fn step(case: &Case) -> Result<StockStep, Refusal> {
    let workstation = case.workstation()?.id.clone();
    Ok(StockStep { by: case.ask.staff.clone(), workstation, at: case.ask.at })
}
