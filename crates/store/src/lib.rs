//! avnology-store
