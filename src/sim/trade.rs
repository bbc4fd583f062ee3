//! People who trade at a store's tills: sell, suspend, undo, void, and ask again when they did not hear the answer.

use super::Broken;
use super::dice::Dice;
use super::store::{ARTICLES, Came, Store, WORKSTATIONS, price_of, workstation};
use crate::bench::articles;
use crate::journal::model_disk::Mishap;
use crate::money::Money;
use crate::node::writer::Taken;
use crate::retail::day::Day;
use crate::retail::{Command, Facts, ScanFact};
use crate::time::BusinessDate;

impl Store {
    /// A customer, a manager or a cleaner does something; sometimes the power goes meanwhile, or the disk fails.
    pub fn live(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let act = self.disk.acts() + 1 + dice.below(12);
        match dice.below(100) {
            0 | 1 => self.disk.plan(Mishap::PowerCut { act }),
            2 => self.disk.plan(Mishap::Failure { act }),
            _ => {}
        }
        if self.trade(dice)?.is_none() {
            self.start_again(dice)?;
        }
        self.read_on()
    }

    /// `None`: the disk is gone.
    fn trade(&mut self, dice: &mut Dice) -> Result<Option<()>, Broken> {
        match self.writer.state().day {
            Day::NeverOpened | Day::Closed { .. } => {
                self.days += 1;
                let date = BusinessDate::constant(2026, 11, 1).saturating_add(jiff::Span::new().days(self.days));
                if matches!(self.ask(None, Command::OpenDay { date }, &Facts::default(), None)?, Came::Lost) {
                    return Ok(None);
                }
            }
            Day::Open { .. } => {}
        }
        let at = WORKSTATIONS[dice.index(WORKSTATIONS.len())];
        let lost = match dice.below(100) {
            0..=1 => matches!(self.ask(None, Command::CloseDay {}, &Facts::default(), None)?, Came::Lost),
            2..=7 => matches!(self.ask(Some(at), Command::Suspend {}, &Facts::default(), None)?, Came::Lost),
            8..=13 => {
                let parked = self.writer.state().suspended().map(|basket| basket.txn).next();
                match parked {
                    Some(txn) => matches!(self.ask(Some(at), Command::Recall { txn }, &Facts::default(), None)?, Came::Lost),
                    None => false,
                }
            }
            14..=19 => matches!(self.ask(Some(at), Command::Undo {}, &Facts::default(), None)?, Came::Lost),
            20..=23 => matches!(self.ask(Some(at), Command::VoidTransaction {}, &Facts::default(), None)?, Came::Lost),
            24..=27 => return self.repeat(dice),
            28..=31 => {
                let training = Command::SetTraining { on: dice.percent(40) };
                matches!(self.ask(Some(at), training, &Facts::default(), None)?, Came::Lost)
            }
            _ => return self.sell(at, dice),
        };
        if lost { Ok(None) } else { self.flush() }
    }

    /// Some lines, and most of the time the money for them.
    fn sell(&mut self, at: &str, dice: &mut Dice) -> Result<Option<()>, Broken> {
        for _ in 0..=dice.below(4) {
            let article = articles::as_fact(&articles::article(dice.below(ARTICLES)), 1);
            let command = Command::AddLine { code: article.code.clone(), quantity: articles::typed_quantity(article.unit) };
            let facts = Facts { scan: Some(ScanFact::Article(Box::new(article))), ..Facts::default() };
            if matches!(self.ask(Some(at), command, &facts, None)?, Came::Lost) {
                return Ok(None);
            }
        }
        if dice.percent(20) {
            return self.flush();
        }
        let workstation = workstation(at)?;
        let lines: Vec<i64> = match self.writer.state().open_basket(&workstation) {
            Some(basket) => basket.live().map(|line| price_of(line.sku.as_str())).collect(),
            None => return self.flush(),
        };
        let total: i64 = lines.iter().sum();
        let practised = self.writer.state().workstations.get(&workstation).is_some_and(|here| here.training);
        let sold = Some(total).filter(|_| !practised);
        let handed = if dice.percent(50) { total } else { (total + 4_999) / 5_000 * 5_000 };
        let mut came = Came::Refused;
        if dice.percent(70) {
            came = self.ask(Some(at), Command::TenderCash { amount: Money::from_minor(handed) }, &Facts::default(), sold)?;
        } else if let Came::Done(answer) = self.ask(Some(at), Command::StartCard { amount: None }, &Facts::default(), None)?
            && let Some(attempt) = answer.attempt
        {
            let paid = dice.percent(80);
            came = self.ask(Some(at), Command::EndCard { attempt, paid }, &Facts::default(), sold.filter(|_| paid))?;
        }
        if matches!(came, Came::Lost) || self.disk.is_off() { Ok(None) } else { self.flush() }
    }

    /// The client did not hear the answer and asks again: the same answer, and nothing happens.
    fn repeat(&mut self, dice: &mut Dice) -> Result<Option<()>, Broken> {
        if self.acknowledged.is_empty() {
            return Ok(Some(()));
        }
        let back = dice.index(self.acknowledged.len().min(40));
        let done = self.acknowledged[self.acknowledged.len() - 1 - back].clone();
        let before = self.writer.journal().head();
        match self.writer.take(done.request.clone(), &done.facts) {
            Ok(Taken::Answered(answer)) if answer == done.answer && self.writer.journal().head() == before => Ok(Some(())),
            Ok(other) => Err(self.broken(&format!("{:?} was answered with {:?} and is now {other:?}", done.request, done.answer))),
            Err(_) => Ok(None),
        }
    }
}
