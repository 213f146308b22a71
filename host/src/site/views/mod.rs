//! The views: functions from content to HTML. They know nothing about requests, so the same pages
//! can be exported as files.

mod all;
mod home;
mod inbox;
mod layout;
mod not_found;
mod note;
mod note_card;
mod reader;
mod search;
mod site;
mod sites;
mod tag;
mod tags;

pub(super) use all::{AllPage, all};
pub(super) use home::{HomePage, home};
pub(super) use inbox::{InboxPage, inbox};
pub(super) use layout::Layout;
pub(super) use not_found::{
    DidYouMean, beyond_all, failed, in_the_trash, lost, missing, nothing_with_tags,
};
pub(super) use note::{Related, about, around, article, note};
pub(super) use note_card::{
    day_by_day, is_linkable, listed, listed_day_by_day, listed_one_by_one, one_by_one, saved_on,
    site as site_of, title,
};
pub(super) use reader::reader;
pub(super) use search::{Asked, best, search, search_alone, search_help};
pub(super) use site::site;
pub(super) use sites::sites;
pub(super) use tag::{TagPage, name as filter_name, tag};
pub(super) use tags::{MANY_INITIALS, TagsPage, initial_of, initials, place_of, tags};
