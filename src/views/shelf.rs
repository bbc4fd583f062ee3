//! A store's stock baselines as one layer: per article what was on the shelf, and from which moment on our own movements count. An
//! article's baseline is adopted once: a layer built on top of another keeps what that one had, whatever a later file says.

use std::ops::ControlFlow;

use super::block::{Pack, Unpack, unseal};
use super::cache::{Cache, CacheError};
use super::layer::{KEY_FRONT_BYTES, LayerInfo, OwnBaseline, kind_range, stock_key};
use crate::ids::Sku;
use crate::money::Qty;
use crate::retail::StockFact;

/// One article's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShelfLine {
    pub quantity: Qty,
    /// Index into [`LayerInfo::baselines`].
    pub baseline: u32,
}

pub fn pack_shelf_line(sku: &str, line: ShelfLine, pack: &mut Pack) {
    pack.text(sku.as_bytes());
    pack.signed(line.quantity.thousandths());
    pack.number(u64::from(line.baseline));
}

/// Reads one stock layer.
pub struct Shelf<'a> {
    pub cache: &'a dyn Cache,
    pub info: &'a LayerInfo,
}

impl Shelf<'_> {
    pub fn baseline(&self, sku: &Sku) -> Result<Option<StockFact>, CacheError> {
        let Some(line) = self.line(sku)? else { return Ok(None) };
        let baseline = self.of(line)?;
        Ok(Some(StockFact { sku: sku.clone(), baseline: line.quantity, head_seq: baseline.head_seq, as_of: baseline.as_of }))
    }

    pub fn line(&self, sku: &Sku) -> Result<Option<ShelfLine>, CacheError> {
        let (from, _) = kind_range(b'K', self.info.id);
        let found = self.cache.at_or_before(&stock_key(self.info.id, sku.as_str()))?;
        let Some((_, sealed)) = found.filter(|(key, _)| key.starts_with(&from)) else { return Ok(None) };
        let plain = unseal("a stock block", &sealed)?;
        let mut line = None;
        let next = read_shelf_block(&plain, &mut |found, its_line| {
            if found == sku.as_str() {
                line = Some(its_line);
            }
            if found < sku.as_str() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if next.is_some_and(|next| next.as_str() <= sku.as_str()) {
            return Err(missing());
        }
        Ok(line)
    }

    /// All lines, ascending by SKU.
    pub fn each(&self, each: &mut dyn FnMut(&str, ShelfLine) -> ControlFlow<()>) -> Result<(), CacheError> {
        let (mut from, to) = kind_range(b'K', self.info.id);
        let mut expected: Option<String> = None;
        loop {
            // A few blocks at a time: the caller writes to the same cache meanwhile.
            let mut sealed = None;
            self.cache.scan(&from, &to, &mut |key, value| {
                sealed = Some((key.to_vec(), value.to_vec()));
                ControlFlow::Break(())
            })?;
            let Some((key, value)) = sealed else { break };
            if expected.is_some_and(|expected| key[KEY_FRONT_BYTES..] != *expected.as_bytes()) {
                return Err(missing());
            }
            let mut is_over = false;
            expected = read_shelf_block(&unseal("a stock block", &value)?, &mut |sku, line| {
                let flow = each(sku, line);
                is_over = flow.is_break();
                flow
            })?;
            if is_over {
                return Ok(());
            }
            from = key;
            from.push(0);
        }
        if expected.is_some() { Err(missing()) } else { Ok(()) }
    }

    pub fn of(&self, line: ShelfLine) -> Result<&OwnBaseline, CacheError> {
        let found = self.info.baselines.get(line.baseline as usize);
        found.ok_or_else(|| CacheError::Damaged { what: "a stock block", why: "a line names no baseline".to_owned() })
    }
}

/// Returns the first SKU of the next block.
fn read_shelf_block(plain: &[u8], each: &mut dyn FnMut(&str, ShelfLine) -> ControlFlow<()>) -> Result<Option<String>, CacheError> {
    let mut from = Unpack::new("a stock block", plain);
    let next = from.text()?;
    let next = (!next.is_empty()).then(|| next.to_owned());
    while !from.is_empty() {
        let sku = from.text()?;
        let quantity = Qty::from_thousandths(from.signed()?);
        let baseline = u32::try_from(from.number()?).unwrap_or(u32::MAX);
        if each(sku, ShelfLine { quantity, baseline }).is_break() {
            break;
        }
    }
    Ok(next)
}

fn missing() -> CacheError {
    CacheError::Damaged { what: "a stock block", why: "the one after it is missing".to_owned() }
}
