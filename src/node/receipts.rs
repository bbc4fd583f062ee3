//! A receipt that was scanned or typed: its lines go onto the workstation's screen, and head office is asked what it knows besides.

use super::handle::{AskError, CommandRequest, ReceiptAnswer, ReceiptQuestion};
use super::originals::{Places, Told};
use super::run::{Batch, Loop};
use super::screen::OpenReceipt;
use crate::ids::WorkstationId;
use crate::journal::Disk;
use crate::retail::{Command, Refusal};

impl<D: Disk> Loop<D> {
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            state: self.writer.state(),
            archive: &self.archive,
            views: &self.views,
            keys: self.books.books().keys,
            now_ms: self.writer.now().ms,
        }
    }

    /// A receipt's code or number sent as if it were an article's: a wedge scanner and a person who types know no difference.
    pub(super) fn receipt_in(&self, request: &CommandRequest) -> Option<(WorkstationId, String)> {
        let (Command::AddLine { code, .. }, Some(workstation)) = (&request.command, &request.workstation) else { return None };
        self.originals.is_receipt(code, &self.places()).then(|| (workstation.clone(), code.clone()))
    }

    /// Shows what was sold on it. Refused while money is on the move, and when nothing can come back by it.
    pub(super) fn open_receipt(&mut self, workstation: &WorkstationId, text: &str, batch: &mut Batch) -> Result<OpenReceipt, AskError> {
        let basket = self.writer.state().open_basket(workstation);
        if basket.is_some_and(|basket| !basket.tenders.is_empty() || basket.card.is_some()) {
            return Err(self.refused(Some(workstation), Refusal::TendersTaken, batch));
        }
        let mut open = match self.look_at(text) {
            Ok(open) => open,
            // Another shop's number: only head office can know it.
            Err(refusal) => {
                if let Refusal::ReceiptNotFound { .. } = refusal {
                    self.ask_head_office(None, text, Some(workstation.clone()));
                }
                return Err(self.refused(Some(workstation), refusal, batch));
            }
        };
        open.asking = open.original.elsewhere.is_none() && self.ask_head_office(Some(&open), text, Some(workstation.clone()));
        self.publisher.open_receipt(workstation, open.clone());
        batch.changed = true;
        Ok(open)
    }

    /// Head office's answer: whoever has the receipt on the screen sees it.
    pub(super) fn receipt_told(&mut self, answer: ReceiptAnswer, batch: &mut Batch) {
        let at_ms = self.writer.now().ms;
        let ReceiptAnswer { question, original } = answer;
        let found = original.is_some();
        if let Some(original) = original {
            self.originals.learn(Told { original, at_ms });
        }
        let mut shown = self.publisher.showing(&question.receipt);
        // Its number was not known here: now it can be shown.
        shown.extend(question.workstation.filter(|workstation| found && question.txn.is_none() && !shown.contains(workstation)));
        for workstation in shown {
            if let Ok(open) = self.look_at(&question.receipt) {
                self.publisher.open_receipt(&workstation, open);
                batch.changed = true;
            }
        }
    }

    fn look_at(&self, text: &str) -> Result<OpenReceipt, Refusal> {
        let original = *self.originals.find(text, &self.places()).map_err(|refusal| *refusal)?;
        let state = self.writer.state();
        if state.returned.is_forgotten(original.txn) {
            return Err(Refusal::ReceiptTooOld { number: original.number });
        }
        let back = |line: u32| state.returned.of_line(original.txn, line) + original.returned_elsewhere(line);
        let returned = original.lines.iter().map(|line| (line.line, back(line.line))).collect();
        Ok(OpenReceipt { receipt: text.trim().to_owned(), original, returned, asking: false })
    }

    /// False when there is no line, or too many questions wait: then what is known here has to do.
    fn ask_head_office(&self, open: Option<&OpenReceipt>, text: &str, workstation: Option<WorkstationId>) -> bool {
        let txn = open.map(|open| open.original.txn);
        let number = open.map_or_else(|| text.trim().to_owned(), |open| open.original.number.clone());
        self.publisher.is_online()
            && self.questions.try_send(ReceiptQuestion { receipt: text.trim().to_owned(), number, txn, workstation }).is_ok()
    }
}
