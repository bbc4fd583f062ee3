//! The table: which address needs which right, whose stores it is about, and what the log calls it. An address that is missing here is for admins
//! alone, and a test names it. Add a line with every route.

use super::Right;
use super::Right::{Administer, Audit, Fulfil, HelpShops, Look, Manage, Orders};

/// How the store of a request is found, for somebody who is bound to certain stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Rows of other stores are not there when it reads. For addresses that read.
    Lists,
    /// `{store}` or `{place}` in the address.
    Path,
    /// A field `store` in the body: of a form, or of a JSON object.
    Body,
    /// `?store=` of the address; without it, about the whole chain.
    Query,
    /// The last `{…}` of the address is this column of this table, which has the store.
    Row(&'static str, &'static str),
    /// About no store.
    Nothing,
    /// About the whole chain: refused to whoever is bound to certain stores.
    Chain,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub method: &'static str,
    pub path: &'static str,
    pub right: Right,
    pub of: Of,
    /// What is done, for the log; empty where nothing is changed.
    pub act: &'static str,
}

const fn read(path: &'static str, right: Right, of: Of) -> Rule {
    Rule { method: "GET", path, right, of, act: "" }
}

const fn post(path: &'static str, right: Right, of: Of, act: &'static str) -> Rule {
    Rule { method: "POST", path, right, of, act }
}

const fn put(path: &'static str, right: Right, of: Of, act: &'static str) -> Rule {
    Rule { method: "PUT", path, right, of, act }
}

const fn delete(path: &'static str, right: Right, of: Of, act: &'static str) -> Rule {
    Rule { method: "DELETE", path, right, of, act }
}

const INCIDENT: Of = Of::Row("incidents", "id");
const EXCEPTION: Of = Of::Row("exceptions", "id");
/// An order of a store, or a part that a place has.
const ORDER: Of =
    Of::Row("(SELECT order_no FROM collect_orders UNION ALL SELECT part AS order_no FROM order_parts) AS orders_and_parts", "order_no");
const ORDER_EXCEPTION: Of = Of::Row("order_exceptions", "id");
const INTAKE_ERROR: Of = Of::Row("intake_errors", "id");
const MESSAGE: Of = Of::Row("order_messages", "id");
const ISSUE: Of = Of::Row("order_issues", "id");
const RETURN: Of = Of::Row("order_returns", "order_no");

/// Addresses that need nobody: health, what pages are made of, the way in, and the customer's own page by its secret link.
pub const OPEN: &[&str] = &["/healthz", "/assets/{hash}/{name}", "/sign-in", "/setup", "/o/{secret}"];

pub const ROUTES: &[Rule] = &[
    // Pages that show.
    read("/", Look, Of::Lists),
    read("/stores/{store}", Look, Of::Path),
    read("/sales", Look, Of::Lists),
    read("/days", Look, Of::Lists),
    read("/days/{store}/{day}", Look, Of::Path),
    read("/stock", Look, Of::Lists),
    read("/stock/{sku}", Look, Of::Lists),
    read("/replenishment", Look, Of::Lists),
    read("/transactions", Look, Of::Lists),
    read("/transactions/{txn}", Look, Of::Lists),
    read("/incidents", Look, Of::Lists),
    read("/staff", Look, Of::Lists),
    read("/recalls", Look, Of::Lists),
    read("/nodes", Look, Of::Lists),
    read("/nodes/codes", Look, Of::Lists),
    read("/nodes/{store}/{node}/approve", HelpShops, Of::Path),
    read("/nodes/{store}/{node}/revoke", HelpShops, Of::Path),
    read("/fleet", Look, Of::Lists),
    read("/orders", Look, Of::Lists),
    read("/orders/rights", Look, Of::Query),
    read("/orders/{order}", Orders, Of::Lists),
    read("/changes", Look, Of::Nothing),
    // Pages that do.
    post("/stores/{store}", Manage, Of::Path, "name store"),
    post("/incidents/{id}/close", HelpShops, INCIDENT, "close incident"),
    post("/exceptions/{id}/replay", HelpShops, EXCEPTION, "replay exception"),
    post("/staff", Manage, Of::Chain, "change staff"),
    post("/staff/{id}/{act}", Manage, Of::Chain, "switch staff on or off"),
    post("/recalls", Manage, Of::Chain, "recall goods"),
    post("/recalls/{id}/end", Manage, Of::Chain, "end recall"),
    post("/nodes/codes", HelpShops, Of::Body, "make enrolment code"),
    post("/nodes/codes/{id}/withdraw", HelpShops, Of::Row("enrol_codes", "hash"), "withdraw enrolment code"),
    post("/nodes/{store}/{node}/approve", HelpShops, Of::Path, "approve node"),
    post("/nodes/{store}/{node}/revoke", HelpShops, Of::Path, "revoke node"),
    post("/fleet/rules", Manage, Of::Chain, "make alarm rule"),
    post("/fleet/rules/{id}/end", Manage, Of::Chain, "end alarm rule"),
    post("/orders/exceptions/{id}/settle", Orders, ORDER_EXCEPTION, "settle order exception"),
    post("/orders/leads", HelpShops, Of::Body, "name lead"),
    post("/orders/messages/{id}/again", Orders, MESSAGE, "send message again"),
    post("/orders/messages/{id}/told", Orders, MESSAGE, "customer was told"),
    post("/orders/returns/{order}/close", Orders, RETURN, "close return"),
    post("/orders/{order}/cancel", Orders, ORDER, "cancel order"),
    // Figures.
    read("/figures", Look, Of::Lists),
    read("/figures/measures", Look, Of::Nothing),
    read("/api/v1/figures", Look, Of::Lists),
    read("/api/v1/figures/{table}", Look, Of::Lists),
    read("/reconciliation", Look, Of::Lists),
    post("/reconciliation", HelpShops, Of::Body, "reconcile day"),
    read("/api/v1/reconciliations", Look, Of::Lists),
    post("/api/v1/reconciliations", HelpShops, Of::Body, "reconcile day"),
    // Places, and their parts of orders.
    read("/places", Look, Of::Lists),
    post("/places", Manage, Of::Body, "change place"),
    read("/places/{place}", Fulfil, Of::Path),
    read("/places/{place}/edit", Manage, Of::Path),
    post("/places/{place}/stock", Fulfil, Of::Path, "state stock of place"),
    post("/places/{place}/confirmations", Fulfil, Of::Path, "confirm parts"),
    read("/places/{place}/parts/{part}/{act}", Fulfil, Of::Path),
    post("/places/{place}/parts/{part}/{act}", Fulfil, Of::Path, "confirm part"),
    read("/api/v1/places", Look, Of::Lists),
    read("/api/v1/places/{place}", Look, Of::Path),
    put("/api/v1/places/{place}", Manage, Of::Path, "change place"),
    put("/api/v1/places/{place}/stock", Fulfil, Of::Path, "state stock of place"),
    put("/api/v1/places/{place}/stock.csv", Fulfil, Of::Path, "state stock of place"),
    read("/api/v1/places/{place}/parts", Fulfil, Of::Path),
    read("/api/v1/places/{place}/parts.csv", Fulfil, Of::Path),
    post("/api/v1/places/{place}/parts/{part}/{act}", Fulfil, Of::Path, "confirm part"),
    post("/api/v1/places/{place}/confirmations.csv", Fulfil, Of::Path, "confirm parts"),
    // Routing.
    read("/routing", Look, Of::Lists),
    post("/routing", Manage, Of::Chain, "change rules of routing"),
    read("/routing/versions/{version}", Look, Of::Nothing),
    read("/routing/order", Look, Of::Lists),
    post("/routing/again", Orders, Of::Chain, "route order again"),
    read("/api/v1/routing/rules", Look, Of::Nothing),
    put("/api/v1/routing/rules", Manage, Of::Chain, "change rules of routing"),
    read("/api/v1/routing/try", Look, Of::Lists),
    read("/api/v1/routing/order", Look, Of::Lists),
    read("/api/v1/routing/waiting", Look, Of::Lists),
    post("/api/v1/routing/again", Orders, Of::Chain, "route order again"),
    // Configuration of the boxes.
    read("/configuration", Look, Of::Lists),
    read("/configuration/profiles", Look, Of::Nothing),
    read("/configuration/profiles/{profile}", Look, Of::Nothing),
    post("/configuration/profiles/{profile}", Manage, Of::Chain, "change configuration profile"),
    read("/configuration/preview", Look, Of::Lists),
    post("/configuration/apply", Manage, Of::Chain, "apply configuration"),
    read("/api/v1/configuration/profiles", Look, Of::Nothing),
    read("/api/v1/configuration/profiles/{profile}", Look, Of::Nothing),
    put("/api/v1/configuration/profiles/{profile}", Manage, Of::Chain, "change configuration profile"),
    read("/api/v1/configuration/preview", Look, Of::Lists),
    post("/api/v1/configuration/apply", Manage, Of::Chain, "apply configuration"),
    // Intake: channels and what they send.
    read("/intake/errors", Orders, Of::Lists),
    read("/intake/errors/{id}", Orders, Of::Lists),
    post("/intake/errors/{id}/replay", Orders, INTAKE_ERROR, "replay order"),
    post("/intake/errors/{id}/dismiss", Orders, INTAKE_ERROR, "dismiss order"),
    read("/intake/order", Orders, Of::Lists),
    post("/intake/order", Orders, Of::Body, "enter order"),
    read("/intake/channels", Look, Of::Nothing),
    post("/intake/channels", Manage, Of::Chain, "change channel"),
    read("/intake/channels/{channel}", Look, Of::Nothing),
    post("/intake/channels/{channel}", Manage, Of::Chain, "change channel"),
    read("/api/v1/channels", Look, Of::Nothing),
    read("/api/v1/channels/{channel}", Look, Of::Nothing),
    put("/api/v1/channels/{channel}", Manage, Of::Chain, "change channel"),
    post("/api/v1/channels/{channel}/try", Manage, Of::Chain, "try mapping"),
    put("/api/v1/channels/{channel}/articles/{article}", Manage, Of::Chain, "name article of channel"),
    delete("/api/v1/channels/{channel}/articles/{article}", Manage, Of::Chain, "forget article of channel"),
    read("/api/v1/channels/{channel}/stock", Look, Of::Chain),
    post("/api/v1/channels/{channel}/orders", Orders, Of::Chain, "take order"),
    read("/api/v1/channels/{channel}/orders/{number}", Orders, Of::Lists),
    put("/api/v1/channels/{channel}/orders/{number}", Orders, Of::Chain, "take order"),
    post("/api/v1/channels/{channel}/orders/{number}/cancel", Orders, Of::Chain, "cancel order"),
    post("/api/v1/channels/{channel}/orders/{number}/return", Orders, Of::Chain, "ask for return"),
    post("/api/v1/channels/{channel}/orders/{number}/returned", Orders, Of::Chain, "take goods back"),
    post("/api/v1/channels/{channel}/orders/{number}/refund", Orders, Of::Chain, "ask for refund"),
    read("/api/v1/intake-errors", Orders, Of::Lists),
    post("/api/v1/intake-errors/{id}/replay", Orders, INTAKE_ERROR, "replay order"),
    post("/api/v1/intake-errors/{id}/dismiss", Orders, INTAKE_ERROR, "dismiss order"),
    // Customer service.
    read("/service", Orders, Of::Lists),
    read("/service/{order}", Orders, Of::Lists),
    read("/service/issues/{issue}", Orders, Of::Lists),
    post("/service/issues/{issue}", Orders, ISSUE, "change issue"),
    post("/service/{order}/notes", Orders, ORDER, "write note"),
    post("/service/{order}/issues", Orders, ORDER, "open issue"),
    read("/service/{order}/cancel", Orders, Of::Lists),
    post("/service/{order}/cancel", Orders, ORDER, "cancel order"),
    read("/service/{order}/return", Orders, Of::Lists),
    post("/service/{order}/return", Orders, ORDER, "ask for return"),
    read("/service/{order}/refund", Orders, Of::Lists),
    post("/service/{order}/refund", Orders, ORDER, "ask for refund"),
    read("/service/{order}/again/{message}", Orders, Of::Lists),
    post("/service/{order}/again/{message}", Orders, MESSAGE, "send message again"),
    read("/api/v1/order-search", Orders, Of::Lists),
    read("/api/v1/orders/{order}/timeline", Orders, Of::Lists),
    read("/api/v1/orders/{order}/notes", Orders, Of::Lists),
    post("/api/v1/orders/{order}/notes", Orders, ORDER, "write note"),
    read("/api/v1/orders/{order}/issues", Orders, Of::Lists),
    post("/api/v1/orders/{order}/issues", Orders, ORDER, "open issue"),
    post("/api/v1/orders/{order}/return", Orders, ORDER, "ask for return"),
    post("/api/v1/orders/{order}/refund", Orders, ORDER, "ask for refund"),
    read("/api/v1/order-issues", Orders, Of::Lists),
    read("/api/v1/order-issues/{issue}", Orders, Of::Lists),
    put("/api/v1/order-issues/{issue}", Orders, ISSUE, "change issue"),
    // What happened, over the whole chain, and who is posted it.
    read("/feeds", Manage, Of::Chain),
    post("/feeds", Manage, Of::Chain, "make webhook"),
    post("/feeds/{id}/pause", Manage, Of::Chain, "pause webhook"),
    post("/feeds/{id}/resume", Manage, Of::Chain, "resume webhook"),
    post("/feeds/{id}/replay", Manage, Of::Chain, "replay webhook"),
    post("/feeds/{id}/end", Manage, Of::Chain, "end webhook"),
    read("/api/v1/events", Orders, Of::Chain),
    read("/api/v1/subscriptions", Manage, Of::Chain),
    post("/api/v1/subscriptions", Manage, Of::Chain, "make webhook"),
    post("/api/v1/subscriptions/{id}/pause", Manage, Of::Chain, "pause webhook"),
    post("/api/v1/subscriptions/{id}/resume", Manage, Of::Chain, "resume webhook"),
    post("/api/v1/subscriptions/{id}/replay", Manage, Of::Chain, "replay webhook"),
    delete("/api/v1/subscriptions/{id}", Manage, Of::Chain, "end webhook"),
    // Who may act.
    read("/account", Look, Of::Nothing),
    read("/account/password", Look, Of::Nothing),
    post("/account/password", Look, Of::Nothing, "change own password"),
    post("/account/sessions/{id}/end", Look, Of::Nothing, "end own session"),
    post("/sign-out", Look, Of::Nothing, "sign out"),
    read("/people", Administer, Of::Chain),
    read("/people/{login}/{act}", Administer, Of::Chain),
    read("/people/tokens", Administer, Of::Chain),
    post("/people", Administer, Of::Chain, "add or change person"),
    post("/people/{login}/{act}", Administer, Of::Chain, "change person"),
    post("/people/sessions/{id}/end", Administer, Of::Chain, "end session"),
    post("/people/tokens", Administer, Of::Chain, "make token"),
    post("/people/tokens/{name}/revoke", Administer, Of::Chain, "revoke token"),
    read("/audit", Audit, Of::Chain),
    read("/api/v1/audit", Audit, Of::Chain),
    read("/api/v1/audit.csv", Audit, Of::Chain),
    // The API.
    read("/api/openapi.json", Look, Of::Nothing),
    read("/api/v1/stores", Look, Of::Lists),
    read("/api/v1/stores/{store}", Look, Of::Path),
    put("/api/v1/stores/{store}", Manage, Of::Path, "name store"),
    read("/api/v1/sales", Look, Of::Lists),
    read("/api/v1/days", Look, Of::Lists),
    read("/api/v1/days.csv", Look, Of::Lists),
    read("/api/v1/days/{store}/{day}", Look, Of::Path),
    read("/api/v1/transactions", Look, Of::Lists),
    read("/api/v1/stock", Look, Of::Lists),
    read("/api/v1/stock.csv", Look, Of::Lists),
    read("/api/v1/atp", Look, Of::Lists),
    read("/api/v1/atp.csv", Look, Of::Lists),
    read("/api/v1/replenishment", Look, Of::Lists),
    read("/api/v1/replenishment.csv", Look, Of::Lists),
    read("/api/v1/stock-levels", Look, Of::Lists),
    read("/api/v1/stock-levels/{sku}", Look, Of::Lists),
    put("/api/v1/stock-levels/{sku}", Manage, Of::Query, "change stock levels"),
    delete("/api/v1/stock-levels/{sku}", Manage, Of::Query, "remove stock levels"),
    read("/api/v1/incidents", Look, Of::Lists),
    post("/api/v1/incidents/{id}/close", HelpShops, INCIDENT, "close incident"),
    read("/api/v1/exceptions", Look, Of::Lists),
    post("/api/v1/exceptions/{id}/replay", HelpShops, EXCEPTION, "replay exception"),
    read("/api/v1/staff", Look, Of::Lists),
    read("/api/v1/staff/{id}", Look, Of::Lists),
    put("/api/v1/staff/{id}", Manage, Of::Chain, "change staff"),
    read("/api/v1/recalls", Look, Of::Lists),
    read("/api/v1/recalls/{id}", Look, Of::Lists),
    put("/api/v1/recalls/{id}", Manage, Of::Chain, "recall goods"),
    delete("/api/v1/recalls/{id}", Manage, Of::Chain, "end recall"),
    read("/api/v1/orders", Look, Of::Lists),
    post("/api/v1/orders", Orders, Of::Body, "place order"),
    read("/api/v1/orders/{order}", Orders, Of::Lists),
    put("/api/v1/orders/{order}", Orders, ORDER, "change order"),
    post("/api/v1/orders/{order}/cancel", Orders, ORDER, "cancel order"),
    read("/api/v1/order-exceptions", Look, Of::Lists),
    post("/api/v1/order-exceptions/{id}/settle", Orders, ORDER_EXCEPTION, "settle order exception"),
    read("/api/v1/stores/{store}/lead", Look, Of::Path),
    put("/api/v1/stores/{store}/lead", HelpShops, Of::Path, "name lead"),
    read("/api/v1/stores/{store}/rights", Look, Of::Path),
    post("/api/v1/stores/{store}/rights", Orders, Of::Path, "ask for rights"),
    read("/api/v1/order-returns", Look, Of::Lists),
    post("/api/v1/order-returns/{order}/close", Orders, RETURN, "close return"),
    read("/api/v1/order-messages", Orders, Of::Lists),
    post("/api/v1/order-messages/{id}/again", Orders, MESSAGE, "send message again"),
    post("/api/v1/order-messages/{id}/sent", Orders, MESSAGE, "message was sent"),
    read("/api/v1/nodes", Look, Of::Lists),
    read("/api/v1/fleet", Look, Of::Lists),
    read("/api/v1/fleet.csv", Look, Of::Lists),
    read("/api/v1/alarms", Look, Of::Lists),
    read("/api/v1/alarm-rules", Look, Of::Lists),
    post("/api/v1/alarm-rules", Manage, Of::Chain, "make alarm rule"),
    delete("/api/v1/alarm-rules/{id}", Manage, Of::Chain, "end alarm rule"),
    post("/api/v1/stores/{store}/nodes/{node}/approve", HelpShops, Of::Path, "approve node"),
    post("/api/v1/stores/{store}/nodes/{node}/revoke", HelpShops, Of::Path, "revoke node"),
    read("/api/v1/enrol-codes", HelpShops, Of::Lists),
    post("/api/v1/enrol-codes", HelpShops, Of::Body, "make enrolment code"),
    delete("/api/v1/enrol-codes/{id}", HelpShops, Of::Row("enrol_codes", "hash"), "withdraw enrolment code"),
];

/// The line of a request, by its method and the route it matched; HEAD is GET.
pub fn find(method: &str, path: &str) -> Option<&'static Rule> {
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|rule| rule.method == method && rule.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_stands_here_once_and_says_what_it_does() {
        for (index, rule) in ROUTES.iter().enumerate() {
            let twice = ROUTES[index + 1..].iter().any(|other| (other.method, other.path) == (rule.method, rule.path));
            assert!(!twice, "{} {} stands twice in the table", rule.method, rule.path);
            assert!(!OPEN.contains(&rule.path), "{} needs nobody and somebody", rule.path);
            assert_eq!(rule.method == "GET", rule.act.is_empty(), "{} {}: what changes something has a name", rule.method, rule.path);
            assert!(rule.of != Of::Lists || rule.method == "GET", "{} {}: an act is about a store", rule.method, rule.path);
            assert!(
                rule.of != Of::Path || rule.path.contains("{store}") || rule.path.contains("{place}"),
                "{} {} has no {{store}}",
                rule.method,
                rule.path
            );
        }
    }
}
