//! The catalogue in force: a stack of layers, the newest word on an article counts. A code found in a layer counts when the article, as
//! it is in force, has it.

use super::cache::{Cache, CacheError};
use super::layer::{Layer, LayerInfo};
use std::sync::Arc;

use crate::ids::Sku;
use crate::money::Qty;
use crate::sync::feed::{Article, CatalogueEntry, CodeKey};

/// A look at one version.
pub struct Catalogue<'a> {
    cache: &'a dyn Cache,
    /// Oldest first.
    stack: &'a [Arc<LayerInfo>],
}

impl<'a> Catalogue<'a> {
    pub fn new(cache: &'a dyn Cache, stack: &'a [Arc<LayerInfo>]) -> Catalogue<'a> {
        Catalogue { cache, stack }
    }

    /// Newest first.
    pub fn layers(&self) -> impl Iterator<Item = Layer<'a>> {
        let cache = self.cache;
        self.stack.iter().rev().map(move |info| Layer { cache, id: info.id })
    }

    pub fn by_sku(&self, sku: &Sku) -> Result<Option<Article>, CacheError> {
        for layer in self.layers() {
            match layer.entry(sku)? {
                Some(CatalogueEntry::Put(article)) => return Ok(Some(*article)),
                Some(CatalogueEntry::Remove(_)) => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    }

    pub fn by_code(&self, key: &CodeKey) -> Result<Option<(Article, Qty)>, CacheError> {
        for (depth, layer) in self.layers().enumerate() {
            let Some(place) = layer.place_of(key)? else { continue };
            let Some(CatalogueEntry::Put(article)) = layer.at(&[place])?.pop() else { continue };
            if self.is_covered(&article.sku, depth)? {
                continue;
            }
            if let Some(quantity) = article.quantity_of(key) {
                return Ok(Some((*article, quantity)));
            }
        }
        Ok(None)
    }

    /// Whether a layer above the one at `depth` (0 = newest) has a newer word on the article.
    pub fn is_covered(&self, sku: &Sku, depth: usize) -> Result<bool, CacheError> {
        for layer in self.layers().take(depth) {
            if layer.knows(sku)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
