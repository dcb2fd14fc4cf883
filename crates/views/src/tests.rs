//! Every sample is held against the rules for all pages (`contract/95` §§6, 7, 10).

mod dom;
mod hooks;
mod rules;
