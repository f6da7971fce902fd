//! Stories about small graphs, and random workflows against an independent reckoning.

mod checking;
mod drains;
mod driving;
mod ends;
mod failures;
mod frames;
mod joins;
mod random;
mod reckoning;
mod rules;
mod schedules;
mod story;
