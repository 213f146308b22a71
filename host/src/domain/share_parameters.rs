//! Query parameters that say where a reader came from and never which page it is.
//!
//! Two tables: parameters of every site, and those of single sites. A name that ends
//! in `*` stands for all names that begin so; case doesn't count.
//!
//! Sources: the lists by which Brave (`query_filter`), Firefox ("Query Parameter
//! Stripping"), `ClearURLs` (`globalRules` and `providers`) and `AdGuard` ("URL Tracking
//! Protection") strip addresses, and the addresses that each site's own share button
//! makes. Parameters that choose what is shown (a language, a tab, a variant) are left out.

use url::Url;

/// Parameters of every site.
const EVERYWHERE: &[&str] = &[
    "utm_*", // Urchin, Google Analytics and everybody after
    "gclid", // Google Ads
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "srsltid", // Google Merchant
    "_ga",
    "_gl",
    "fbclid", // Facebook
    "fb_action_ids",
    "fb_action_types",
    "fb_source",
    "fb_ref",
    "igshid", // Instagram
    "igsh",
    "msclkid",   // Microsoft
    "twclid",    // Twitter
    "ttclid",    // TikTok
    "li_fat_id", // LinkedIn
    "epik",      // Pinterest
    "yclid",     // Yandex
    "ysclid",
    "_openstat",
    "mc_cid", // Mailchimp
    "mc_eid",
    "_hsenc", // HubSpot
    "_hsmi",
    "__hssc",
    "__hstc",
    "__hsfp",
    "hsctatracking",
    "mkt_tok",     // Marketo
    "oly_anon_id", // Omeda
    "oly_enc_id",
    "vero_id", // Vero
    "vero_conv",
    "wickedid",      // Wicked Reports
    "rb_clickid",    // Russian ad networks
    "ml_subscriber", // MailerLite
    "ml_subscriber_hash",
    "oft_*",       // Omeda Olytics
    "mtm_*",       // Matomo
    "pk_campaign", // Piwik
    "pk_kwd",
    "pk_source",
    "pk_medium",
    "s_cid",            // Adobe
    "__s",              // Drip
    "_branch_match_id", // Branch
    "_bta_tid",         // Bronto
    "_bta_c",
    "_ke",        // Klaviyo
    "trk_*",      // Listrak
    "xtor",       // AT Internet
    "guccounter", // Yahoo's consent page
    "guce_referrer",
    "guce_referrer_sig",
];

/// Parameters of single sites.
struct Site {
    /// Host names, those below them included. `amazon.*` stands for `amazon.` and any
    /// public suffix.
    hosts: &'static [&'static str],
    /// Never part of what the page is.
    always: &'static [&'static str],
    /// No part of it beside the first name: a video is the same one within a playlist.
    beside: Option<(&'static str, &'static [&'static str])>,
}

const fn site(hosts: &'static [&'static str], always: &'static [&'static str]) -> Site {
    Site {
        hosts,
        always,
        beside: None,
    }
}

const SITES: &[Site] = &[
    // YouTube: `si` and `feature` by the share button, `pp` by search, `t` is a place in the
    // video; `list`, `index` and `start_radio` are the playlist that it was watched in.
    Site {
        hosts: &["youtube.com", "youtube-nocookie.com"],
        always: &[
            "si",
            "pp",
            "feature",
            "ab_channel",
            "app",
            "kw",
            "attr_tag",
            "cbrd",
            "ucbcb",
            "themerefresh",
            "persist_app",
            "embeds_*",
            "source_ve_path",
            "t",
            "time_continue",
            "lc",
        ],
        beside: Some((
            "v",
            &["list", "index", "start_radio", "playnext", "rv", "shuffle"],
        )),
    },
    site(
        &["youtu.be"],
        &[
            "si",
            "pp",
            "feature",
            "t",
            "list",
            "index",
            "start_radio",
            "ab_channel",
        ],
    ),
    // X: `s` and `t` by the share button, `ref_*` by embedded posts.
    site(
        &["x.com", "twitter.com"],
        &[
            "s", "t", "cn", "cxt", "mx", "refsrc", "ref_src", "ref_url", "src",
        ],
    ),
    site(&["threads.net", "threads.com"], &["xmt", "slof"]),
    site(
        &["reddit.com"],
        &[
            "share_id",
            "rdt",
            "correlation_id",
            "ref",
            "ref_source",
            "ref_campaign",
            "$deep_link",
            "%24deep_link",
            "$3p",
            "%243p",
            "_branch_referrer",
        ],
    ),
    site(
        &["instagram.com"],
        &["img_index", "ig_rid", "ig_mid", "saved-by"],
    ),
    site(
        &["facebook.com", "fb.watch"],
        &[
            "mibextid",
            "rdid",
            "share_url",
            "sfnsn",
            "fref",
            "hc_ref",
            "hc_location",
            "refsrc",
            "refid",
            "ref",
            "ref_type",
            "__tn__",
            "__xts__*",
            "__cft__*",
            "eid",
            "paipv",
            "eav",
            "notif_id",
            "notif_t",
            "acontext",
            "tracking",
            "wtsid",
            "idorvanity",
        ],
    ),
    site(
        &["tiktok.com"],
        &[
            "_t",
            "_r",
            "_d",
            "is_from_webapp",
            "is_copy_url",
            "sender_device",
            "sender_web_id",
            "share_app_id",
            "share_app_name",
            "share_iid",
            "share_link_id",
            "share_author_id",
            "share_item_id",
            "sharer_language",
            "u_code",
            "user_id",
            "sec_user_id",
            "sec_uid",
            "preview_pb",
            "timestamp",
            "tt_from",
            "source",
            "checksum",
            "social_share_type",
            "social_sharing",
            "ug_btm",
            "link_reflow_popup_iteration_sharer",
            "web_id",
            "refer",
            "referer_url",
            "referer_video_id",
            "embed_source",
        ],
    ),
    site(
        &["linkedin.com"],
        &[
            "trk",
            "trackingid",
            "refid",
            "lipi",
            "licu",
            "midtoken",
            "midsig",
            "eid",
            "ebp",
            "lgcta",
            "lgtemp",
            "recommendedflavor",
            "rcm",
            "originalsubdomain",
            "trkemail",
            "trkinfo",
            "originalreferer",
        ],
    ),
    site(
        &["spotify.com"],
        &[
            "si",
            "context",
            "nd",
            "dlsi",
            "pi",
            "referral",
            "_branch_*",
            "pt",
            "sp_cid",
        ],
    ),
    site(
        &[
            "music.apple.com",
            "podcasts.apple.com",
            "apps.apple.com",
            "books.apple.com",
        ],
        &[
            "itscg", "itsct", "itms", "ct", "mt", "at", "uo", "ls", "app", "ign-*",
        ],
    ),
    site(&["soundcloud.com"], &["si", "ref", "in_system_playlist"]),
    site(
        &["bandcamp.com"],
        &[
            "from",
            "search_item_id",
            "search_item_type",
            "search_match_part",
            "search_page_id",
            "search_page_no",
            "search_rank",
            "search_sig",
        ],
    ),
    site(
        &["twitch.tv"],
        &["tt_content", "tt_medium", "tt_email_id", "sr"],
    ),
    site(&["vimeo.com"], &["share", "fl", "fe", "turnstile"]),
    site(
        &["bilibili.com", "b23.tv"],
        &[
            "spm_id_from",
            "from_spmid",
            "vd_source",
            "share_source",
            "share_medium",
            "share_plat",
            "share_session_id",
            "share_tag",
            "share_from",
            "share_times",
            "unique_k",
            "bbid",
            "timestamp",
            "from",
            "seid",
            "is_story_h5",
            "plat_id",
            "buvid",
            "msource",
            "bsource",
            "visit_id",
        ],
    ),
    // Amazon: what a search and a recommendation leave on a product's address.
    site(
        &["amazon.*"],
        &[
            "ref",
            "ref_",
            "pd_rd_*",
            "pf_rd_*",
            "qid",
            "sr",
            "srs",
            "crid",
            "sprefix",
            "dib",
            "dib_tag",
            "tag",
            "linkcode",
            "linkid",
            "ascsubtag",
            "asc_*",
            "camp",
            "creative",
            "creativeasin",
            "_encoding",
            "content-id",
            "social_share",
            "skiptwisterog",
            "starsleft",
            "cv_ct_*",
            "hsa_cr_id",
            "sb-ci-*",
            "spia",
            "refrid",
            "coliid",
            "colid",
            "dchild",
            "ufe",
            "aaxitk",
            "smid",
            "psc",
            "_gl",
            "__mk_*",
            "sp_csd",
        ],
    ),
    site(
        &["ebay.*"],
        &[
            "_trkparms",
            "_trksid",
            "_from",
            "hash",
            "mkcid",
            "mkevt",
            "mkrid",
            "campid",
            "toolid",
            "customid",
            "amdata",
            "epid",
            "itmmeta",
            "itmprp",
            "ssspo",
            "sssrc",
            "ssuid",
            "widget_ver",
            "media",
        ],
    ),
    site(
        &["etsy.com"],
        &[
            "click_key",
            "click_sum",
            "ga_*",
            "organic_search_click",
            "pro",
            "frs",
            "sts",
            "ref",
            "external",
            "ls",
        ],
    ),
    site(
        &["walmart.com"],
        &[
            "athcpid",
            "athpgid",
            "athcgid",
            "athznid",
            "athieid",
            "athstid",
            "athguid",
            "athancid",
            "athena",
            "adsredirect",
            "wmlspartner",
            "wl*",
            "from",
        ],
    ),
    site(
        &[
            "aliexpress.*",
            "alibaba.com",
            "taobao.com",
            "tmall.com",
            "1688.com",
        ],
        &[
            "spm",
            "scm",
            "scm_id",
            "scm-url",
            "pvid",
            "algo_*",
            "aff_*",
            "ws_ab_test",
            "btsid",
            "gps-id",
            "pdp_*",
            "curpagelogutparam",
            "utparam-url",
            "sk",
            "_t",
            "initiative_id",
            "tracelog",
            "gatewayadapt",
        ],
    ),
    // Google: what a search leaves beside its words.
    site(
        &["google.*"],
        &[
            "ved",
            "ei",
            "sa",
            "sei",
            "sca_esv",
            "sca_upv",
            "gs_lcp",
            "gs_lcrp",
            "gs_lp",
            "gs_ssp",
            "gs_ivs",
            "gs_l",
            "gs_rn",
            "gs_ri",
            "gs_mss",
            "sclient",
            "oq",
            "aqs",
            "sourceid",
            "rlz",
            "biw",
            "bih",
            "dpr",
            "uact",
            "usg",
            "iflsig",
            "sxsrf",
            "cshid",
            "gws_rd",
            "vet",
            "client",
            "ie",
            "oe",
            "usp",
            "pcampaignid",
            "referrer",
            "rapt",
            "entry",
            "g_ep",
            "g_st",
            "skid",
            "coh",
            "shorturl",
        ],
    ),
    site(
        &["bing.com"],
        &[
            "cvid", "form", "sk", "sp", "sc", "qs", "qp", "pq", "ghc", "lq", "ghsh", "ghacc",
            "ghpl", "refig", "towww", "redig",
        ],
    ),
    site(&["duckduckgo.com"], &["t", "atb", "ntb"]),
    site(
        &["yandex.*"],
        &[
            "redircnt",
            "clid",
            "msid",
            "suggest_reqid",
            "win",
            "src_pof",
            "search_source",
        ],
    ),
    site(
        &["baidu.com"],
        &[
            "rsv_*", "tn", "rqlang", "oq", "inputT", "bs", "ts", "sa", "fenlei",
        ],
    ),
    // Places to read.
    site(&["medium.com"], &["source", "gi"]),
    site(
        &["substack.com"],
        &[
            "r",
            "publication_id",
            "post_id",
            "isfreemail",
            "triedredirect",
            "showwelcomeonshare",
            "showwelcome",
            "action",
        ],
    ),
    site(
        &["nytimes.com"],
        &[
            "smid",
            "smtyp",
            "referringsource",
            "unlocked_article_code",
            "partner",
            "emc",
            "ref",
            "rref",
            "te",
            "nl",
            "campaign_id",
            "instance_id",
            "segment_id",
            "regi_id",
            "searchresultposition",
            "action",
            "pgtype",
            "clicksource",
            "src",
        ],
    ),
    site(&["theguardian.com"], &["cmp", "intcmp", "ref", "amp_js_v"]),
    site(
        &["bbc.com", "bbc.co.uk"],
        &[
            "at_*",
            "ns_*",
            "intlink_from_url",
            "link_location",
            "pinned_post_type",
            "pinned_post_asset_id",
            "xtor",
        ],
    ),
    site(
        &["washingtonpost.com"],
        &["itid", "wpisrc", "wpmk", "tid", "pwapi_token"],
    ),
    site(
        &["bloomberg.com"],
        &[
            "srnd",
            "sref",
            "leadsource",
            "accesstoken",
            "in_source",
            "cmpid",
        ],
    ),
    site(
        &["ft.com"],
        &["sharetype", "accesstoken", "segmentid", "syn-*", "desktop"],
    ),
    site(&["wsj.com"], &["mod", "reflink", "st", "cx_*"]),
    site(
        &["economist.com"],
        &["fsrc", "giftid", "itm_*", "gifttoken"],
    ),
    site(&["cnn.com"], &["iid", "cid", "hpt"]),
    site(&["heise.de"], &["wt_mc", "from-classic"]),
    site(
        &["spiegel.de", "zeit.de", "sueddeutsche.de", "faz.net"],
        &[
            "sara_ref", "sara_*", "wt_*", "ieg", "campaign", "reduced", "gaa_*", "cid", "freebie",
            "ga_*",
        ],
    ),
    site(
        &["quora.com"],
        &[
            "share",
            "oid",
            "ch",
            "srid",
            "target_type",
            "__nsrc__",
            "__filter__",
            "top_ans",
        ],
    ),
    site(
        &[
            "stackoverflow.com",
            "stackexchange.com",
            "superuser.com",
            "serverfault.com",
        ],
        &["rq", "lq", "cb", "so_medium", "so_source", "newreg"],
    ),
    site(
        &["zhihu.com"],
        &[
            "utm_*",
            "share_code",
            "s_r",
            "hybrid_search_extra",
            "hybrid_search_source",
        ],
    ),
    site(
        &["weibo.com", "weibo.cn"],
        &[
            "weibo_id",
            "dt_dapp",
            "from",
            "wm",
            "sourcetype",
            "featurecode",
            "share_menu",
            "page_source",
        ],
    ),
    site(&["imdb.com"], &["ref_", "ref", "pf_rd_*"]),
    site(&["netflix.com"], &["trackid", "tctx", "jb*", "trkid", "s"]),
    site(
        &[
            "wikipedia.org",
            "wikimedia.org",
            "wiktionary.org",
            "wikidata.org",
        ],
        &["wprov", "wvprov"],
    ),
    site(
        &["steampowered.com", "steamcommunity.com"],
        &["snr", "curator_clanid"],
    ),
    site(
        &["github.com"],
        &["email_source", "email_token", "notification_referrer_id"],
    ),
    site(&["mozilla.org"], &["src", "platform", "redirect_source"]),
    site(&["producthunt.com"], &["ref", "bc"]),
    site(
        &["meetup.com"],
        &[
            "rv*",
            "_xtd",
            "eventorigin",
            "recid",
            "recsource",
            "searchid",
            "returnpage",
        ],
    ),
    site(
        &["airbnb.*"],
        &[
            "federated_search_id",
            "search_type",
            "source_impression_id",
            "previous_page_section_name",
            "s",
            "ref_device_id",
            "user_id",
            "viralityentrypoint",
            "unique_share_id",
            "_set_bev_on_new_domain",
        ],
    ),
    site(
        &["booking.com"],
        &[
            "aid",
            "label",
            "sid",
            "srpvid",
            "srepoch",
            "ucfs",
            "all_sr_blocks",
            "hpos",
            "hapos",
            "sr_order",
            "sr_pri_blocks",
            "matching_block_id",
            "highlighted_blocks",
            "from_beach*",
        ],
    ),
    site(
        &["pinterest.*"],
        &["mt", "sender", "invite_code", "sfo", "nic_v*"],
    ),
    site(&["vk.com", "vk.ru"], &["ref", "from"]),
    site(
        &["note.com", "qiita.com", "zenn.dev", "hatenablog.com"],
        &["magazine_key", "sub_rt"],
    ),
];

/// The parameters that don't count at an address, looked up once for each address.
#[derive(Debug)]
pub(super) struct Ignored<'a> {
    sites: Vec<&'a [&'static str]>,
}

impl Ignored<'static> {
    pub(super) fn at(url: &Url) -> Self {
        let mut sites = vec![EVERYWHERE];
        let host = url.host_str().unwrap_or_default();
        for site in SITES {
            if !site.hosts.iter().any(|known| is_below(host, known)) {
                continue;
            }
            sites.push(site.always);
            if let Some((main, others)) = site.beside
                && names(url).any(|name| name.eq_ignore_ascii_case(main))
            {
                sites.push(others);
            }
        }
        Self { sites }
    }

    /// Whether a parameter, `name=value`, doesn't count.
    pub(super) fn has(&self, parameter: &str) -> bool {
        let name = parameter.split('=').next().unwrap_or_default();
        self.sites
            .iter()
            .copied()
            .flatten()
            .any(|known| match known.strip_suffix('*') {
                Some(start) => name
                    .get(..start.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(start)),
                None => name.eq_ignore_ascii_case(known),
            })
    }
}

fn names(url: &Url) -> impl Iterator<Item = &str> {
    url.query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|parameter| parameter.split('=').next())
}

/// Whether `host` is `known` or below it.
pub(super) fn is_below(host: &str, known: &str) -> bool {
    match known.strip_suffix(".*") {
        // A public suffix has one or two labels: `amazon.de`, `amazon.co.uk`.
        Some(name) => {
            let labels: Vec<&str> = host.split('.').collect();
            (1..=2).any(|suffix| labels.len() > suffix && labels[labels.len() - suffix - 1] == name)
        }
        None => host
            .strip_suffix(known)
            .is_some_and(|above| above.is_empty() || above.ends_with('.')),
    }
}

/// The path without what a shop adds to it: `/dp/B0/ref=sr_1_5` is `/dp/B0`.
pub(super) fn path_of(url: &Url) -> &str {
    let path = url.path();
    let host = url.host_str().unwrap_or_default();
    if ["amazon.*", "imdb.com"]
        .iter()
        .any(|known| is_below(host, known))
        && let Some(at) = path.find("/ref=")
    {
        return &path[..at];
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_by_its_name_and_those_below() {
        for (host, known, is) in [
            ("youtube.com", "youtube.com", true),
            ("m.youtube.com", "youtube.com", true),
            ("notyoutube.com", "youtube.com", false),
            ("www.amazon.co.uk", "amazon.*", true),
            ("amazon.de", "amazon.*", true),
            ("amazon.evil.example.org", "amazon.*", false),
            ("google.com", "google.*", true),
            ("docs.google.com", "google.*", true),
            ("google", "google.*", false),
        ] {
            assert_eq!(is_below(host, known), is, "{host} {known}");
        }
    }

    #[test]
    fn the_table_has_no_name_twice() {
        let mut hosts: Vec<&str> = SITES.iter().flat_map(|site| site.hosts).copied().collect();
        hosts.sort_unstable();
        let all = hosts.len();
        hosts.dedup();
        assert_eq!(hosts.len(), all);
    }
}
