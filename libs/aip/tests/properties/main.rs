//! Properties that hold for every input, on the public face of the crate.

mod filter;
mod page_token;
mod pattern;
mod typeid;
