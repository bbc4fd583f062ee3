//! `counterfoil sim --promises`: small worlds of one article, one store and head office, searched exhaustively. Breadth first, every order of
//! every small step up to a depth: grants, sales that eat into them, orders, cancels, words and records on their way, lost answers, and a head
//! office that is put back to yesterday, with the command and without it, once and twice. After each step the law is asked for ([`law`]), and
//! from every world it must come to rest when nothing happens any more.
//!
//! Nothing is modelled that the product does itself: each step of the store is [`crate::retail::decide`] and `apply` ([`shop`]), each of head office
//! its own functions on its own tables ([`office`]). A step from a state that was met before is not done again, so that many worlds cost
//! little. What stands here is only the line between the two, and what an accident does to it ([`world`]).

mod beginnings;
mod fault;
mod law;
mod office;
mod search;
mod shop;
mod world;

use std::path::Path;

use super::Broken;

pub use beginnings::Beginning;
pub use fault::PlantedFault;
pub use search::Searched;

/// Every world that can be reached from a beginning in so many steps. `folder`: for head office's database, which is never written to disk for
/// long.
pub(super) fn search(beginning: Beginning, depth: u32, fault: Option<PlantedFault>, folder: &Path) -> Result<Searched, Broken> {
    search::Search::new(folder, fault)?.run(beginning, depth)
}
