//! The words of every refusal in German. A refusal without words does not compile.

use super::Voice;
use crate::money::Money;
use crate::retail::last_day::LastDayKind;
use crate::retail::order::{NoPlace, OrderStateName};
use crate::retail::rights::Right;
use crate::retail::{Feed, Refusal};

/// What happened, to which thing.
pub fn happened(refusal: &Refusal, voice: &Voice) -> String {
    let money = |amount: Money| voice.money(amount);
    match refusal {
        Refusal::WorkstationMissing => "Dafür braucht es eine Kasse, und die Anfrage nennt keine.".to_owned(),
        Refusal::WorkstationUnknown { workstation } => format!("Kasse {workstation} gehört nicht zu diesem Laden."),
        Refusal::CommandReused => "Unter dieser Kennung kam schon eine andere Anfrage.".to_owned(),
        Refusal::DayNotOpen => "Der Geschäftstag ist nicht geöffnet.".to_owned(),
        Refusal::DayAlreadyOpen => "Der Geschäftstag ist schon geöffnet.".to_owned(),
        Refusal::DayGoesBack { last } => {
            format!("Der Tag {} ist abgeschlossen; ein früherer lässt sich nicht öffnen.", voice.date(*last))
        }
        Refusal::DayTooFarAhead { date } => format!("{} liegt mehr als einen Tag vor der Uhr.", voice.date(*date)),
        Refusal::UnknownArticle { code } => format!("Nicht gefunden: {code}"),
        Refusal::UnknownCode { code } => format!("Kein Artikelcode: {code}"),
        Refusal::CardData => "Das ist Nummer oder Magnetstreifen einer Zahlkarte. Nichts davon wurde behalten.".to_owned(),
        // The reason is for those who make labels, and is written in English.
        Refusal::Misread { code, .. } => format!("Fehlerhaft gelesen: {code}"),
        Refusal::NoPrice { name } => format!("{name} hat keinen Preis."),
        Refusal::CatalogueNotReady { .. } => {
            "Artikel sind gerade nicht abrufbar: Der Katalog fehlt noch oder wird neu aufgebaut.".to_owned()
        }
        Refusal::NoTaxRate { name, class } => format!("{name} hat Steuerklasse {class}, für die heute kein Satz gilt."),
        Refusal::TooManyLines { max } => format!("Der Verkauf hat {max} Zeilen; mehr geht nicht."),
        Refusal::TooManyTenders { max } => format!("Der Verkauf hat {max} Zahlungen; mehr geht nicht."),
        Refusal::TooManySuspended { max } => format!("{max} Verkäufe sind geparkt; mehr geht nicht."),
        Refusal::TooManyPrints { max } => format!("{max} Bons warten auf einen Drucker; mehr geht nicht."),
        Refusal::QuantityNotPositive => "Die Menge muss größer als null sein.".to_owned(),
        Refusal::QuantityTooLarge { max } => format!("Die Menge liegt über der Grenze von {}.", voice.quantity(*max)),
        Refusal::QuantityNotWhole => "Diesen Artikel gibt es nur in ganzen Stück.".to_owned(),
        Refusal::QuantityFixedByCode => "Das Etikett selbst sagt, wie viel es ist.".to_owned(),
        Refusal::WeightNeeded { name, .. } => format!("{name} wird nach Gewicht verkauft."),
        Refusal::NotWeighed { name } => format!("{name} wird nicht nach Gewicht verkauft."),
        Refusal::WeightTooLight { min } => format!("Das Gewicht liegt unter {} kg.", voice.quantity(*min)),
        Refusal::WeightTooHeavy { weight, max } => {
            format!("{} kg liegen über der Grenze von {} kg.", voice.quantity(*weight), voice.quantity(*max))
        }
        Refusal::WeightTooFine { step } => format!("Gewichte gehen hier in Schritten von {} kg.", voice.quantity(*step)),
        Refusal::TareTooHeavy { tare, weight } => {
            format!("Die Tara von {} kg ist nicht kleiner als das Gewicht von {} kg.", voice.quantity(*tare), voice.quantity(*weight))
        }
        Refusal::WeighedByScale { name } => format!("{name} wurde auf der Waage gewogen."),
        Refusal::PriceTooHigh { max } => format!("Der Preis liegt über der Grenze von {}.", money(*max)),
        Refusal::TotalTooHigh { max } => format!("Der Verkauf läge über der Grenze von {}.", money(*max)),
        Refusal::NoTransaction => "Hier ist kein Verkauf offen.".to_owned(),
        Refusal::NoSuchLine { line } => format!("Zeile {line} gibt es in diesem Verkauf nicht."),
        Refusal::NothingToUndo => "Es gibt nichts rückgängig zu machen.".to_owned(),
        Refusal::TransactionOpenHere => "Auf diesem Schirm ist ein Verkauf offen.".to_owned(),
        Refusal::NotSuspended { .. } => "Dieser Verkauf ist nicht geparkt.".to_owned(),
        Refusal::TendersTaken => "Die Zahlung hat begonnen; der Verkauf lässt sich nicht mehr ändern.".to_owned(),
        Refusal::NothingToPay => "Es ist nichts zu zahlen.".to_owned(),
        Refusal::AmountNotPositive => "Der Betrag muss größer als null sein.".to_owned(),
        Refusal::AmountTooLarge { max } => format!("Der Betrag liegt über der Grenze von {}.", money(*max)),
        Refusal::CashNotPayable { step } => format!("Dieser Betrag geht nicht in bar; der kleinste Schritt ist {}.", money(*step)),
        Refusal::CardAmountAboveDue { due } => format!("Nur {} sind offen; eine Karte gibt kein Rückgeld.", money(*due)),
        Refusal::CardRunning => "Eine Kartenzahlung läuft.".to_owned(),
        Refusal::NoCardRunning => "Diese Kartenzahlung läuft nicht.".to_owned(),
        Refusal::NoSuchTender { index } => format!("Zahlung {} gibt es in diesem Verkauf nicht.", u64::from(*index) + 1),
        Refusal::CardTenderStays => "Eine Kartenzahlung lässt sich hier nicht zurücknehmen.".to_owned(),
        Refusal::NothingToReprint => "Ein solcher Beleg ist nicht zur Hand.".to_owned(),
        Refusal::NoPrinter => "Diese Kasse hat keinen Bondrucker.".to_owned(),
        Refusal::NoSuchPrint => "Dieser Bon wartet nicht mehr.".to_owned(),
        Refusal::PrintNotSettleable => "Der Drucker ist mit diesem Bon noch beschäftigt.".to_owned(),
        // age.rs
        Refusal::AgeCheckNeeded { name, age, born_by } => {
            format!("{name}: Verkauf ab {age}, also geboren am {} oder früher.", voice.date(*born_by))
        }
        Refusal::NoAgeLimit { name } => format!("{name} darf jeder kaufen."),
        // last_day.rs
        Refusal::PastItsDate { name, last_day } => format!("{name}: {} {}.", last_day_words(last_day.kind), voice.date(last_day.date)),
        Refusal::DepartmentUnknown { department } => format!("{department} ist keine Warengruppe dieses Ladens."),
        Refusal::DepartmentNotForUnknown { name } => format!("{name} ist hier nicht für Artikel ohne Nummer da."),
        Refusal::ArticleIsKnown { name } => format!("{name} hat einen eigenen Preis."),
        Refusal::OpenPriceTooHigh { name, max } => format!("{name} kostet höchstens {}.", money(*max)),
        Refusal::NotInTraining => "Diese Kasse ist im Training; das lässt sich nicht üben.".to_owned(),
        Refusal::SerialInSale { name, serial } => format!("{name} mit der Seriennummer {serial} ist schon im Verkauf."),
        Refusal::NotPastItsDate { name } => format!("{name} ist weder abgelaufen noch zurückgerufen."),
        Refusal::CheckFirst => "Nicht verkauft: Auf diesem Schirm ist eine Prüfung offen.".to_owned(),
        Refusal::FeedGoesBack { feed, version, adopted } => {
            format!("Angeboten wurde Version {version} ({}), in Kraft ist aber Version {adopted}.", feed_name(*feed))
        }
        Refusal::SignInFirst => "Hier ist niemand angemeldet, oder die Kasse ist gesperrt.".to_owned(),
        Refusal::ProofMissing => "Es kam weder ein Ausweis noch eine PIN mit.".to_owned(),
        Refusal::NeedsOverride { right } => format!("Das muss eine zweite Person freigeben: {}.", right_words(*right)),
        Refusal::OverrideByOneself => "Wer freigibt, ist dieselbe Person, die darum bittet.".to_owned(),
        Refusal::OverrideNotAllowed { right } => format!("Wer freigibt, darf das selbst nicht: {}.", right_words(*right)),
        Refusal::BadgeUnknown => "Dieser Ausweis gehört niemandem in diesem Laden.".to_owned(),
        Refusal::StaffUnknown { staff } => format!("{staff} arbeitet nicht in diesem Laden."),
        Refusal::PinNotSet { staff } => format!("{staff} hat keine PIN."),
        Refusal::PinWrong { left: 0, .. } => "Die PIN ist falsch. Der nächste Versuch muss warten.".to_owned(),
        Refusal::PinWrong { left: 1, .. } => "Die PIN ist falsch. Noch 1 Versuch, dann heißt es warten.".to_owned(),
        Refusal::PinWrong { left, .. } => format!("Die PIN ist falsch. Noch {left} Versuche, dann heißt es warten."),
        Refusal::StaffLockedOut { staff, seconds } => format!("Zu viele falsche PINs von {staff}: {} warten.", waiting(*seconds)),
        Refusal::TerminalNotSeen => "Das Kartenterminal hat seit seiner Einrichtung nicht geantwortet.".to_owned(),
        Refusal::TerminalBusy => "Auf dem Kartenterminal läuft eine andere Zahlung.".to_owned(),
        Refusal::CardByTerminal => "Wie diese Zahlung endet, sagt das Kartenterminal selbst.".to_owned(),
        Refusal::TerminalUnknown { terminal } => format!("Keine Kasse hat ein Kartenterminal {terminal}."),
        Refusal::CardStillAsked => "Ob die Karte belastet wurde, hat noch kein Mensch zu entscheiden.".to_owned(),
        // Returns.
        Refusal::ReceiptNotFound { code } => format!("Kein Bon gefunden: {code}"),
        Refusal::ReceiptCodeDamaged => "Der Code des Bons ist unvollständig oder beschädigt.".to_owned(),
        Refusal::ReceiptForged => "Der Code des Bons ist nicht echt: Seine Signatur stimmt nicht.".to_owned(),
        Refusal::ReceiptOfOtherChain => "Der Bon stammt von einer anderen Kette.".to_owned(),
        Refusal::ReceiptKeyUnknown => "Den Bon hat eine Kasse signiert, die nicht auf der Liste dieser Kette steht.".to_owned(),
        Refusal::ReceiptNotReturnable { number } => format!("{number} ist kein Verkauf: Darauf wurde nichts verkauft."),
        Refusal::ReceiptTooOld { number } => format!("{number} ist so alt, dass niemand weiß, was davon zurückkam."),
        Refusal::ReturnLineUnknown { number, line } => format!("Zeile {line} steht nicht auf Bon {number}."),
        Refusal::ReturnAboveSold { name, left } => format!("{name}: Davon können noch {} zurückkommen.", voice.quantity(*left)),
        Refusal::ReturnInProgress { number } => {
            format!("Bon {number} wird gerade an einer anderen Kasse oder in einem geparkten Verkauf zurückgenommen.")
        }
        Refusal::ReturnReasonUnknown { reason } => format!("„{reason}“ ist kein Grund von der Liste dieses Ladens."),
        Refusal::ReturnNotForShelf => "Was defekt oder abgelaufen ist, kommt nicht ins Regal zurück.".to_owned(),
        Refusal::ReturnAboveCap { max } => format!("Damit käme mehr als {} zurück, die Grenze ohne Rückfrage.", money(*max)),
        Refusal::ReturnLinesUnknown { number } => format!("Was auf Bon {number} verkauft wurde, ist hier nicht bekannt, nur die Summe."),
        Refusal::ReturnByLine { number } => format!("Die Zeilen von Bon {number} sind bekannt."),
        Refusal::ReturnAboveReceipt { left } => format!("Von diesem Bon können noch {} zurückgegeben werden.", money(*left)),
        Refusal::ReturnedLineFixed => "Diese Zeile kommt von einem Bon zurück; ihre Menge wird nicht hier getippt.".to_owned(),
        Refusal::RefundDue { amount } => format!("Der Kunde bekommt {}.", money(*amount)),
        Refusal::NothingToRefund => "Der Kunde bekommt nichts zurück.".to_owned(),
        Refusal::PostVoidNothing => "Das ist nicht der letzte Verkauf dieser Kasse, oder er lässt sich nicht stornieren.".to_owned(),
        Refusal::PostVoidTooLate { minutes } => format!("Der Verkauf ist mehr als {minutes} Minuten alt."),
        Refusal::PostVoidReturned => "Von diesem Verkauf ist schon Ware zurückgekommen.".to_owned(),
        Refusal::PostVoidFixed => "Hier wird ein ganzer Verkauf storniert.".to_owned(),
        Refusal::ReturnUnproved => "Die Aufzeichnung hat eine Lücke: Was schon zurückkam, ist nicht belegt.".to_owned(),
        // Prices and promotions.
        Refusal::ReasonUnknown { reason } => format!("{reason} ist kein Grund von der Liste dieses Ladens."),
        Refusal::DiscountOutOfRange => "Ein Rabatt ist größer als null und höchstens 100 %.".to_owned(),
        Refusal::DiscountAbovePrice { max } => format!("Mehr als {} lassen sich hier nicht abziehen.", money(*max)),
        Refusal::PriceFixedByCode => "Das Etikett selbst sagt, was es kostet.".to_owned(),
        Refusal::NotACoupon { code } => format!("Kein Gutschein: {code}"),
        Refusal::CouponNotLive { name } => format!("{name} gilt jetzt nicht."),
        Refusal::CouponAlreadyGiven { name } => format!("{name} zählt in diesem Verkauf schon."),
        Refusal::CouponUsed { code } => format!("Gutschein {code} wurde schon eingelöst."),
        Refusal::TooManyCoupons { max } => format!("Der Verkauf hat {max} Gutscheine; mehr geht nicht."),
        Refusal::NotAMemberCard { code } => format!("Keine Kundenkarte: {code}"),
        Refusal::TillNotOpen { till } => format!("Kasse {till} ist nicht geöffnet."),
        Refusal::TillAlreadyOpen { till } => format!("Kasse {till} ist schon geöffnet."),
        Refusal::TillBeingCounted { till, by } if by.is_empty() => format!("Kasse {till} wird gerade gezählt."),
        Refusal::TillBeingCounted { till, by } => format!("Kasse {till} wird gerade von {by} gezählt."),
        Refusal::TillNotBeingCounted { till } => format!("Kasse {till} wird gerade nicht gezählt."),
        Refusal::TillNotCounted { till } => format!("Kasse {till} ist nicht gezählt."),
        Refusal::TillCashTooMuch { max } => format!("In eine Kasse passen höchstens {}.", money(*max)),
        Refusal::TooManyTillSessions { max } => format!("Heute wurden {max} Kassen abgeschlossen; mehr geht nicht."),
        // The amount is not said: the count is blind.
        Refusal::MoreThanInTill { till } => format!("So viel ist in Kasse {till} nicht."),
        Refusal::TillUnproved { till } => format!("Das Journal hat eine Lücke: was in Kasse {till} sein soll, ist nicht belegt."),
        Refusal::NoSuchDenomination { value } => format!("Es gibt weder Schein noch Münze zu {}.", money(*value)),
        Refusal::CashReasonUnknown { code } => format!("{code} ist kein Grund von der Liste dieses Ladens."),
        Refusal::DifferenceReasonMissing { difference } => format!("Die Zählung weicht vom Soll um {} ab.", money(*difference)),
        Refusal::HandOverToOwner { staff } => format!("Die Kasse gehört schon {staff}."),
        Refusal::MoreThanInSafe { held } => format!("Laut Aufzeichnung liegen im Tresor {}.", money(*held)),
        Refusal::BagExists { bag } => format!("Geldtasche {bag} steht schon auf der Liste."),
        Refusal::NoSuchBag { bag } => format!("Geldtasche {bag} wartet nicht auf Abholung."),
        // recalls.rs
        Refusal::RecalledInSale { name, recall, reason, .. } => {
            format!("{name} in diesem Verkauf wurde soeben zurückgerufen ({recall}): {reason}")
        }
        Refusal::RecalledItem { name, recall, reason } => format!("{name} ist zurückgerufen ({recall}): {reason}"),
        Refusal::TooManyBags { max } => format!("{max} Geldtaschen stehen auf der Liste; mehr geht nicht."),
        Refusal::SafeBeingCounted { by } if by.is_empty() => "Der Tresor wird gerade gezählt.".to_owned(),
        Refusal::SafeBeingCounted { by } => format!("Der Tresor wird gerade von {by} gezählt."),
        Refusal::SafeNotBeingCounted => {
            "Der Tresor wird nicht gezählt, oder es kam Bargeld hinein oder heraus, seit das Zählen begann.".to_owned()
        }
        Refusal::TooManySafeCounts { max } => format!("Der Tresor wurde heute {max}-mal gezählt; mehr geht nicht."),
        // Collect orders.
        Refusal::OrdersElsewhere { node } => format!("Die Aufträge dieser Filiale liegen bei Knoten {node}."),
        Refusal::OrderUnknown { order } => format!("Auftrag {order} ist nicht in diesem Laden."),
        Refusal::OrderElsewhere { order, state } => format!("Auftrag {order} {}.", order_state(*state)),
        Refusal::OrderPickedByOther { order, by } => format!("{by} hat Auftrag {order} in Arbeit."),
        Refusal::TooManyOrders { max } => format!("{max} Aufträge sind offen; mehr geht nicht."),
        Refusal::TooManyInBatch { max } => format!("Auf einmal gehen ein bis {max} Aufträge."),
        Refusal::PickWrongArticle { name, wanted } => format!("Das ist {name}. Gesucht: {wanted}"),
        Refusal::PickTooMany { name, left } => format!("Nur noch {} von {name}.", voice.quantity(*left)),
        Refusal::LineDone { name } => format!("Von {name} fehlt nichts."),
        Refusal::OrderLinesLeft { order, left } => format!("Auftrag {order} hat noch {left} offene Zeilen."),
        Refusal::BagsOutOfRange { min, max } => format!("So viele Tüten gehen nicht: zwischen {min} und {max}."),
        Refusal::NoLabelPrinter => "Dieser Arbeitsplatz hat keinen Etikettendrucker.".to_owned(),
        Refusal::LabelOnItsWay { order, bag } => format!("Das Etikett für Tüte {bag} von Auftrag {order} ist noch unterwegs."),
        Refusal::BagOfOtherOrder { order } => format!("Diese Tüte gehört zu Auftrag {order}."),
        Refusal::NotAPlace { what } => match what {
            NoPlace::Bag => "Das ist das Etikett einer Tüte, kein Platz.".to_owned(),
            NoPlace::Article { name } => format!("Das ist ein Artikel, kein Platz: {name}."),
            NoPlace::Badge => "Das ist ein Ausweis, kein Platz.".to_owned(),
        },
        Refusal::BagUnknown { order, bag } => format!("Auftrag {order} hat keine Tüte {bag}."),
        Refusal::BagsNotScanned { order, missing } => format!("Von Auftrag {order} fehlen {missing} Tüten."),
        Refusal::NothingToHandOver { order } => format!("Von Auftrag {order} ginge nichts an den Kunden."),
        Refusal::OrderAgeCheck { order, age, born_by } => {
            format!("In Auftrag {order} ist Ware ab {age} Jahren: geboren spätestens am {}.", voice.date(*born_by))
        }
        Refusal::OrderToPay { order, amount } => format!("Auftrag {order} ist noch zu zahlen: {}.", voice.money(*amount)),
        Refusal::OrderBeingPaid { order, workstation } => format!("Auftrag {order} wird gerade an Kasse {workstation} bezahlt."),
        Refusal::OrderSaleFixed { order } => format!("Dieser Verkauf bezahlt Auftrag {order}: seine Zeilen stehen wie vereinbart."),
        Refusal::HandOverPaid { order } => format!("Auftrag {order} wurde bei der Übergabe bezahlt."),
        Refusal::NoBagForLater { order } => format!("Von Auftrag {order} gingen alle Tüten mit solcher Ware."),
        Refusal::HandOverStands { order } => format!("Die Übergabe von Auftrag {order} gilt."),
        Refusal::NotToPutBack { order, name } => format!("{name} gehört nicht zu dem, was von Auftrag {order} zurückgeht."),
        Refusal::NoticeUnknown => "Dieser Hinweis ist schon erledigt.".to_owned(),
        Refusal::CollectCodeDamaged => "Das ist kein Abholcode, oder nicht der ganze.".to_owned(),
        Refusal::CollectCodeForged => "Die Unterschrift dieses Codes ist falsch.".to_owned(),
        Refusal::CollectCodeNoKey => "Dieser Laden kann noch keine Codes prüfen: Die Zentrale wurde nie erreicht.".to_owned(),
        Refusal::CollectCodeOtherStore { store } => format!("Dieser Auftrag wartet im Laden {store}."),
        Refusal::CollectCodeExpired { order } => format!("Der Code von Auftrag {order} ist abgelaufen."),
        Refusal::CollectCodeNotYetHere { order } => format!("Der Code ist echt; Auftrag {order} ist noch nicht hier angekommen."),
        Refusal::CollectCodeReplaced { order } => format!("Auftrag {order} hat einen neueren Code."),
        Refusal::CollectCodeUsed { order } => format!("Auftrag {order} wurde schon übergeben."),
        Refusal::CollectCodeOtherOrder { order } => format!("Der Code gehört zu Auftrag {order}."),
        Refusal::CollectNumberWrong { left: 0 } => "Kein Auftrag hat diese Nummer, und kein Versuch ist übrig.".into(),
        Refusal::CollectNumberWrong { left } => format!("Kein Auftrag hat diese Nummer. Versuche übrig: {left}."),
        Refusal::CollectNumbersLocked => "Hier wurden zu viele falsche Nummern versucht.".to_owned(),
        // Stock work.
        Refusal::StockKeptElsewhere => "Den Bestand dieser Filiale führt ein anderes Gerät.".to_owned(),
        Refusal::SheetEmpty => "Hier ist noch nichts gescannt.".to_owned(),
        Refusal::SheetFull { max } => format!("Diese Liste hat {max} Zeilen, mehr darf sie nicht haben."),
        Refusal::SheetLineUnknown { line } => format!("Zeile {line} steht nicht auf dieser Liste."),
        Refusal::SheetLinesOpen { left: 1 } => "Ein Artikel auf der Liste ist noch nicht gezählt.".to_owned(),
        Refusal::SheetLinesOpen { left } => format!("{left} Artikel auf der Liste sind noch nicht gezählt."),
        Refusal::CountBelowZero => "Eine Zählung kann nicht unter null liegen.".to_owned(),
        Refusal::NothingToCount => "Keine freie Zählung wartet.".to_owned(),
        Refusal::StockCountedMeanwhile { name, by } => {
            format!("{name} wurde inzwischen von {} gezählt, mit anderem Ergebnis.", if by.is_empty() { "jemand anderem" } else { by })
        }
        Refusal::DeliveryKnown { delivery, document } => format!("Lieferung {delivery} ist schon eingebucht, als Beleg {document}."),
        Refusal::StockTaskUnknown => "Diese Zählung wartet nicht mehr.".to_owned(),
        Refusal::StockTaskTaken { by } => format!("Diese Zählung hat {by} übernommen."),
        Refusal::CustomerUnknown => "Dieser Kunde ist hier nicht (mehr) bekannt.".to_owned(),
        Refusal::CustomerWithoutConsent => "Dieser Kunde hat nicht zugestimmt, hier bekannt zu sein.".to_owned(),
        Refusal::NoCustomer => "Dieser Verkauf hat keinen Kunden.".to_owned(),
    }
}

/// What to do next.
pub fn remedy(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::WorkstationMissing => "Eine Kasse für diesen Schirm wählen, dann noch einmal.",
        Refusal::WorkstationUnknown { .. } => "Eine Kasse dieses Ladens wählen, oder sie in die Konfiguration des Geräts aufnehmen.",
        Refusal::CommandReused => "Die neue Anfrage unter einer eigenen Kennung senden.",
        Refusal::DayNotOpen => "Zuerst den Geschäftstag öffnen.",
        Refusal::DayAlreadyOpen => "Weiter verkaufen, oder den Tag abschließen und dann den nächsten öffnen.",
        Refusal::DayGoesBack { .. } => "Den Tag mit demselben oder einem späteren Datum öffnen. Geht die Uhr falsch, sie stellen.",
        Refusal::DayTooFarAhead { .. } => "Das Datum prüfen. Stimmt es, geht die Uhr falsch: sie stellen.",
        Refusal::UnknownArticle { .. } => "Nach Namen suchen, oder beiseite legen und weitermachen.",
        Refusal::UnknownCode { .. } => "Den Strichcode des Artikels selbst scannen, oder nach Namen suchen.",
        Refusal::CardData => "Das Kartenterminal benutzen. Nie eine Kartennummer hier scannen oder tippen.",
        Refusal::Misread { .. } => "Noch einmal scannen, oder die Nummer unter den Strichen tippen.",
        Refusal::CatalogueNotReady { .. } => {
            "Gleich noch einmal scannen. Bleibt es so, den Techniker rufen: Das Gerät muss einmal die Zentrale erreichen."
        }
        Refusal::NoPrice { .. } => "Beiseite legen und der Zentrale sagen, dass der Preis fehlt.",
        Refusal::NoTaxRate { .. } => "Steht die Zeile im Verkauf, sie löschen, und der Zentrale sagen, dass die Steuerklasse fehlt.",
        Refusal::TooManyLines { .. } => "Diesen Verkauf abschließen und den Rest in einen zweiten nehmen.",
        Refusal::TooManyTenders { .. } => "Eine Zahlung zurücknehmen und den Rest in weniger Teilen kassieren.",
        Refusal::TooManySuspended { .. } => "Zuerst einen geparkten Verkauf holen und abschließen oder stornieren.",
        Refusal::TooManyPrints { .. } => "Den Drucker richten oder die wartenden Bons klären. Der Verkauf selbst ist gesichert.",
        Refusal::QuantityNotPositive => "Eine Menge über null tippen. Soll der Artikel heraus, die Zeile löschen.",
        Refusal::QuantityTooLarge { .. } => "Die Menge prüfen. Stimmt sie, auf mehrere Zeilen verteilen.",
        Refusal::QuantityNotWhole => "Eine ganze Zahl tippen.",
        Refusal::QuantityFixedByCode => "Jedes Etikett einzeln scannen, oder die Zeile löschen.",
        Refusal::WeightNeeded { .. } => "Auf die Waage legen, oder das Gewicht in Kilogramm eintippen, dann × und den Artikel.",
        Refusal::NotWeighed { .. } => "Ohne Gewicht scannen oder eintippen.",
        Refusal::WeightTooLight { .. } => "Die Ware auf die Waage legen, oder ihr Gewicht in Kilogramm eintippen.",
        Refusal::WeightTooHeavy { .. } => "Kilogramm eintippen: 350 g sind 0,350. Was wirklich schwerer ist, in Teilen wiegen.",
        Refusal::WeightTooFine { .. } => "Die Waage noch einmal ablesen und eintippen, was sie zeigt.",
        Refusal::TareTooHeavy { .. } => "Die Tara prüfen: Sie ist das Gewicht des leeren Behälters.",
        Refusal::WeighedByScale { .. } => "Die Zeile löschen und neu wiegen.",
        Refusal::PriceTooHigh { .. } => "Den Preis des Artikels mit der Zentrale klären.",
        Refusal::TotalTooHigh { .. } => "Diesen Verkauf abschließen und den Rest in einen zweiten nehmen.",
        Refusal::NoTransaction => "Einen Artikel scannen, dann beginnt ein Verkauf.",
        Refusal::NoSuchLine { .. } => "Noch einmal auf die Liste sehen: Ein anderer Schirm kann sie geändert haben.",
        Refusal::NothingToUndo => "Es ist nichts zu tun.",
        Refusal::TransactionOpenHere => "Zuerst den Verkauf auf diesem Schirm abschließen, parken oder stornieren.",
        Refusal::NotSuspended { .. } => "Noch einmal auf die Liste der geparkten sehen: Eine andere Kasse kann ihn geholt haben.",
        Refusal::TendersTaken => "Die Zahlung abschließen, oder sie zuerst zurücknehmen.",
        Refusal::NothingToPay => "Zuerst einen Artikel scannen. Ist alles bezahlt oder frei, auf Bar drücken.",
        Refusal::AmountNotPositive => "Einen Betrag über null tippen.",
        Refusal::AmountTooLarge { .. } => "Den getippten Betrag prüfen.",
        Refusal::CashNotPayable { .. } => "Einen Betrag tippen, der mit Scheinen und Münzen aufgeht.",
        Refusal::CardAmountAboveDue { .. } => "Die Karte mit dem offenen Betrag belasten oder mit weniger.",
        Refusal::CardRunning => "Auf das Terminal sehen, dann sagen, ob die Karte belastet wurde.",
        Refusal::NoCardRunning => "Auf die Zahlung am Schirm sehen: Sie kann anderswo beendet worden sein.",
        Refusal::NoSuchTender { .. } => "Noch einmal auf die Zahlungen sehen: Ein anderer Schirm kann sie geändert haben.",
        Refusal::CardTenderStays => "Den Verkauf abschließen. Soll das Geld zurück, die Zahlung danach am Terminal stornieren.",
        Refusal::NothingToReprint => "Den Bon in der Liste der Verkäufe wählen.",
        Refusal::NoPrinter => "An einer Kasse mit Bondrucker drucken.",
        Refusal::NoSuchPrint => "Es ist nichts zu tun: Was aus dem Bon wurde, steht fest.",
        Refusal::PrintNotSettleable => "Auf den Drucker warten oder ihn richten: Der Bon kommt von selbst.",
        // age.rs
        Refusal::AgeCheckNeeded { .. } => "Den Kunden oder einen Ausweis ansehen, dann sagen, ob das Alter stimmt.",
        Refusal::NoAgeLimit { .. } => "Scannen; niemand muss gefragt werden.",
        // last_day.rs
        Refusal::PastItsDate { .. } => "Aus der Ware nehmen und beiseite legen. Dem Kunden einen frischen anbieten.",
        Refusal::DepartmentUnknown { .. } => "Eine der Tasten auf dem Bildschirm wählen.",
        Refusal::DepartmentNotForUnknown { .. } => "Den Artikel nach Namen suchen, oder beiseitelegen und weitermachen.",
        Refusal::ArticleIsKnown { .. } => "Scannen, oder die Nummer eintippen.",
        Refusal::OpenPriceTooHigh { .. } => "Den eingetippten Preis und die Warengruppe prüfen.",
        Refusal::NotInTraining => "Zuerst das Training beenden (Mehr, Taste U), oder eine andere Kasse nehmen.",
        Refusal::SerialInSale { .. } => "Auf die Liste sehen: Er wurde zweimal gescannt. Den nächsten scannen.",
        Refusal::NotPastItsDate { .. } => "Scannen; er darf verkauft werden.",
        Refusal::CheckFirst => "Beantworten, was der Schirm fragt, dann diesen Artikel noch einmal scannen.",
        Refusal::FeedGoesBack { .. } => "Im Laden ist nichts zu tun. Die Zentrale muss unter höherer Version veröffentlichen.",
        Refusal::SignInFirst => "Ausweis scannen, oder den eigenen Namen wählen und die PIN tippen.",
        Refusal::ProofMissing => "Einen Ausweis scannen, oder einen Namen wählen und die PIN tippen.",
        Refusal::NeedsOverride { .. } => "Eine Aufsicht bitten, den Ausweis zu scannen oder ihren Namen zu wählen und die PIN zu tippen.",
        Refusal::OverrideByOneself => "Jemand anderen bitten: Niemand gibt sich selbst etwas frei.",
        Refusal::OverrideNotAllowed { .. } => "Jemanden bitten, der das darf: eine Aufsicht oder die Leitung.",
        Refusal::BadgeUnknown => "Namen und PIN benutzen. Neue Ausweise gibt die Zentrale aus.",
        Refusal::StaffUnknown { .. } => "Einen Namen von der Liste wählen. Wer hier arbeitet, sagt die Zentrale.",
        Refusal::PinNotSet { .. } => "Den Ausweis scannen. PINs vergibt die Zentrale.",
        Refusal::PinWrong { .. } => "Langsam noch einmal tippen, oder den Ausweis scannen.",
        Refusal::StaffLockedOut { .. } => "So lange warten, oder den Ausweis scannen.",
        Refusal::TerminalNotSeen => "Prüfen, ob es eingeschaltet und im Netz ist, oder bar kassieren.",
        Refusal::TerminalBusy => "Warten, bis die andere Zahlung beendet ist, oder bar kassieren.",
        Refusal::CardByTerminal => "Auf das Terminal warten, oder dort oder hier abbrechen.",
        Refusal::CardStillAsked => "Einen Augenblick warten: Das Terminal wird gefragt, wie es ausging.",
        Refusal::TerminalUnknown { .. } => "Eines der Terminals auf der Geräteseite wählen.",
        // Returns.
        Refusal::ReceiptNotFound { .. } => {
            "Die Nummer mit dem Bon vergleichen, oder seinen Quadratcode scannen. Von anderen Läden ist hier nur der Quadratcode bekannt."
        }
        Refusal::ReceiptCodeDamaged => "Noch einmal scannen, oder die Nummer tippen, die auf dem Bon steht.",
        Refusal::ReceiptForged => "Nichts herausgeben, und die Leitung rufen.",
        Refusal::ReceiptOfOtherChain => "Den Kunden zu dem Laden schicken, dessen Name auf dem Bon steht.",
        Refusal::ReceiptKeyUnknown => {
            "Noch einmal versuchen, wenn die Zentrale verbunden ist: Ihre Liste kann neuer sein. Sonst ohne Bon zurücknehmen."
        }
        Refusal::ReceiptNotReturnable { .. } => "Den Bon des Verkaufs selbst nehmen.",
        Refusal::ReceiptTooOld { .. } => "Ohne Bon zurücknehmen.",
        Refusal::ReturnLineUnknown { .. } => "Eine Zeile aus der Liste wählen.",
        Refusal::ReturnAboveSold { .. } => "Zurücknehmen, was übrig ist, oder weniger.",
        Refusal::ReturnInProgress { .. } => "Zuerst jene Rücknahme abschließen oder stornieren.",
        Refusal::ReturnReasonUnknown { .. } => "Einen Grund aus der Liste wählen.",
        Refusal::ReturnNotForShelf => "Zur beschädigten Ware oder zum Lieferanten geben.",
        Refusal::ReturnAboveCap { .. } => {
            "Weniger zurücknehmen, oder warten, bis die Zentrale verbunden ist, oder den Kunden in den Laden des Verkaufs schicken."
        }
        Refusal::ReturnLinesUnknown { .. } => "Den Artikel scannen, der zurückkommt.",
        Refusal::ReturnByLine { .. } => "Die Zeile wählen, die zurückkommt.",
        Refusal::ReturnAboveReceipt { .. } => "Weniger zurücknehmen, oder ohne Bon.",
        Refusal::ReturnedLineFixed => "Die Zeile löschen, oder in der Rücknahme eine andere Menge wählen.",
        Refusal::RefundDue { .. } => "Auf Erstatten drücken.",
        Refusal::NothingToRefund => "Kassieren, oder mit Bar abschließen, wenn nichts offen ist.",
        Refusal::PostVoidNothing => "Mit dem Bon zurücknehmen.",
        Refusal::PostVoidTooLate { .. } => "Mit dem Bon zurücknehmen.",
        Refusal::PostVoidReturned => "Den Rest mit dem Bon zurücknehmen.",
        Refusal::PostVoidFixed => "Mit Erstatten abschließen, oder stornieren.",
        Refusal::ReturnUnproved => {
            "Warten, bis die Zentrale verbunden ist: Ihre Kopie füllt die Lücke. Oder den Kunden in einen anderen Laden schicken."
        }
        // Prices and promotions.
        Refusal::ReasonUnknown { .. } => "Einen Grund aus der Liste wählen.",
        Refusal::DiscountOutOfRange => "Einen Prozentsatz bis 100 tippen, oder einen Betrag über null.",
        Refusal::DiscountAbovePrice { .. } => "Einen kleineren Betrag tippen, oder die Zeile löschen.",
        Refusal::PriceFixedByCode => "Stattdessen einen Rabatt auf die Zeile geben.",
        Refusal::NotACoupon { .. } => "Den Code prüfen, oder fragen, ob der Gutschein von einer anderen Kette ist.",
        Refusal::CouponNotLive { .. } => "Dem Kunden Tage und Stunden auf dem Gutschein zeigen.",
        Refusal::CouponAlreadyGiven { .. } => "Es ist nichts zu tun.",
        Refusal::CouponUsed { .. } => {
            "Den Gutschein zurückgeben: Er zählt einmal. Wartet er in einem anderen offenen Verkauf, jenen stornieren."
        }
        Refusal::TooManyCoupons { .. } => "Die übrigen beim nächsten Einkauf benutzen.",
        Refusal::NotAMemberCard { .. } => "Die Karte noch einmal scannen, oder ihre Nummer tippen.",
        Refusal::TillNotOpen { .. } => "Zuerst die Kasse mit ihrem Wechselgeld öffnen. Karten gehen inzwischen.",
        Refusal::TillAlreadyOpen { .. } => "Damit weitermachen, oder sie zuerst zählen und abschließen.",
        Refusal::TillBeingCounted { .. } => "Zu Ende zählen, oder das Zählen abbrechen. Karten gehen inzwischen.",
        Refusal::TillNotBeingCounted { .. } => "Zuerst das Zählen beginnen.",
        Refusal::TillNotCounted { .. } => "Zuerst die Schublade zählen.",
        Refusal::TillCashTooMuch { .. } => "Den Betrag prüfen, der getippt wurde.",
        Refusal::TooManyTillSessions { .. } => "Den Geschäftstag abschließen, oder mit einer offenen Kasse weitermachen.",
        Refusal::MoreThanInTill { .. } => "Den Betrag prüfen, oder die Schublade zählen.",
        Refusal::TillUnproved { .. } => {
            "Die Kasse zählen, schließen und wieder öffnen, oder warten, bis die Zentrale ihre Abschrift geschickt hat."
        }
        Refusal::NoSuchDenomination { .. } => "Nur Scheine und Münzen der Währung des Ladens zählen.",
        Refusal::CashReasonUnknown { .. } => "Einen der Gründe auf dem Schirm wählen.",
        Refusal::DifferenceReasonMissing { .. } => "Noch einmal zählen, oder einen Grund wählen.",
        Refusal::HandOverToOwner { .. } => "Die Person wählen, die die Schublade übernimmt.",
        Refusal::MoreThanInSafe { .. } => "Den Betrag prüfen, oder die noch fehlende Abschöpfung buchen.",
        Refusal::BagExists { .. } => "Die Nummer auf der Tasche noch einmal lesen, oder eine andere Tasche nehmen.",
        Refusal::NoSuchBag { .. } => "Noch einmal auf die Liste der Taschen sehen: Sie kann schon abgeholt sein.",
        // recalls.rs
        Refusal::RecalledInSale { .. } => "Die Zeile löschen und die Ware beiseitelegen. Dann kassieren.",
        Refusal::RecalledItem { .. } => "Aus der Ware nehmen und beiseitelegen. Nicht herausgeben.",
        Refusal::TooManyBags { .. } => "Taschen abholen lassen, dann den Geschäftstag abschließen.",
        Refusal::SafeBeingCounted { .. } => "Warten, bis die Zählung abgeschlossen ist, oder sie abbrechen lassen.",
        Refusal::SafeNotBeingCounted => "Das Zählen beginnen. War es schon begonnen, noch einmal zählen: Der Tresor ist jetzt ein anderer.",
        Refusal::TooManySafeCounts { .. } => "Zuerst den Geschäftstag abschließen.",
        // Collect orders.
        Refusal::OrdersElsewhere { .. } => {
            "Auf den Seiten jenes Knotens erledigen. Die Zentrale bestimmt, welcher Knoten die Aufträge führt."
        }
        Refusal::OrderUnknown { .. } => {
            "Die Nummer prüfen; ein eben erteilter Auftrag kommt innerhalb einer Minute, solange die Verbindung steht."
        }
        Refusal::OrderElsewhere { .. } => {
            "Noch einmal auf den Auftrag sehen: Jemand hat weitergemacht, oder ein anderer Schritt kommt zuerst."
        }
        Refusal::OrderPickedByOther { .. } => "Einen anderen Auftrag nehmen, oder diesen übernehmen.",
        Refusal::TooManyOrders { .. } => "Übergeben oder zurücklegen, was wartet; dann kommen weitere.",
        Refusal::TooManyInBatch { .. } => "Weniger Aufträge wählen; die anderen in der nächsten Runde.",
        Refusal::PickWrongArticle { .. } => "Zurückstellen und den gesuchten Artikel scannen.",
        Refusal::PickTooMany { .. } => "So viele nehmen, wie fehlen; die anderen bleiben, wo sie sind.",
        Refusal::LineDone { .. } => "Mit der nächsten Zeile weitermachen.",
        Refusal::OrderLinesLeft { .. } => "Sie kommissionieren, oder als fehlend melden.",
        Refusal::BagsOutOfRange { .. } => "Waren verschiedener Temperatur brauchen je eine Tüte; eine Zahl dazwischen wählen.",
        Refusal::NoLabelPrinter => {
            "Auftragsnummer, Tüte und Zone auf die Tüte schreiben; oder dort drucken, wo ein Etikettendrucker steht."
        }
        Refusal::LabelOnItsWay { .. } => "Kurz warten, oder zum Etikettendrucker gehen: Er sagt, was ihm fehlt.",
        Refusal::BagOfOtherOrder { .. } => "Beiseite legen. Noch einmal scannen öffnet ihren Auftrag.",
        Refusal::NotAPlace { .. } => "Das Etikett des Regals scannen, in dem die Tüte steht.",
        Refusal::BagUnknown { .. } => "Das Etikett einer seiner Tüten scannen.",
        Refusal::BagsNotScanned { .. } => "Jede Tüte scannen, dann übergeben.",
        Refusal::NothingToHandOver { .. } => "Will der Kunde nichts davon, das so melden.",
        Refusal::OrderAgeCheck { .. } => "Den Kunden oder einen Ausweis ansehen, dann bestätigen; oder diese Zeilen hierbehalten.",
        Refusal::OrderToPay { .. } => "Auf der Seite des Auftrags kassieren; bezahlt ist er übergeben.",
        Refusal::OrderBeingPaid { .. } => "Die Zahlung dort beenden, oder jenen Verkauf stornieren.",
        Refusal::OrderSaleFixed { .. } => "Kassieren, oder diesen Verkauf stornieren. Andere Ware ist ein eigener Verkauf.",
        Refusal::HandOverPaid { .. } => "Die Ware mit dem Bon als Rückgabe annehmen.",
        Refusal::NoBagForLater { .. } => "Für das, was später geholt wird, eine Tüte hierlassen; nur die scannen, die mitgehen.",
        Refusal::HandOverStands { .. } => "Zurücknehmen geht nur eine Minute lang. Die Ware als Rückgabe annehmen.",
        Refusal::NotToPutBack { .. } => "Einen der Artikel aus seinen Tüten scannen.",
        Refusal::NoticeUnknown => "Noch einmal auf die Liste sehen.",
        Refusal::CollectCodeDamaged => "Noch einmal scannen, die acht Ziffern tippen, oder den Auftrag nach Nummer und Name suchen.",
        Refusal::CollectCodeForged => "Nichts herausgeben; einen Ausweis verlangen, den Auftrag nach Nummer suchen und die Leitung rufen.",
        Refusal::CollectCodeNoKey => "Den Auftrag nach Nummer und Name suchen, oder das Gerät einmal verbinden.",
        Refusal::CollectCodeOtherStore { .. } => "Den Kunden dorthin schicken.",
        Refusal::CollectCodeExpired { .. } => "Den Auftrag nach Nummer suchen: Ist er noch hier, einen Ausweis prüfen und übergeben.",
        Refusal::CollectCodeNotYetHere { .. } => "Den Kunden um Geduld bitten, und nachsehen, wenn die Verbindung steht.",
        Refusal::CollectCodeReplaced { .. } => "Den Kunden nach der neuesten Nachricht fragen.",
        Refusal::CollectCodeUsed { .. } => "Auf den Auftrag sehen: Dort steht, wann. Nichts ein zweites Mal herausgeben.",
        Refusal::CollectCodeOtherOrder { .. } => "Jenen Auftrag öffnen, oder nach dem Code dieses Auftrags fragen.",
        Refusal::CollectNumberWrong { left: 0 } => "Die Leitung bitten, Nummern wieder zu erlauben, oder den Code scannen.",
        Refusal::CollectNumberWrong { .. } => "Noch einmal lesen, oder den Code scannen.",
        Refusal::CollectNumbersLocked => "Den Code scannen, oder die Leitung weitere Versuche erlauben lassen.",
        Refusal::StockKeptElsewhere => "An dem Gerät zählen, einbuchen und korrigieren, das die Zentrale bestimmt hat.",
        Refusal::SheetEmpty => "Erst einen Artikel scannen.",
        Refusal::SheetFull { .. } => "Diese Liste abschließen, dann mit der nächsten weitermachen.",
        Refusal::SheetLineUnknown { .. } => "Noch einmal auf die Liste sehen: Ein anderer Schirm kann sie geändert haben.",
        Refusal::SheetLinesOpen { .. } => "Sie zählen, 0 tippen, wo keiner da ist, oder von der Liste nehmen.",
        Refusal::CountBelowZero => "0 tippen, wenn keiner da ist.",
        Refusal::NothingToCount => "Scannen, was gezählt werden soll.",
        Refusal::StockCountedMeanwhile { .. } => "Noch einmal zählen und tippen, was da ist, oder von der Liste nehmen.",
        Refusal::DeliveryKnown { .. } => "Ist es dieselbe, bleibt nichts zu tun; für den Rest der Lieferung die Nummer herausnehmen.",
        Refusal::StockTaskUnknown => "Noch einmal auf die Liste sehen: Jemand hat es gezählt.",
        Refusal::StockTaskTaken { .. } => "Eine andere nehmen, oder nach Rücksprache übernehmen.",
        Refusal::CustomerUnknown => "Noch einmal suchen, oder mit Einwilligung neu aufnehmen.",
        Refusal::CustomerWithoutConsent => "Ohne Kunden verkaufen, oder nach der Einwilligung fragen und neu aufnehmen.",
        Refusal::NoCustomer => "Es ist nichts zu tun.",
    }
}

fn last_day_words(kind: LastDayKind) -> &'static str {
    match kind {
        LastDayKind::Expiry => "abgelaufen, letzter Tag war",
        LastDayKind::SellBy => "zu verkaufen bis",
        LastDayKind::BestBefore => "mindestens haltbar bis",
    }
}

/// Rounded up, so that nobody tries too early.
fn waiting(seconds: u64) -> String {
    if seconds <= 120 { format!("{seconds} Sekunden") } else { format!("{} Minuten", seconds.div_ceil(60)) }
}

fn right_words(right: Right) -> &'static str {
    match right {
        Right::SellItems => "verkaufen",
        Right::VoidLine => "eine Zeile aus dem Verkauf nehmen",
        Right::VoidTransaction => "den ganzen Verkauf stornieren",
        Right::Discount => "Rabatt geben",
        Right::PriceOverride => "einen Preis ändern",
        Right::ReturnWithReceipt => "Ware zurücknehmen",
        Right::ReturnWithoutReceipt => "Ware ohne Bon zurücknehmen",
        Right::PostVoid => "einen fertigen Verkauf stornieren",
        Right::OpenTill => "eine Kasse öffnen",
        Right::CloseTill => "eine Kasse abschließen",
        Right::CashMovement => "Bargeld einlegen oder entnehmen",
        Right::NoSale => "die Schublade ohne Verkauf öffnen",
        Right::CloseDay => "den Tag abschließen",
        Right::ReadReports => "Berichte lesen",
        Right::ManageStaff => "ändern, wer hier arbeitet",
        Right::ResolveCard => "sagen, wie eine Kartenzahlung ausging",
        Right::PickOrders => "Aufträge kommissionieren",
        Right::HandOverOrders => "Aufträge übergeben",
        Right::AllowNumbers => "weitere Versuche mit kurzen Nummern erlauben",
        Right::CountStock => "Bestand zählen",
        Right::ReceiveGoods => "Ware einbuchen",
        Right::AdjustStock => "Ware aus- oder einbuchen",
        Right::AdjustStockMore => "so viel auf einmal aus- oder einbuchen",
        Right::EraseCustomer => "einen Kunden löschen",
        Right::Training => "ein Training beginnen oder beenden",
        Right::CountSafe => "den Tresor zählen",
    }
}

fn feed_name(feed: Feed) -> &'static str {
    match feed {
        Feed::Catalogue => "Katalog",
        Feed::Stock => "Bestand",
        Feed::Staff => "Personal",
        Feed::Prices => "Preise",
        Feed::Keys => "Schlüssel",
        Feed::Recalls => "Rückrufe",
        Feed::Configuration => "Konfiguration",
    }
}

/// Where an order stands.
fn order_state(state: OrderStateName) -> &'static str {
    match state {
        OrderStateName::Received => "wartet auf Annahme",
        OrderStateName::Accepted => "wartet darauf, kommissioniert zu werden",
        OrderStateName::Picking => "wird gerade kommissioniert",
        OrderStateName::Picked => "wartet auf seinen Platz",
        OrderStateName::Staged => "ist bereit",
        OrderStateName::HandedOver => "wurde übergeben",
        OrderStateName::PuttingBack => "geht zurück ins Regal",
        OrderStateName::Ended => "ist beendet",
    }
}
