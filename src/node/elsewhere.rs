//! What other shops have of an article. Head office is asked when somebody looks at one and the line is up; its answer is kept with its age, so that
//! it shows with the line down as well, until the process ends. A cache: nothing is decided by it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::ids::Sku;
use crate::sync::wire::StockElsewhere;

/// Articles whose answers are kept; the one that was looked at longest ago goes first.
pub const ARTICLES_MAX: usize = 2_000;
/// Questions that wait for the line at once; whoever asks more sees what is kept.
pub const QUESTIONS_MAX: usize = 16;

/// Who asks hears when the answer is kept, or that none came.
#[derive(Debug)]
pub struct ElsewhereQuestion {
    pub sku: Sku,
    pub done: oneshot::Sender<()>,
}

/// What is kept, and the way to ask.
#[derive(Debug)]
pub struct Elsewhere {
    kept: Mutex<Kept>,
    questions: mpsc::Sender<ElsewhereQuestion>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Grows with every look.
    looks: u64,
    articles: BTreeMap<Sku, (u64, Arc<Vec<StockElsewhere>>)>,
}

impl Elsewhere {
    /// Nobody takes the questions where there is no head office.
    pub fn new(questions: mpsc::Sender<ElsewhereQuestion>) -> Elsewhere {
        Elsewhere { kept: Mutex::default(), questions }
    }

    /// As head office last said; `None`: it was never asked, or never answered.
    pub fn known(&self, sku: &Sku) -> Option<Arc<Vec<StockElsewhere>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.looks += 1;
        let now = kept.looks;
        let (looked, stores) = kept.articles.get_mut(sku)?;
        *looked = now;
        Some(stores.clone())
    }

    pub fn keep(&self, sku: Sku, stores: Vec<StockElsewhere>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.looks += 1;
        let now = kept.looks;
        if !kept.articles.contains_key(&sku) && kept.articles.len() >= ARTICLES_MAX {
            let oldest = kept.articles.iter().min_by_key(|(_, (looked, _))| *looked).map(|(sku, _)| sku.clone());
            oldest.map(|sku| kept.articles.remove(&sku));
        }
        kept.articles.insert(sku, (now, Arc::new(stores)));
    }

    /// Has head office asked. `None`: nobody takes the question now.
    pub fn ask(&self, sku: &Sku) -> Option<oneshot::Receiver<()>> {
        let (done, answered) = oneshot::channel();
        self.questions.try_send(ElsewhereQuestion { sku: sku.clone(), done }).ok()?;
        Some(answered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Qty;

    #[test]
    fn the_article_that_was_looked_at_longest_ago_goes_first() {
        let elsewhere = Elsewhere::new(mpsc::channel(1).0);
        let sku = |number: usize| Sku::new(&format!("{number}")).unwrap();
        let stores = || vec![StockElsewhere { store: "s2".into(), name: String::new(), quantity: Qty::pieces(4), as_of_ms: 1 }];
        for number in 0..ARTICLES_MAX {
            elsewhere.keep(sku(number), stores());
        }
        assert!(elsewhere.known(&sku(0)).is_some());
        elsewhere.keep(sku(ARTICLES_MAX), stores());
        assert!(elsewhere.known(&sku(0)).is_some(), "looked at just now");
        assert!(elsewhere.known(&sku(1)).is_none(), "the oldest");
        assert!(elsewhere.ask(&sku(1)).is_none(), "nobody takes questions");
    }
}
