//! The till speaks the language of whoever works there; figures, dates and the customer's display stay the store's.

use counterfoil::document::{Language, Voice};
use counterfoil::ids::StaffId;
use counterfoil::node::handle::AskError;
use counterfoil::node::screen::{AtWork, Screen, TillScreen};
use counterfoil::retail::Refusal;

use super::http::{Reply, send};
use super::stage::{Stage, basket, groceries, locale, rules, screen, selling};

fn worked_by(language: Option<Language>) -> Screen {
    let someone = AtWork { staff: StaffId::new("ben").unwrap(), name: "Ben".into(), language, locked: false };
    screen(TillScreen { signed_in: Some(someone), ..selling(basket(groceries())) })
}

async fn call(stage: &Stage, method: &str, path: &str, body: &str) -> Reply {
    let (host, bearer) = (stage.address.to_string(), format!("Bearer {}", stage.desk_token));
    let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    send(stage.address, method, path, &headers, body).await
}

#[tokio::test]
async fn the_till_speaks_the_language_of_whoever_works_there() {
    let stage = Stage::open(worked_by(None), locale("en-IE")).await;
    let page = async |path: &str| call(&stage, "GET", path, "").await.body;
    assert!(page("/till/1").await.contains("<html lang=\"en\""));

    stage.show(worked_by(Some(Language::German)));
    let german = page("/till/1").await;
    assert!(german.contains("<html lang=\"de\"") && german.contains("Zu zahlen") && german.contains("data-decimal=\".\""), "{german}");
    assert!(page("/till/1/search?q=").await.contains("Buchstaben"));
    assert!(page("/display/1").await.contains("<html lang=\"en\""), "the customer's display speaks the store's");

    stage.show(worked_by(None));
    assert!(page("/till/1").await.contains("<html lang=\"en\""));
}

#[tokio::test]
async fn a_refusal_comes_in_the_words_of_whoever_asked_under_the_same_code() {
    let stage = Stage::open(worked_by(Some(Language::German)), locale("en-IE")).await;
    for (language, detail) in [(Some(Language::German), "Der Geschäftstag ist nicht geöffnet."), (None, "The business day is not open.")]
    {
        let refused = AskError::Refused(Refusal::DayNotOpen, Voice::to_person(&rules(), language));
        stage.planned.lock().unwrap().push_back(Err(refused));
        let problem = call(&stage, "POST", "/api/v1/workstations/1/scan", r#"{"id":"c-2","code":"x"}"#).await.json();
        assert_eq!((problem["code"].as_str(), problem["detail"].as_str()), (Some("day_not_open"), Some(detail)));
    }
}
