//! avnology-views
