//! Who moves next: the uplink's answers to everything head office can say, one story per test, with an invented head office.

use counterfoil::ids::{Incarnation, NodeId, StoreId};
use counterfoil::journal::NodeKey;
use counterfoil::retail::UplinkAck;
use counterfoil::sync::uplink::{ANSWER_MS_MAX, BAD_RECORD_TRIES, Failure, HEARTBEAT_MS, Sent, Step, Told, Uplink};
use counterfoil::sync::wire::{BadRecord, LocateReply, Position, RecordsReply, ack_text};

struct Talk {
    machine: Uplink,
    key: NodeKey,
    now_ms: u64,
}

fn at(seq: u64) -> Position {
    Position { incarnation: Incarnation(7), seq, hash: format!("{seq:064x}") }
}

impl Talk {
    fn new(head: u64) -> Talk {
        let machine = Uplink::new(StoreId::new("s1").unwrap(), NodeId::new("n1").unwrap(), None, None);
        let mut talk = Talk { machine, key: NodeKey::from_seed([1; 32]), now_ms: 0 };
        talk.head(head);
        talk
    }
    fn head(&mut self, seq: u64) {
        self.machine.handle(self.now_ms, Told::Head { head: at(seq), oldest_seq: 1 });
    }
    fn ack(&self, seq: u64, epoch: u64) -> UplinkAck {
        let (store, node) = (StoreId::new("s1").unwrap(), NodeId::new("n1").unwrap());
        let mut ack = UplinkAck { incarnation: Incarnation(7), seq, hash: at(seq).hash, epoch, signature: String::new() };
        ack.signature = self.key.sign_hex(&ack_text(&store, &node, &ack));
        ack
    }
    fn reply(&self, upto: u64) -> RecordsReply {
        RecordsReply { v: 1, epoch: 1, ack: Some(self.ack(upto, 1)), send_from: upto + 1, gap: false, bad: None }
    }
    /// The next step that is not bookkeeping.
    fn step(&mut self) -> Step {
        loop {
            match self.machine.poll(self.now_ms) {
                Step::Pin { .. } | Step::Keep(_) => {}
                step => return step,
            }
        }
    }
    /// Waits as long as the machine wants to.
    fn wait(&mut self) -> Step {
        loop {
            match self.step() {
                Step::Wait { until_ms } => self.now_ms = until_ms,
                step => return step,
            }
        }
    }
    fn located(&mut self, held: Option<u64>) {
        let Step::Locate { ticket, .. } = self.wait() else { panic!("a locate was due") };
        self.locate_answer(ticket, held);
    }
    fn locate_answer(&mut self, ticket: u64, held: Option<u64>) {
        let reply = LocateReply {
            v: 1,
            epoch: 1,
            key: self.key.public_hex(),
            ack: held.map(|seq| self.ack(seq, 1)),
            send_from: held.unwrap_or(0) + 1,
        };
        self.machine.handle(self.now_ms, Told::Located { ticket, own: held.map(at), reply });
    }
    fn sends(&mut self) -> (u64, u64, usize, Option<u64>) {
        match self.wait() {
            Step::Send { ticket, from, bytes_max, hole_from, .. } => (ticket, from, bytes_max, hole_from),
            other => panic!("{other:?}"),
        }
    }
    fn answer(&mut self, ticket: u64, first: u64, last: u64, reply: RecordsReply) {
        let own = reply.ack.as_ref().map(|ack| at(ack.seq));
        let sent = Sent { first, last, substance: Some(last) };
        self.machine.handle(self.now_ms, Told::Sent { ticket, sent, reply, own });
    }
}

#[test]
fn batches_follow_each_other_and_then_it_rests_until_the_heartbeat() {
    let mut talk = Talk::new(10);
    talk.located(None);
    for (first, last) in [(1, 4), (5, 10)] {
        let (ticket, from, ..) = talk.sends();
        assert_eq!(from, first);
        let reply = talk.reply(last);
        talk.answer(ticket, first, last, reply.clone());
        talk.answer(ticket, first, last, reply);
    }
    assert_eq!(talk.machine.acknowledged_seq(), 10);
    let Step::Wait { until_ms } = talk.step() else { panic!() };
    assert!(until_ms <= HEARTBEAT_MS);
    talk.now_ms = HEARTBEAT_MS - 1;
    assert_eq!(talk.step(), Step::Wait { until_ms: HEARTBEAT_MS });
    talk.head(11);
    assert_eq!(talk.sends().1, 11);
}

#[test]
fn a_heartbeat_that_finds_head_office_restored_asks_with_all_points() {
    let mut talk = Talk::new(1000);
    talk.located(Some(1000));
    talk.now_ms = HEARTBEAT_MS;
    let Step::Locate { ticket, points, held } = talk.step() else { panic!() };
    assert_eq!((points, held.map(|ack| ack.seq)), (vec![1000], Some(1000)));
    talk.locate_answer(ticket, None);
    let Step::Locate { points, .. } = talk.wait() else { panic!("{:?}", talk.machine.why()) };
    assert_eq!(points, [1000, 999, 998, 996, 992, 984, 968, 936, 872, 744, 488, 1]);
}

#[test]
fn a_lost_answer_is_sent_again_from_where_head_office_stands() {
    let mut talk = Talk::new(10);
    talk.located(None);
    let (ticket, ..) = talk.sends();
    assert_eq!(talk.step(), Step::Wait { until_ms: ANSWER_MS_MAX });
    talk.now_ms = ANSWER_MS_MAX;
    assert!(matches!(talk.step(), Step::Wait { .. }));
    assert!(!talk.machine.is_online() && talk.machine.why().contains("did not answer"));
    let reply = talk.reply(10);
    talk.answer(ticket, 1, 10, reply);
    assert_eq!(talk.machine.acknowledged_seq(), 0, "an answer that comes too late changes nothing");
    talk.located(Some(10));
    assert_eq!(talk.machine.acknowledged_seq(), 10);
}

#[test]
fn another_key_than_the_pinned_one_gets_no_record() {
    let mut talk = Talk::new(10);
    talk.located(None);
    talk.key = NodeKey::from_seed([2; 32]);
    let (ticket, ..) = talk.sends();
    let reply = talk.reply(10);
    talk.answer(ticket, 1, 10, reply);
    assert!(talk.machine.why().contains("signature"), "{}", talk.machine.why());
    for _ in 0..5 {
        talk.located(Some(10));
        assert!(talk.machine.why().contains("remove the pinned key"), "{}", talk.machine.why());
    }
    assert_eq!(talk.machine.acknowledged_seq(), 0);
}

#[test]
fn a_gap_is_closed_from_where_head_office_says() {
    let mut talk = Talk::new(10);
    talk.located(Some(7));
    let (ticket, ..) = talk.sends();
    talk.answer(ticket, 8, 10, RecordsReply { ack: None, gap: true, send_from: 3, epoch: 2, ..talk.reply(1) });
    assert_eq!(talk.sends().1, 3);
}

#[test]
fn a_gap_at_what_was_acknowledged_shows_the_acknowledgement_to_a_head_office_that_has_not_noticed() {
    let mut talk = Talk::new(10);
    talk.located(Some(7));
    let (ticket, ..) = talk.sends();
    talk.answer(ticket, 8, 10, RecordsReply { ack: None, gap: true, send_from: 3, ..talk.reply(1) });
    let Step::Locate { ticket, held, .. } = talk.wait() else { panic!("{:?}", talk.machine.why()) };
    assert_eq!(held, Some(talk.ack(7, 1)));
    talk.locate_answer(ticket, Some(2));
    assert_eq!(talk.sends().1, 3);
}

#[test]
fn a_gap_that_nothing_closes_is_named_as_a_hole_and_passed() {
    let mut talk = Talk::new(10);
    let gap = RecordsReply { ack: None, gap: true, send_from: 8, ..talk.reply(1) };
    for _ in 0..20 {
        match talk.wait() {
            Step::Locate { ticket, .. } => talk.locate_answer(ticket, Some(7)),
            Step::Send { ticket, from: 8, hole_from: None, .. } => talk.answer(ticket, 8, 10, gap.clone()),
            Step::Send { from: 8, hole_from: Some(8), .. } => return,
            other => panic!("{other:?}"),
        }
    }
    panic!("it never went on");
}

#[test]
fn a_record_that_never_proves_itself_is_passed_and_named() {
    let mut talk = Talk::new(10);
    talk.located(Some(4));
    for _ in 0..BAD_RECORD_TRIES {
        let (ticket, from, _, hole) = talk.sends();
        assert_eq!((from, hole), (5, None));
        let bad = Some(BadRecord { seq: 5, reason: "checksum".into() });
        talk.answer(ticket, 5, 10, RecordsReply { ack: None, send_from: 5, bad, ..talk.reply(4) });
    }
    let (_, from, _, hole) = talk.sends();
    assert_eq!((from, hole), (6, Some(5)));
}

#[test]
fn what_is_too_large_is_halved_and_a_single_giant_becomes_a_hole() {
    let mut talk = Talk::new(10);
    talk.located(Some(4));
    let mut sizes = Vec::new();
    loop {
        let (ticket, from, bytes_max, hole) = talk.sends();
        if from != 5 {
            assert_eq!((from, hole), (6, Some(5)));
            break;
        }
        sizes.push(bytes_max);
        talk.machine.handle(talk.now_ms, Told::Failed { ticket, failure: Failure::TooLarge });
    }
    assert!(sizes.windows(2).all(|pair| pair[1] <= pair[0]) && sizes.len() < 20, "{sizes:?}");
}

#[test]
fn damage_in_our_own_journal_is_passed_and_named() {
    let mut talk = Talk::new(10);
    talk.located(Some(4));
    let (ticket, ..) = talk.sends();
    talk.machine.handle(talk.now_ms, Told::Unreadable { ticket, seq: 5, next: Some(8) });
    let (_, from, _, hole) = talk.sends();
    assert_eq!((from, hole), (8, Some(5)));
}

#[test]
fn head_office_behind_what_it_acknowledged_is_healed() {
    let mut talk = Talk::new(100);
    talk.located(Some(100));
    talk.head(101);
    let (ticket, ..) = talk.sends();
    talk.answer(ticket, 101, 101, RecordsReply { ack: None, gap: true, send_from: 41, epoch: 2, ..talk.reply(1) });
    let (ticket, from, ..) = talk.sends();
    assert_eq!(from, 41);
    let reply = RecordsReply { ack: Some(talk.ack(101, 2)), epoch: 2, ..talk.reply(101) };
    talk.answer(ticket, 41, 101, reply);
    assert_eq!(talk.machine.poll(talk.now_ms), Step::Keep(talk.ack(101, 2)), "a new epoch is journalled at once");
}

#[test]
fn acknowledgements_of_bookkeeping_are_not_journalled_for_ever() {
    let mut talk = Talk::new(10);
    talk.located(None);
    let (ticket, ..) = talk.sends();
    let reply = talk.reply(10);
    talk.answer(ticket, 1, 10, reply);
    let mut kept = 0;
    let mut head = 10;
    for _ in 0..1000 {
        match talk.machine.poll(talk.now_ms) {
            Step::Keep(_) => {
                kept += 1;
                head += 2; // the acknowledgement's own record and a mark
                talk.head(head);
            }
            Step::Send { ticket, from, upto, .. } => {
                let sent = Sent { first: from, last: upto, substance: None };
                let (reply, own) = (talk.reply(upto), Some(at(upto)));
                talk.machine.handle(talk.now_ms, Told::Sent { ticket, sent, reply, own });
            }
            Step::Locate { ticket, .. } => {
                let reply = LocateReply { v: 1, epoch: 1, key: talk.key.public_hex(), ack: Some(talk.ack(head, 1)), send_from: head + 1 };
                talk.machine.handle(talk.now_ms, Told::Located { ticket, reply, own: Some(at(head)) });
            }
            Step::Wait { until_ms } => talk.now_ms = until_ms,
            Step::Pin { .. } => {}
        }
    }
    assert_eq!(kept, 1);
}
