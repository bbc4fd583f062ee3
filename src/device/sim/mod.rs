//! Simulated devices. They stand on the far side of a real line (a TCP listener, a pseudo terminal) and speak the bytes of real ones, so
//! that the demo and the tests run the very drivers a shop runs. Faults are switches.

mod clock;
mod display;
mod label_engine;
mod label_printer;
mod line;
mod port;
mod printer;
mod printer_engine;
mod scale;
mod scanner;
mod terminal;

pub use clock::SimClock;
pub use display::SimDisplay;
pub use label_engine::{LabelEngine, LabelFault, LabelSwitch, LabelSwitches};
pub use label_printer::{LabelSnapshot, SimLabelPrinter};
pub use line::Pty;
pub use port::SimPort;
pub use printer::{PrinterSnapshot, SimPrinter};
pub use printer_engine::{Fault, PrinterEngine, Switch, Switches};
pub use scale::{ScaleSnapshot, SimScale};
pub use scanner::{Aim, SimScanner};
pub use terminal::{Answer, Booked, BookedKind, Cut, SimTerminal, TerminalSnapshot};
