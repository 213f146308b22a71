//! The web sites of a query.

use crate::domain::page_url::PageUrl;

/// Returns a site as the store has it: in lower case and punycode, without `www.`. Also accepts a
/// whole address.
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

/// Returns whether the value of `site:` is a part of a host name, because it has no dot: `github`
/// matches `github.com`. Otherwise it is a site, which includes its subdomains.
#[must_use]
pub fn is_site_part(site: &str) -> bool {
    !site.contains('.') && !site.contains(':')
}

/// Returns whether `site:` with the value `site` matches a host name.
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
