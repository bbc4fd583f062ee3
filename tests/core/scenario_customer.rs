//! Words of scenarios about customers: `customer NAME [member] [no-consent]` and `forget NAME` (the vault knows them, or not any more), the acts
//! `attach NAME`, `detach`, `erase NAME`; `expect 1: customer NAME|none`.

use counterfoil::ids::SubjectRef;
use counterfoil::retail::Command;
use counterfoil::retail::basket::Basket;
use counterfoil::retail::customer::CustomerFact;
use uuid::Uuid;

use super::shop::Shop;

pub fn subject(name: &str) -> SubjectRef {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    SubjectRef(Uuid::from_bytes(bytes))
}

pub fn set_up(shop: &mut Shop, words: &[String]) {
    let subject = subject(&words[1]);
    let is = |word: &str| words.iter().any(|have| have == word);
    let fact = CustomerFact { is_member: is("member"), has_consented: !is("no-consent") };
    if words[0] == "forget" {
        shop.customers.remove(&subject);
    } else {
        shop.customers.insert(subject, fact);
    }
}

pub fn command(words: &[String]) -> Option<Command> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["attach", name] => Some(Command::AttachCustomer { subject: subject(name) }),
        ["detach"] => Some(Command::DetachCustomer {}),
        ["erase", name] => Some(Command::EraseCustomer { subject: subject(name) }),
        _ => None,
    }
}

pub fn shown(basket: &Basket) -> String {
    let name = |subject: SubjectRef| String::from_utf8_lossy(subject.0.as_bytes()).trim_end_matches('\0').to_owned();
    basket.asks.customer.map_or_else(|| "none".to_owned(), |customer| name(customer.subject))
}
