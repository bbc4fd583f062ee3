//! Who may do what at head office: people who sign in, programs with tokens, what both may do and for which stores, and the log of what they did.
//!
//! [`door`] stands in front of every page and every address of the API (not in front of the doors for nodes, which have mutual TLS). It finds out
//! who asks, looks the address up in [`routes`], and says who it is to everything behind it: [`acting`]. Two things follow by themselves, also for
//! addresses that are added later. What somebody bound to certain stores reads comes over a connection on which the rows of other stores are not
//! there ([`bounded`]). And what changes the database leaves its line in the log in the same transaction ([`audit`]).

pub mod bounded;
pub mod door;
pub mod rights;
pub mod routes;

pub mod accounts;
pub mod passwords;
pub mod sessions;
pub mod tokens;
pub mod waits;

pub mod audit;
pub mod cli;
pub mod terminal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ids::ChannelId;

pub use rights::{Reach, Right, Role};

/// What stands in the log where nobody signs in.
pub const CONSOLE: &str = "the console of this machine";

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Session,
    Token,
    Console,
}

impl Via {
    pub fn name(self) -> &'static str {
        match self {
            Via::Session => "session",
            Via::Token => "token",
            Via::Console => "console",
        }
    }
}

/// Who asks, with what is needed to say no.
#[derive(Debug, Clone)]
pub struct Who {
    /// A login, a token's name, or [`CONSOLE`].
    pub who: String,
    /// As the pages show it.
    pub name: String,
    pub via: Via,
    pub rights: Vec<Right>,
    pub reach: Reach,
    /// The channels that a program is for; empty: not bound to channels.
    pub channels: Vec<ChannelId>,
    /// Where the request came from.
    pub from: String,
    /// Of a session: its id, as it is listed.
    pub session: Option<String>,
    /// The password was made by somebody else and has to be replaced first.
    pub must_change: bool,
}

impl Who {
    pub fn console(from: String) -> Who {
        Who {
            who: CONSOLE.to_owned(),
            name: CONSOLE.to_owned(),
            via: Via::Console,
            rights: Right::ALL.to_vec(),
            reach: Reach::All,
            channels: Vec::new(),
            from,
            session: None,
            must_change: false,
        }
    }

    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }
}

/// What a request is about to change.
#[derive(Debug, Clone, Default)]
pub struct Deed {
    /// "cancel order".
    pub act: &'static str,
    /// "order 4711".
    pub object: String,
    pub store: String,
}

/// A request under way.
#[derive(Debug)]
pub struct Acting {
    pub who: Who,
    /// `None`: it only reads.
    pub deed: Option<Deed>,
    /// The log has a line of it.
    noted: AtomicBool,
}

impl Acting {
    pub fn new(who: Who, deed: Option<Deed>) -> Arc<Acting> {
        Arc::new(Acting { who, deed, noted: AtomicBool::new(false) })
    }

    /// What is to be noted with the next change, unless that was done.
    pub fn to_note(&self) -> Option<&Deed> {
        self.deed.as_ref().filter(|_| !self.is_noted())
    }

    pub fn is_noted(&self) -> bool {
        self.noted.load(Ordering::Acquire)
    }

    pub fn noted(&self) {
        self.noted.store(true, Ordering::Release);
    }
}

tokio::task_local! {
    static ACTING: Arc<Acting>;
}

/// Runs what answers a request. A task that it starts by itself stands outside and asks nothing of the database.
pub async fn with<F: Future>(acting: Arc<Acting>, work: F) -> F::Output {
    ACTING.scope(acting, work).await
}

/// Whose request is being answered here; `None` outside of any.
pub fn acting() -> Option<Arc<Acting>> {
    ACTING.try_with(Arc::clone).ok()
}

/// Whether whoever asks may do this. What head office does by itself it may do.
pub fn may(right: Right) -> bool {
    acting().is_none_or(|acting| acting.who.may(right))
}

/// The stores that whoever asks is bound to; `None`: all.
pub fn bounds() -> Option<Reach> {
    acting().map(|acting| acting.who.reach.clone()).filter(|reach| !reach.is_all())
}

/// 32 random bytes as 64 hex characters: a cookie's or a token's secret.
pub fn secret() -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    crate::journal::hash::to_hex(&bytes)
}

/// What is kept of a secret. It has 256 random bits, so one round does.
pub fn hash_of(secret: &str) -> String {
    crate::journal::Hash::of(secret.as_bytes()).to_string()
}
