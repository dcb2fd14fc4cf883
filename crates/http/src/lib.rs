//! avnology-http
