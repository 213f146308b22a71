//! Reads for lists, search, suggestions and exports.

pub(in crate::store) mod calendar;
pub(in crate::store) mod completion;
pub(in crate::store) mod export;
pub(in crate::store) mod facets;
pub(in crate::store) mod listing;
pub(in crate::store) mod rediscovery;
pub(in crate::store) mod related;
pub(in crate::store) mod search;
pub(in crate::store) mod sites;
pub(in crate::store) mod suggest;
pub(in crate::store) mod suggest_memory;
pub(in crate::store) mod tag_lists;
pub(in crate::store) mod tag_tree;
mod tag_unions;
