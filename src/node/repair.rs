//! Holes of the journal, as far as the loop is concerned: shown while they are there, and closed while the shop sells on.

use std::collections::BTreeSet;

use tracing::{error, info, warn};

use super::replay;
use super::run::{Batch, Loop, shell_request};
use super::writer::WriterError;
use crate::ids::JobId;
use crate::journal::{AppendError, Disk, Repair};
use crate::retail::{Command, print};
use crate::sync::repair::Damaged;

impl<D: Disk> Loop<D> {
    /// All holes that a look has found. What the state takes for lost and is in none of them has been repaired, and only the record lacks word
    /// of it: the process ended between the two.
    pub(super) fn damage(&mut self, damaged: Vec<Damaged>, batch: &mut Batch) -> Result<(), WriterError> {
        let is_lost = |first: u64, last: u64| damaged.iter().any(|hole| hole.first_seq <= last && first <= hole.last_seq);
        let back: Vec<_> = self.writer.state().unproved.ranges().filter(|range| !is_lost(range.first_seq, range.last_seq)).collect();
        for range in back {
            self.record_repair(range.first_seq, range.last_seq, batch)?;
        }
        batch.changed |= self.publisher.set_damage(damaged);
        Ok(())
    }

    /// Keeps a repair and takes what it holds into state, index and screens. The error is for the technician; the hole stays as it was.
    pub(super) fn repair(&mut self, repair: &Repair, batch: &mut Batch) -> Result<Result<(), String>, WriterError> {
        let (first_seq, last_seq) = (repair.first_seq(), repair.last().seq);
        let prints: BTreeSet<JobId> = self.writer.state().prints.keys().copied().collect();
        let feeds = self.writer.state().feeds.clone();
        match self.writer.repair(repair) {
            Ok(()) => {}
            Err(WriterError::Append(full @ AppendError::DiskFull { .. })) => return Ok(Err(full.to_string())),
            // What cannot be read back now could not be read at a start either; the state in use is as good as it was.
            Err(
                reason @ (WriterError::Read(_)
                | WriterError::Content(_)
                | WriterError::NewerRelease { .. }
                | WriterError::Unreadable { .. }
                | WriterError::CarryForward { .. }),
            ) => {
                error!(first_seq, last_seq, %reason, "a repair is on disk and could not be taken into the state; the next start tries again");
                return Ok(Err(reason.to_string()));
            }
            Err(fenced @ (WriterError::Append(_) | WriterError::Fenced(_))) => return Err(fenced),
        }
        info!(first_seq, last_seq, "records that the disk had lost are back, from head office's copy");
        for record in repair.records() {
            match replay::events(record) {
                Ok(events) => self.views.apply(record.seq, &events),
                Err(reason) => warn!(%reason, "a repaired record is not in the index"),
            }
        }
        for (feed, adopted) in &self.writer.state().feeds {
            if feeds.get(feed) != Some(adopted) {
                self.views.switch(*feed, adopted);
            }
        }
        self.record_repair(first_seq, last_seq, batch)?;
        // Papers that nobody knew of any more. Those of this process are with their printers and are none of this.
        let mut left = print::after_restart(self.writer.state());
        left.unknown.retain(|job| !prints.contains(job));
        left.held.retain(|open| !prints.contains(&open.job));
        self.settle_prints(left, batch)?;
        batch.changed = true;
        Ok(Ok(()))
    }

    fn record_repair(&mut self, first_seq: u64, last_seq: u64, batch: &mut Batch) -> Result<(), WriterError> {
        if let Err(refused) = self.command(shell_request(None, Command::RecordRepair { first_seq, last_seq }), batch)? {
            warn!(first_seq, last_seq, %refused, "a repair was not recorded; the next look tries again");
        }
        Ok(())
    }
}
