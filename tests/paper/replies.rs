//! What printers send back, however it is cut and however wrong it is.

use counterfoil::device::lang::escpos::{PaperStatus, PrinterStatus, Query, RealTimeQuery, Reply, ReplyParser, StatusQuery};
use proptest::prelude::*;

use super::cases;

proptest! {
    #![proptest_config(cases(256))]
    #[test]
    fn nonsense_neither_panics_nor_blocks(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..20), flow in any::<bool>()) {
        let mut parser = ReplyParser::new(flow);
        let mut status = PrinterStatus::default();
        for query in RealTimeQuery::ALL {
            parser.asked(Query::RealTime(query));
        }
        parser.asked(Query::Status(StatusQuery::Paper));
        let mut bytes = 0;
        for piece in &pieces {
            bytes += piece.len();
            for reply in parser.push(piece) {
                status.apply(&reply);
            }
        }
        for reply in parser.give_up() {
            status.apply(&reply);
        }
        prop_assert!(!parser.is_waiting(), "{bytes} bytes left something behind");
        // Whatever came before, a whole status is understood again.
        let replies = parser.push(&[0x10, 0x00, 0x0c, 0x00]);
        prop_assert_eq!(replies.len(), 1);
        status.apply(&replies[0]);
        prop_assert_eq!(status.trouble().map(|trouble| trouble.code()), Some("paper_out"));
    }

    #[test]
    fn replies_do_not_depend_on_how_they_arrive(bytes in proptest::collection::vec(any::<u8>(), 0..200), size in 1..20usize) {
        let whole = ReplyParser::new(false).push(&bytes);
        let mut parser = ReplyParser::new(false);
        let pieces: Vec<Reply> = bytes.chunks(size).flat_map(|piece| parser.push(piece)).collect();
        prop_assert_eq!(pieces, whole);
    }
}

/// Any state a printer can be in and say.
fn states() -> impl Strategy<Value = PrinterStatus> {
    let paper = prop_oneof![Just(PaperStatus::Ok), Just(PaperStatus::Low), Just(PaperStatus::Out)];
    (proptest::collection::vec(any::<bool>(), 8), paper).prop_map(|(on, paper)| PrinterStatus {
        heard: true,
        offline: on[0],
        cover_open: on[1],
        paper,
        cutter_error: on[2],
        recoverable: on[3],
        unrecoverable: on[4],
        // Real-time status says "cover open" with the same bit.
        head_hot: on[5] && !on[1],
        feed_pressed: on[6],
        drawer_pin3_high: Some(on[7]),
    })
}

proptest! {
    #![proptest_config(cases(256))]
    #[test]
    fn what_a_printer_says_is_what_its_owner_hears(state in states()) {
        let hear = |questions: &[Query], bytes: &[u8]| {
            let mut parser = ReplyParser::new(false);
            let mut heard = PrinterStatus::default();
            questions.iter().for_each(|query| parser.asked(*query));
            for reply in parser.push(bytes) {
                heard.apply(&reply);
            }
            heard
        };
        prop_assert_eq!(hear(&[], &state.asb().0), state);
        let questions = RealTimeQuery::ALL.map(Query::RealTime);
        prop_assert_eq!(hear(&questions, &RealTimeQuery::ALL.map(|query| state.answer(query))), state);
        let queued = [StatusQuery::Paper, StatusQuery::Drawer];
        let heard = hear(&queued.map(Query::Status), &queued.map(|query| state.answer_queued(query)));
        prop_assert_eq!((heard.paper, heard.drawer_pin3_high), (state.paper, state.drawer_pin3_high));
    }
}

#[test]
fn a_byte_nobody_asked_for_proves_nothing() {
    let mut parser = ReplyParser::new(false);
    assert_eq!(parser.push(&[0x00, 0x0c]), [Reply::Noise(0x00), Reply::Noise(0x0c)]);
    parser.asked(Query::Status(StatusQuery::Paper));
    assert_eq!(parser.push(&[0x00]), [Reply::Status { query: StatusQuery::Paper, byte: 0 }]);
    assert_eq!(parser.push(&[0x00]), [Reply::Noise(0)]);
}

#[test]
fn flow_control_may_fall_inside_a_status() {
    let mut parser = ReplyParser::new(true);
    let replies = parser.push(&[0x18, 0x13, 0x00, 0x11, 0x0c, 0x00]);
    assert!(matches!(replies[..], [Reply::Xoff, Reply::Xon, Reply::Asb(_)]), "{replies:?}");
}
