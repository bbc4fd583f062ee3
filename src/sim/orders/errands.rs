//! The shop beside orders: what the tills sell, what thieves take, counts, receipts of goods and write-offs, days that close, and somebody who
//! tries out short numbers.

use super::super::Broken;
use super::super::store::{Asks, WORKSTATIONS};
use super::plan::Errand;
use super::shop::Shop;
use crate::ids::{DeliveryNo, Sku, WorkstationId};
use crate::money::{Money, Qty};
use crate::retail::order::{OrderAct, WRONG_NUMBERS_MAX};
use crate::retail::stock::{AdjustWhy, SheetKind, StockAct};
use crate::retail::{Command, Event};
use crate::time::BusinessDate;

impl Shop<'_> {
    pub(super) fn errand(&mut self, errand: &Errand) -> Result<(), Broken> {
        match errand {
            Errand::Night => self.night(),
            Errand::Steal { article, pieces } => {
                self.goods.steal(&self.sku(*article), *pieces);
                Ok(())
            }
            Errand::Sell { till, basket } => self.sell(WORKSTATIONS[*till], basket),
            Errand::BeginCount { at, article } => self.count(*at, &self.sku(*article)),
            Errand::FinishCount { at } => self.finish_count(*at),
            Errand::Receive { at, article, pieces } => self.receive(*at, &self.sku(*article), *pieces),
            Errand::WriteOff { at, article, why } => self.write_off(*at, &self.sku(*article), *why),
            Errand::Guess { at, times } => self.guess(*at, *times),
        }
    }

    fn sku(&self, article: usize) -> Sku {
        self.plan.articles[article].sku.clone()
    }

    pub(super) fn night(&mut self) -> Result<(), Broken> {
        if self.chain.lines[0].store.days > 0 {
            self.must(Asks { at: None, staff: None, command: Command::CloseDay {} })?;
        }
        self.chain.lines[0].store.days += 1;
        let days = self.chain.lines[0].store.days;
        let date = BusinessDate::constant(2026, 11, 1).saturating_add(jiff::Span::new().days(days));
        self.must(Asks { at: None, staff: None, command: Command::OpenDay { date } })
    }

    fn sell(&mut self, at: &'static str, basket: &[(usize, i64)]) -> Result<(), Broken> {
        let mut total = 0;
        let mut sold: Vec<Sku> = Vec::new();
        for (article, pieces) in basket {
            let article = self.plan.articles[*article].clone();
            for _ in 0..*pieces {
                // The one before may have been the last.
                let taken = sold.iter().filter(|sku| **sku == article.sku).count() as i64;
                if self.goods.on_shelf(&article.sku) <= taken {
                    continue;
                }
                self.must(Asks { at: Some(at), staff: None, command: Command::AddLine { code: article.sku.to_string(), quantity: None } })?;
                total += article.price.map_or(0, Money::minor);
                sold.push(article.sku.clone());
            }
        }
        if sold.is_empty() {
            return Ok(());
        }
        self.must(Asks { at: Some(at), staff: None, command: Command::TenderCash { amount: Money::from_minor(total) } })?;
        sold.iter().for_each(|sku| self.goods.sell(sku, 1));
        self.note_sale(total, sold.iter().any(|sku| self.plan.is_promised(sku)));
        Ok(())
    }

    // ---- stock

    fn stock_act(&mut self, at: usize, act: StockAct) -> Result<Vec<Event>, Broken> {
        let asks = self.asks(at, Command::Stock(act));
        self.told(asks)
    }

    /// What is seen on the shelf goes on the sheet of a workstation, unless the article is being counted.
    fn count(&mut self, at: usize, sku: &Sku) -> Result<(), Broken> {
        if self.counting.iter().any(|sheet| sheet.contains_key(sku)) {
            return Ok(());
        }
        self.see(at, sku)
    }

    fn see(&mut self, at: usize, sku: &Sku) -> Result<(), Broken> {
        let quantity = Some(Qty::pieces(self.goods.on_shelf(sku)));
        self.stock_act(at, StockAct::Add { sheet: SheetKind::Count, code: sku.to_string(), quantity })?;
        let stolen = self.goods.stolen(sku);
        self.counting[at].insert(sku.clone(), stolen);
        Ok(())
    }

    /// What differs much is counted once more, and then stands.
    fn finish_count(&mut self, at: usize) -> Result<(), Broken> {
        while !self.counting[at].is_empty() {
            let mut counted = false;
            for event in self.stock_act(at, StockAct::Finish { sheet: SheetKind::Count })? {
                let Event::StockCounted { lines, .. } = event else { continue };
                for line in lines {
                    let Some(stolen_then) = self.counting[at].remove(&line.sku) else { continue };
                    self.goods.counted(&line.sku, stolen_then);
                    counted = true;
                }
            }
            let again: Vec<Sku> = self.counting[at].keys().cloned().collect();
            if !counted && again.is_empty() {
                return Err(self.broken("a count was finished and nothing was counted"));
            }
            again.iter().try_for_each(|sku| self.see(at, sku))?;
        }
        Ok(())
    }

    fn receive(&mut self, at: usize, sku: &Sku, pieces: i64) -> Result<(), Broken> {
        let (sheet, code) = (SheetKind::Receipt, sku.to_string());
        self.deliveries += 1;
        let delivery = DeliveryNo::new(&format!("L{}", self.deliveries)).map_err(Broken::doing("naming a delivery"))?;
        self.stock_act(at, StockAct::Add { sheet, code, quantity: Some(Qty::pieces(pieces)) })?;
        self.stock_act(at, StockAct::NameDelivery { delivery: Some(delivery.clone()) })?;
        self.stock_act(at, StockAct::Finish { sheet })?;
        self.goods.arrive(sku, pieces);
        // The paper is found in another pocket.
        self.refused_at(at, Command::Stock(StockAct::NameDelivery { delivery: Some(delivery) }), "delivery_known")
    }

    /// One piece, as far as there is one of which that can be said.
    fn write_off(&mut self, at: usize, sku: &Sku, why: AdjustWhy) -> Result<(), Broken> {
        let is_counted = self.counting.iter().any(|sheet| sheet.contains_key(sku));
        let is_there = match why {
            AdjustWhy::Damaged | AdjustWhy::Expired | AdjustWhy::OwnUse => self.goods.on_shelf(sku) > 0,
            AdjustWhy::Stolen => self.goods.unnoticed(sku) > 0,
            // It would be on the shelf, and not in a count that was taken before.
            AdjustWhy::Found => self.goods.missed(sku) > 0 && !is_counted,
        };
        if !is_there {
            return Ok(());
        }
        self.stock_act(at, StockAct::Adjust { code: sku.to_string(), quantity: Qty::ONE, why })?;
        match why {
            AdjustWhy::Damaged | AdjustWhy::Expired | AdjustWhy::OwnUse => self.goods.break_some(sku, 1),
            AdjustWhy::Stolen => self.goods.admit(sku, 1),
            AdjustWhy::Found => self.goods.find(sku),
        }
        Ok(())
    }

    // ---- short numbers

    /// Numbers that are nobody's. The fifth locks the workstation until a manager comes, whatever happens to the box meanwhile.
    fn guess(&mut self, at: usize, times: u32) -> Result<(), Broken> {
        for _ in 0..times {
            let act = OrderAct::Identify { code: self.wrong_number(), within: None };
            if self.is_locked(at) {
                self.refused(at, act, "collect_numbers_locked")?;
                continue;
            }
            self.refused(at, act, "collect_number_wrong")?;
            let miss = Asks { staff: None, ..self.asks(at, Command::Order(OrderAct::ReportWrongNumber {})) };
            self.must(miss)?;
            *self.wrong_numbers.entry(WORKSTATIONS[at]).or_default() += 1;
            if self.is_locked(at) {
                self.go_down()?;
            }
            self.check()?;
        }
        Ok(())
    }

    fn wrong_number(&mut self) -> String {
        loop {
            self.guesses += 1;
            let digits = format!("{:08}", self.guesses * 7_654_321 % 100_000_000);
            if !self.store().state().orders.knows_number(&self.keys.number_mark(&digits)) {
                return digits;
            }
        }
    }

    pub(super) fn is_locked(&self, at: usize) -> bool {
        self.wrong_numbers.get(WORKSTATIONS[at]).is_some_and(|wrong| *wrong >= WRONG_NUMBERS_MAX)
    }

    pub(super) fn check_wrong_numbers(&self) -> Result<(), Broken> {
        let book = &self.store().state().orders.wrong_numbers;
        for name in WORKSTATIONS {
            let workstation = WorkstationId::new(name).map_err(Broken::doing("naming a workstation"))?;
            let (here, there) = (self.wrong_numbers.get(name).copied().unwrap_or(0), book.get(&workstation).copied().unwrap_or(0));
            if here != there {
                return Err(self.broken(&format!("{here} wrong numbers were tried at {name}, and the book says {there}")));
            }
        }
        Ok(())
    }
}
