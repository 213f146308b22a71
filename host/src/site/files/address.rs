//! The address of an exported site.

/// Where the site will be served: a path or a full address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address(pub(super) String);

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let whole = text.contains("://");
        let base = url::Url::parse("http://localhost/").expect("it is one");
        let url = match whole {
            true => url::Url::parse(text),
            false => base.join(&format!("/{}", text.trim_start_matches('/'))),
        };
        let url = url.map_err(|error| format!("it isn't a path or an address ({error})"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the address must begin with http:// or https://".into());
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err("it must be a path such as /url-notes, or an address such as https://me.github.io/url-notes".into());
        }
        let path = url.path().trim_matches('/');
        let path = match path {
            "" => String::new(),
            path => format!("/{path}"),
        };
        Ok(Self(match whole {
            true => format!("{}{path}", url.origin().ascii_serialization()),
            false => path,
        }))
    }
}

impl Address {
    pub(super) fn is_whole(&self) -> bool {
        !self.0.is_empty() && !self.0.starts_with('/')
    }
}
