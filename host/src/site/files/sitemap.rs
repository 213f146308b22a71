//! `sitemap.xml` (<https://www.sitemaps.org/protocol.html>) and the address that each page has. Both need
//! to know where the site will be.

use url::Url;

use super::address::Address;

/// Most addresses in one file, by the protocol.
const MOST: usize = 50_000;
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// Returns the files of a sitemap with their names: one, or several and a list of them.
pub(super) fn files(site: &Address, addresses: &[String]) -> Vec<(String, String)> {
    let parts: Vec<&[String]> = addresses.chunks(MOST).collect();
    if let [only] = parts[..] {
        return vec![("sitemap.xml".to_owned(), list("urlset", "url", only))];
    }
    let mut files = Vec::new();
    let mut names = Vec::new();
    for (number, part) in (1..).zip(parts) {
        let name = format!("sitemap-{number}.xml");
        names.push(format!("{}/{name}", site.0));
        files.push((name, list("urlset", "url", part)));
    }
    files.push((
        "sitemap.xml".to_owned(),
        list("sitemapindex", "sitemap", &names),
    ));
    files
}

fn list(outer: &str, inner: &str, addresses: &[String]) -> String {
    let mut xml =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{outer} xmlns=\"{NAMESPACE}\">\n");
    for address in addresses {
        let address = address.replace('&', "&amp;");
        xml.push_str(&format!("<{inner}><loc>{address}</loc></{inner}>\n"));
    }
    xml.push_str(&format!("</{outer}>\n"));
    xml
}

/// Returns a page with the address that it will have, for search engines and previews.
pub(super) fn with_address(address: &Address, path: &str, page: &str) -> Option<String> {
    let mut url = Url::parse(&address.0).ok().filter(|_| address.is_whole())?;
    let shown = path.strip_suffix("index.html").unwrap_or(path);
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(shown.split('/'));
    let url = url.as_str().replace('&', "&amp;").replace('"', "%22");
    let (head, rest) = page.split_once("</head>")?;
    Some(format!(
        "{head}<link rel=\"canonical\" href=\"{url}\"><meta property=\"og:url\" content=\"{url}\"></head>{rest}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_addresses_are_several_files_and_a_list() {
        let site: Address = "https://e.org/x".parse().unwrap();
        let addresses: Vec<String> = (0..=MOST)
            .map(|n| format!("https://e.org/x/{n}?a&b"))
            .collect();
        let files = files(&site, &addresses);
        let names: Vec<&str> = files.iter().map(|file| file.0.as_str()).collect();
        assert_eq!(names, ["sitemap-1.xml", "sitemap-2.xml", "sitemap.xml"]);
        assert_eq!(files[0].1.matches("<url>").count(), MOST);
        assert!(
            files[1]
                .1
                .contains("<url><loc>https://e.org/x/50000?a&amp;b</loc></url>")
        );
        assert!(
            files[2]
                .1
                .contains("<sitemap><loc>https://e.org/x/sitemap-2.xml</loc></sitemap>")
        );
    }
}
