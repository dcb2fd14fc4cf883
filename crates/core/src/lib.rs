//! avnology-core
