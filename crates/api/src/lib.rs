//! avnology-api
