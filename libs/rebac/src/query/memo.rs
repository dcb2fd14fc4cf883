//! What one evaluation has found out so far.
//!
//! While a question is being decided, coming back to it counts as no: what follows from itself alone does not follow.
//! A no that was found on that ground is *provisional*: it stands as long as the question it rests on is open or turns
//! out no, and is dropped when that turns out yes.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

/// An answer with three values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does not follow.
    No,
    /// It follows.
    Yes,
    /// A limit kept it from being decided.
    Unknown,
}

/// An outcome, and the outermost open question on which a no rests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) rests_on: u32,
}

/// Rests on no open question.
pub(super) const FIRM: u32 = u32::MAX;

impl Answer {
    pub(super) const YES: Self = Self { outcome: Outcome::Yes, rests_on: FIRM };
    pub(super) const NO: Self = Self { outcome: Outcome::No, rests_on: FIRM };
    pub(super) const UNKNOWN: Self = Self { outcome: Outcome::Unknown, rests_on: FIRM };

    /// One of both holds.
    pub(super) fn or(self, other: Self) -> Self {
        let outcome = match (self.outcome, other.outcome) {
            (Outcome::Yes, _) | (_, Outcome::Yes) => Outcome::Yes,
            (Outcome::Unknown, _) | (_, Outcome::Unknown) => Outcome::Unknown,
            (Outcome::No, Outcome::No) => Outcome::No,
        };
        Self { outcome, rests_on: self.rests_on.min(other.rests_on) }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Being decided; the number of its frame.
    Open(u32),
    Yes,
    No,
    /// A no that rests on an open question, by its frame.
    Provisional(u32),
    /// Not decided at this depth.
    Unknown(u32),
    Forgotten,
}

/// What is known of a question.
pub(super) enum Known {
    Answer(Answer),
    /// Nothing; the place where the answer goes, and how many provisional answers there were before.
    Begun(Begun),
}

pub(super) struct Begun {
    slot: u32,
    frame: u32,
    provisional: usize,
    depth: u32,
}

const LINEAR: usize = 16;

#[derive(Debug)]
pub(super) struct Memo {
    keep: bool,
    entries: SmallVec<[(u64, State); LINEAR]>,
    /// From keys to places, when there are more than a few.
    index: Option<HashMap<u64, u32, FixedState>>,
    provisional: Vec<u32>,
    frames: u32,
}

impl Memo {
    pub(super) fn new(keep: bool) -> Self {
        Self { keep, entries: SmallVec::new(), index: None, provisional: Vec::new(), frames: 0 }
    }

    fn slot(&mut self, key: u64) -> u32 {
        let found = match &self.index {
            Some(index) => index.get(&key).copied(),
            None => (0..).zip(&self.entries).find(|(_, (known, _))| *known == key).map(|(slot, _)| slot),
        };
        if let Some(slot) = found {
            return slot;
        }
        let slot = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push((key, State::Forgotten));
        if let Some(index) = &mut self.index {
            index.insert(key, slot);
        } else if self.entries.len() > LINEAR {
            self.index = Some((0..).zip(&self.entries).map(|(slot, (key, _))| (*key, slot)).collect());
        }
        slot
    }

    fn set(&mut self, slot: u32, state: State) {
        if let Some((_, entry)) = self.entries.get_mut(slot as usize) {
            *entry = state;
        }
    }

    /// What is known, or the question is open from here on.
    pub(super) fn begin(&mut self, key: u64, depth: u32) -> Known {
        let slot = self.slot(key);
        let state = self.entries.get(slot as usize).map_or(State::Forgotten, |(_, state)| *state);
        match state {
            State::Yes => return Known::Answer(Answer::YES),
            State::No => return Known::Answer(Answer::NO),
            State::Open(frame) | State::Provisional(frame) => {
                return Known::Answer(Answer { outcome: Outcome::No, rests_on: frame });
            }
            State::Unknown(at) if depth >= at => return Known::Answer(Answer::UNKNOWN),
            State::Unknown(_) | State::Forgotten => {}
        }
        let frame = self.frames;
        self.frames += 1;
        self.set(slot, State::Open(frame));
        Known::Begun(Begun { slot, frame, provisional: self.provisional.len(), depth })
    }

    /// Notes the answer; what it rests on from outside is returned with it.
    pub(super) fn end(&mut self, begun: &Begun, answer: Answer) -> Answer {
        let Begun { slot, frame, provisional, depth } = *begun;
        self.frames = frame;
        let rests_on = if answer.rests_on < frame { answer.rests_on } else { FIRM };
        let inner = self.provisional.split_off(provisional.min(self.provisional.len()));
        match answer.outcome {
            Outcome::No if rests_on == FIRM => {
                for slot in inner {
                    self.set(slot, if self.keep { State::No } else { State::Forgotten });
                }
                self.set(slot, if self.keep { State::No } else { State::Forgotten });
                Answer::NO
            }
            Outcome::No => {
                for &slot in &inner {
                    let within = self.entries.get(slot as usize).map(|(_, state)| *state);
                    if let Some(State::Provisional(on)) = within {
                        self.set(slot, State::Provisional(on.min(rests_on)));
                    }
                }
                if self.keep {
                    self.set(slot, State::Provisional(rests_on));
                    self.provisional.extend(inner);
                    self.provisional.push(slot);
                } else {
                    self.set(slot, State::Forgotten);
                }
                Answer { outcome: Outcome::No, rests_on }
            }
            Outcome::Yes | Outcome::Unknown => {
                for slot in inner {
                    self.set(slot, State::Forgotten);
                }
                let state = match answer.outcome {
                    Outcome::Yes if self.keep => State::Yes,
                    Outcome::Unknown if self.keep => State::Unknown(depth),
                    _ => State::Forgotten,
                };
                self.set(slot, state);
                if answer.outcome == Outcome::Yes { Answer::YES } else { Answer::UNKNOWN }
            }
        }
    }
}
