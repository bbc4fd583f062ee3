//! What a printer's owner asks of the machine behind it, whatever language the printer speaks. The promise is the same for all: never two
//! unmarked papers of one job.

use super::PrinterOrder;
use super::port::PortError;
use super::print_job::{Output, View};

/// A life of print jobs without I/O: time, bytes and orders come in; bytes to write, reports and requests to open or close the port go out.
pub trait JobMachine: Send {
    fn order(&mut self, order: PrinterOrder, now_ms: u64);
    fn opened(&mut self, now_ms: u64);
    /// The port could not be opened, or broke.
    fn lost(&mut self, error: &PortError, now_ms: u64);
    /// The port took so many bytes off the front of what is to be written.
    fn wrote(&mut self, count: usize, now_ms: u64);
    fn received(&mut self, bytes: &[u8], now_ms: u64);
    /// Time has passed.
    fn tick(&mut self, now_ms: u64);
    /// No new work. What has not begun is reported as held; a paper on its way may still be proved.
    fn stop(&mut self, now_ms: u64);

    fn poll(&mut self) -> Option<Output>;
    /// What the port should take now.
    fn to_write(&self) -> &[u8];
    /// When [`JobMachine::tick`] is due.
    fn deadline_ms(&self) -> u64;
    /// Nothing is on its way.
    fn is_idle(&self) -> bool;
    fn view(&self) -> View;
}
