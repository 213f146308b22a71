//! Handles the requests about icons of web sites.

use std::collections::BTreeMap;

use crate::{
    domain::{Icon, PageUrl},
    error::Result,
    protocol::{IconsParams, IconsResult, PutIconParams, PutIconResult},
    store::Store,
};

/// Most web sites in a response of `icons`, which so stays far below the browser's limit.
const MAX_SITES: usize = 100;

pub(super) fn put_icon(store: &mut Store, params: &PutIconParams) -> Result<PutIconResult> {
    let url = PageUrl::parse(&params.url)?;
    let icon = Icon::from_base64(&params.icon)?;
    // Most saves bring an icon that is stored already, and then nothing is written.
    let stored = store.lacks_icon(url.site(), &icon)?
        && store.write(crate::clock::now(), |writer| {
            writer.put_icon(url.site(), &icon)
        })?;
    Ok(PutIconResult { stored })
}

pub(super) fn icons(store: &Store, params: &IconsParams) -> Result<IconsResult> {
    let mut icons = BTreeMap::new();
    for site in params.sites.iter().take(MAX_SITES) {
        if let Some(icon) = store.icon(site)? {
            icons.insert(site.clone(), icon.to_base64());
        }
    }
    Ok(IconsResult { icons })
}
