//! Who may be heard at the door, request by request: how a node stands, looked up now and then, and who has tried too many wrong codes. In memory:
//! a start forgets it.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rustls::pki_types::CertificateDer;

use super::authority::Authority;
use super::enrolment::{self, Standing};
use super::office::HeadOffice;
use super::storage::StorageError;
use crate::ids::{NodeId, StoreId};
use crate::journal::Hash;

/// A standing is looked up again after this, so that a word of one head office reaches the others.
const STANDING_KEPT_MS: i64 = 2_000;
const STANDINGS_KEPT_MAX: usize = 20_000;
/// Wrong codes from one address, and from all together, within the window.
const WRONG_CODES_MAX: usize = 10;
const WRONG_CODES_OF_ALL_MAX: usize = 500;
const WRONG_CODES_WINDOW_MS: i64 = 10 * 60_000;

/// The hash of a certificate, and for whom it was shown.
type Knock = (Hash, StoreId, NodeId);

/// What head office keeps in memory about boxes that knock.
#[derive(Default)]
pub struct Gate {
    /// With the time of the look.
    standings: Mutex<BTreeMap<Knock, (i64, Standing)>>,
    wrong: Mutex<VecDeque<(i64, IpAddr)>>,
}

impl Gate {
    /// Whether this address has tried too many wrong codes of late.
    pub fn is_shut(&self, address: IpAddr, now_ms: i64) -> bool {
        let Ok(mut wrong) = self.wrong.lock() else { return true };
        while wrong.front().is_some_and(|(at_ms, _)| *at_ms + WRONG_CODES_WINDOW_MS <= now_ms || *at_ms > now_ms) {
            wrong.pop_front();
        }
        let of_this_one = wrong.iter().filter(|(_, other)| *other == address).count();
        of_this_one >= WRONG_CODES_MAX || wrong.len() >= WRONG_CODES_OF_ALL_MAX
    }

    pub fn wrong_code(&self, address: IpAddr, now_ms: i64) {
        if let Ok(mut wrong) = self.wrong.lock() {
            wrong.push_back((now_ms, address));
        }
    }

    fn kept(&self, of: &Knock, now_ms: i64) -> Option<Standing> {
        let standings = self.standings.lock().ok()?;
        let (at_ms, standing) = standings.get(of)?;
        (*at_ms..*at_ms + STANDING_KEPT_MS).contains(&now_ms).then(|| standing.clone())
    }

    fn keep(&self, of: Knock, now_ms: i64, standing: Standing) {
        if let Ok(mut standings) = self.standings.lock() {
            if standings.len() >= STANDINGS_KEPT_MAX {
                standings.clear();
            }
            standings.insert(of, (now_ms, standing));
        }
    }

    /// After an act on nodes.
    pub fn forget(&self) {
        if let Ok(mut standings) = self.standings.lock() {
            standings.clear();
        }
    }
}

/// How a node stands that shows this certificate. `None`: it is not one of ours.
pub async fn admit(
    office: &HeadOffice,
    authority: &Arc<Authority>,
    store: &StoreId,
    node: &NodeId,
    certificate: &CertificateDer<'static>,
) -> Result<Option<Standing>, StorageError> {
    let now_ms = office.now_ms();
    let place = (Hash::of(certificate), store.clone(), node.clone());
    if let Some(standing) = office.gate().kept(&place, now_ms) {
        return Ok(Some(standing));
    }
    let Some(shown) = authority.read(certificate) else { return Ok(None) };
    let (asked, seen, theirs) = ((store.clone(), node.clone()), shown.clone(), certificate.clone());
    let standing = office.read(move |connection| enrolment::standing(connection, &asked.0, &asked.1, &seen, &theirs, now_ms)).await?;
    if standing == Standing::Forgotten && now_ms < shown.expires_ms {
        let asked = (store.clone(), node.clone());
        let written =
            office.write(move |writer, now_ms| Ok(enrolment::remember(writer.connection(), &asked.0, &asked.1, &shown, now_ms)?)).await;
        // It is heard all the same; the next request tries again.
        if let Err(error) = written {
            tracing::warn!(%error, %store, %node, "an enrolment could not be written down again");
        }
        return Ok(Some(Standing::Good { newest: true }));
    }
    office.gate().keep(place, now_ms, standing.clone());
    Ok(Some(standing))
}
