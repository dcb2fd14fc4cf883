//! avnology-pages
