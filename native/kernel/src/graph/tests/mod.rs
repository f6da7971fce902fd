//! Stories about small graphs, and random graphs against an independent reckoning.

mod checking;
mod ends;
mod rules;
mod schedules;
mod story;
