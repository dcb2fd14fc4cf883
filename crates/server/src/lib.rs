//! avnology-server
