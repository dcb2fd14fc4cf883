//! avnology-testkit
