//! Stock work of random days: whatever is counted, received and written off, and in which order.

use counterfoil::ids::{DeliveryNo, Sku};
use counterfoil::money::Qty;
use counterfoil::retail::order::ShortWhy;
use counterfoil::retail::stock::{AdjustWhy, CountedLine, DismissWhy, SheetKind, StockAct};
use counterfoil::retail::{Command, Event, State};

/// One of the things that people do with stock. `None`: there is nothing to do it with.
pub fn command(state: &State, does: usize, which: usize, pieces: i64) -> Option<Command> {
    let code = format!("a{}", which % 5);
    let kind = if which.is_multiple_of(3) { SheetKind::Receipt } else { SheetKind::Count };
    let line = (which % 4) as u32 + 1;
    let first_task = state.stock.tasks.keys().next().copied();
    Some(Command::Stock(match does {
        0..=3 => StockAct::Add { sheet: kind, code, quantity: Some(Qty::pieces(pieces)) },
        4..=5 => StockAct::Set { sheet: kind, line, quantity: Qty::pieces(pieces * 7) },
        6 => StockAct::Remove { sheet: kind, line },
        7..=9 => StockAct::Finish { sheet: kind },
        10 => StockAct::Discard { sheet: kind },
        11..=12 => StockAct::Adjust { code, quantity: Qty::pieces(pieces), why: AdjustWhy::ALL[which % 5] },
        13 => StockAct::NameDelivery { delivery: Some(DeliveryNo::new(&format!("D{pieces}")).unwrap()) },
        14 => StockAct::CountTasks {},
        15 => StockAct::TakeTask { task: first_task?, take_over: true },
        16 => StockAct::DismissTask { task: first_task?, why: DismissWhy::Explained },
        _ => StockAct::RaiseCounts { skus: vec![Sku::new(&code).unwrap()] },
    }))
}

/// What a finished count says is there, worked out again from what was on the shelf and in bags, and from what moved after the head it saw.
pub fn counted(event: &Event, moves: &[(u64, Sku, Qty)]) -> Vec<(Sku, Qty)> {
    let Event::StockCounted { lines, .. } = event else { return Vec::new() };
    let count = |line: &CountedLine| {
        let since =
            moves.iter().filter(|(seq, sku, _)| *seq > line.seen.head_seq && *sku == line.sku).map(|(_, _, quantity)| *quantity).sum();
        (line.sku.clone(), line.counted + line.seen.in_bags + since)
    };
    lines.iter().map(count).collect()
}

/// The book changes, and nothing moves.
pub fn only_corrects(event: &Event) -> bool {
    match event {
        Event::StockAdjusted { why, .. } => *why != ShortWhy::Damaged,
        Event::UnitsAdjusted { why, .. } => !why.moves_goods(),
        _ => false,
    }
}
