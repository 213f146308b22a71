//! Web sites as a query names them.

use crate::domain::page_url::PageUrl;

/// The site as it stands in the store (lower-case, punycode, without `www.`),
/// also where a whole address was typed.
#[must_use]
pub fn site_of(value: &str) -> String {
    if let Ok(url) = PageUrl::parse(value)
        && !url.site().is_empty()
    {
        return url.site().to_owned();
    }
    let host = value.split('/').next().unwrap_or_default().to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    match url::Host::parse(host) {
        Ok(host) => host.to_string(),
        Err(_) => host.to_owned(),
    }
}

/// Whether `site:` with this value stands for any web site that has it as a part of its name,
/// as `github` does for `github.com`: it has no dot. Else it stands for a site and those below.
#[must_use]
pub fn is_site_part(site: &str) -> bool {
    !site.contains('.') && !site.contains(':')
}

/// Whether a web site is one that `site:` with this value stands for.
#[must_use]
pub fn is_of_site(host: &str, site: &str) -> bool {
    if is_site_part(site) {
        return host.split('.').any(|part| part == site);
    }
    host == site
        || host
            .strip_suffix(site)
            .is_some_and(|below| below.ends_with('.'))
}
