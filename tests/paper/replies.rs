//! What printers send back, however it is cut and however wrong it is.

use counterfoil::device::lang::escpos::{PrinterStatus, Query, RealTimeQuery, Reply, ReplyParser, StatusQuery};
use proptest::prelude::*;

proptest! {
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
