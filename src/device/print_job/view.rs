//! What a person should know of a printer: its state, a hint, its sensors.

use super::{Current, Link, Phase, PrintMachine, View};
use crate::device::lang::escpos::{PaperStatus, Trouble};
use crate::device::reporter::Sensors;
use crate::device::{DeviceState, DrawerSense, Paper};

impl PrintMachine {
    pub fn view(&self) -> View {
        let (state, mut hint) = self.state();
        if hint.is_empty() && self.status.paper == PaperStatus::Low {
            hint = "The paper is nearly used up: have a new roll at hand.".to_owned();
        }
        if self.dropped == Some(super::DRAWER) {
            hint = format!("{hint} The drawer was not opened: use its key.").trim().to_owned();
        }
        View { state, hint, sensors: self.sensors() }
    }

    fn state(&self) -> (DeviceState, String) {
        let busy = matches!(&self.current, Some(Current { phase: Phase::Sending { .. } | Phase::Awaiting { .. }, .. }));
        // Connected is not yet ready: a printer that can speak must have spoken. Until then the old trouble stands.
        let unheard = self.talk.real_time && !self.status.heard;
        match (&self.link, self.status.trouble()) {
            (Link::Down { state, hint, .. }, _) => (state.clone(), hint.clone()),
            (Link::Waking { .. } | Link::Up, Some(trouble)) => (state_in(trouble), trouble.hint().to_owned()),
            (Link::Up, None) if busy => (DeviceState::Busy, String::new()),
            (Link::Up, None) if !unheard => (DeviceState::Ready, String::new()),
            (Link::Opening | Link::Waking { .. } | Link::Up, _) => {
                self.old_trouble.clone().unwrap_or((DeviceState::Starting, String::new()))
            }
        }
    }

    fn sensors(&self) -> Sensors {
        let speaks = self.status.heard && matches!(self.link, Link::Waking { .. } | Link::Up);
        if !speaks {
            return Sensors::default();
        }
        let paper = match self.status.paper {
            PaperStatus::Ok => Paper::Ok,
            PaperStatus::Low => Paper::Low,
            PaperStatus::Out => Paper::Out,
        };
        let drawer_open = match self.talk.drawer_sense {
            DrawerSense::None => None,
            DrawerSense::HighIsOpen => self.status.drawer_pin3_high,
            DrawerSense::LowIsOpen => self.status.drawer_pin3_high.map(|high| !high),
        };
        Sensors { paper: Some(paper), cover_open: Some(self.status.cover_open), drawer_open }
    }
}

fn state_in(trouble: Trouble) -> DeviceState {
    let cause = trouble.code().to_owned();
    match trouble {
        Trouble::Unrecoverable => DeviceState::Fault { cause },
        Trouble::CoverOpen
        | Trouble::PaperOut
        | Trouble::Cutter
        | Trouble::Recoverable
        | Trouble::HeadHot
        | Trouble::FeedPressed
        | Trouble::Offline => DeviceState::Attention { cause },
    }
}
