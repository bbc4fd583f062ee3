//! What the events of stock work do to State. Total: never decides, never fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Event, State};
use super::{
    Booked, CountWhy, Counted, DELIVERIES_KEPT_MAX, LOW_MAX, Low, Mark, Movement, Movements, Sheet, SheetKind, SheetLine, StockBook,
    StockStep, StockTask, TASKS_MAX,
};
use crate::ids::{Sku, WorkstationId};
use crate::money::Qty;
use crate::time::Stamp;

type Fits = Result<(), &'static str>;

impl State {
    /// Units came to the shelf or left it.
    pub(in crate::retail) fn move_units(&mut self, seq: u64, sku: &Sku, quantity: Qty, at: Stamp) {
        self.correct_units(seq, sku, quantity);
        self.mark(sku).moved_ms = Some(at.ms);
        let is_counted = |sheet: &Arc<Sheet>| sheet.lines.iter().any(|line| line.sku == *sku && line.seen.is_some());
        if self.stock.counts.values().any(is_counted) {
            for sheet in Arc::make_mut(&mut self.stock).counts.values_mut().filter(|sheet| is_counted(sheet)) {
                let of_it = Arc::make_mut(sheet).lines.iter_mut().filter(|line| line.sku == *sku);
                of_it.filter_map(|line| line.seen.as_mut()).for_each(|seen| seen.since += quantity);
            }
        }
    }

    /// The book was wrong by so many; nothing moved.
    pub(in crate::retail) fn correct_units(&mut self, seq: u64, sku: &Sku, quantity: Qty) {
        let movements = self.movements.entry(sku.clone()).or_insert_with(|| Movements::Apart(Vec::new()));
        movements.add(Movement { seq, quantity });
        if self.stock.low.contains_key(sku)
            && let Some(low) = Arc::make_mut(&mut self.stock).low.get_mut(sku)
        {
            low.on_hand += quantity;
        }
    }

    fn mark(&mut self, sku: &Sku) -> &mut Mark {
        self.stock_marks.entry(sku.clone()).or_default()
    }

    /// Takes in an event of stock work; every other one is not its business.
    pub(in crate::retail) fn take_in_stock(&mut self, seq: u64, event: &Event) -> Fits {
        match event {
            Event::UnitsAdjusted { step, sku, quantity, why, .. } => {
                if why.moves_goods() {
                    self.move_units(seq, sku, *quantity, step.at);
                } else {
                    self.correct_units(seq, sku, *quantity);
                }
                return Ok(());
            }
            Event::GoodsReceived { step, lines, .. } => {
                lines.iter().for_each(|line| self.move_units(seq, &line.sku, line.quantity, step.at))
            }
            Event::StockCounted { step, lines, .. } => {
                for line in lines {
                    self.movements.insert(line.sku.clone(), Movements::Counted { quantity: line.on_hand });
                    self.mark(&line.sku).counted = Some(Counted { ms: step.at.ms, seq, by: step.by.clone() });
                }
            }
            _ => {}
        }
        Arc::make_mut(&mut self.stock).take_in(event)
    }
}

impl StockBook {
    fn take_in(&mut self, event: &Event) -> Fits {
        match event {
            Event::SheetLineSet { sheet, step, line } => {
                let sheet = self.begun(*sheet, step);
                match sheet.lines.iter_mut().find(|known| known.line == line.line) {
                    Some(known) => *known = (**line).clone(),
                    None => sheet.lines.push((**line).clone()),
                }
                let is_next = line.line <= sheet.next_line;
                sheet.next_line = sheet.next_line.max(line.line + 1);
                fits(is_next, "a line of a sheet was set out of order")
            }
            Event::CountListed { step, lines } => {
                let sheet = self.begun(SheetKind::Count, step);
                for line in lines {
                    sheet.next_line = sheet.next_line.max(line.line + 1);
                    sheet.lines.push(line.clone());
                }
                Ok(())
            }
            Event::SheetLineRemoved { sheet, step, line } => {
                let lines = |known: &SheetLine| known.line != *line;
                let was = self.change(*sheet, &step.workstation, |sheet| sheet.lines.retain(lines));
                fits(was, "a line was taken off a sheet that is not there")
            }
            Event::DeliveryNamed { step, delivery } => {
                self.begun(SheetKind::Receipt, step).delivery.clone_from(delivery);
                self.change(SheetKind::Receipt, &step.workstation, |_| {});
                Ok(())
            }
            Event::SheetDiscarded { sheet, step } => {
                fits(self.of(*sheet).remove(&step.workstation).is_some(), "a sheet was discarded that is not there")
            }
            Event::StockCounted { document, step, lines } => {
                let counted: Vec<u32> = lines.iter().map(|line| line.line).collect();
                let was =
                    self.change(SheetKind::Count, &step.workstation, |sheet| sheet.lines.retain(|line| !counted.contains(&line.line)));
                for line in lines {
                    self.tasks.retain(|_, task| task.sku != line.sku);
                    if let Some(low) = self.low.get_mut(&line.sku) {
                        low.on_hand = line.on_hand;
                    }
                }
                let is_next = *document == self.documents + 1;
                self.documents = *document;
                fits(was && is_next, "a count was finished that was not begun, or under a wrong number")
            }
            Event::RecountAsked { step, lines } => {
                let was = self.change(SheetKind::Count, &step.workstation, |sheet| {
                    for line in sheet.lines.iter_mut().filter(|line| lines.contains(&line.line)) {
                        line.first = line.quantity.take();
                        line.seen = None;
                    }
                });
                fits(was, "a second count was asked for of a sheet that is not there")
            }
            Event::GoodsReceived { document, step, delivery, .. } => {
                let was = self.receipts.remove(&step.workstation).is_some();
                if let Some(delivery) = delivery {
                    self.deliveries.push(Booked { delivery: delivery.clone(), document: *document, at: step.at });
                    if self.deliveries.len() > DELIVERIES_KEPT_MAX {
                        self.deliveries.remove(0);
                    }
                }
                let is_next = *document == self.documents + 1;
                self.documents = *document;
                fits(was && is_next, "goods were received that were on no sheet, or under a wrong number")
            }
            Event::CountRequested { sku, on_hand, at, why } => {
                let why = why.unwrap_or(if *on_hand < Qty::ZERO { CountWhy::Negative } else { CountWhy::ShortPick });
                self.raise(sku, why, *at);
                Ok(())
            }
            Event::StockTaskTaken { task, step } => self.task(*task, |task| task.taken = Some(step.clone())),
            Event::StockTaskLeft { task, .. } => self.task(*task, |task| task.taken = None),
            Event::StockTaskDismissed { task, .. } => fits(self.tasks.remove(task).is_some(), "a task was dismissed that is not there"),
            Event::StockRanLow { sku, on_hand, min, at } => {
                let since = self.low.get(sku).map_or(*at, |low| low.at);
                self.low.insert(sku.clone(), Low { at: since, on_hand: *on_hand, min: *min });
                fits(self.low.len() <= LOW_MAX, "more articles ran low than the list holds")
            }
            Event::StockFilledUp { sku, .. } => fits(self.low.remove(sku).is_some(), "an article was filled up that was not low"),
            _ => Ok(()),
        }
    }

    /// What waits longest keeps its place; a worse cause takes its own.
    fn raise(&mut self, sku: &Sku, why: CountWhy, at: Stamp) {
        if let Some(number) = self.task_of(sku).map(|(number, _)| number) {
            if let Some(task) = self.tasks.get_mut(&number) {
                let task = Arc::make_mut(task);
                task.why = task.why.min(why);
            }
            return;
        }
        self.tasks_given += 1;
        self.tasks.insert(self.tasks_given, Arc::new(StockTask { sku: sku.clone(), why, at, taken: None }));
        if self.tasks.len() > TASKS_MAX {
            self.tasks.pop_first();
            self.tasks_dropped += 1;
        }
    }

    fn task(&mut self, number: u64, change: impl FnOnce(&mut StockTask)) -> Fits {
        let task = self.tasks.get_mut(&number).ok_or("an event names a task that is not there")?;
        change(Arc::make_mut(task));
        Ok(())
    }

    fn of(&mut self, kind: SheetKind) -> &mut BTreeMap<WorkstationId, Arc<Sheet>> {
        match kind {
            SheetKind::Count => &mut self.counts,
            SheetKind::Receipt => &mut self.receipts,
        }
    }

    fn begun(&mut self, kind: SheetKind, step: &StockStep) -> &mut Sheet {
        let blank = || Sheet { by: step.by.clone(), opened_at: step.at, delivery: None, lines: Vec::new(), next_line: 1 };
        Arc::make_mut(self.of(kind).entry(step.workstation.clone()).or_insert_with(|| Arc::new(blank())))
    }

    /// A sheet with nothing on it is none. False: there was none.
    fn change(&mut self, kind: SheetKind, workstation: &WorkstationId, change: impl FnOnce(&mut Sheet)) -> bool {
        let sheets = self.of(kind);
        let Some(sheet) = sheets.get_mut(workstation) else { return false };
        change(Arc::make_mut(sheet));
        if sheet.lines.is_empty() && sheet.delivery.is_none() {
            sheets.remove(workstation);
        }
        true
    }
}

fn fits(is_possible: bool, why: &'static str) -> Fits {
    if is_possible { Ok(()) } else { Err(why) }
}
