//! Query parameters that track where a reader came from and don't identify the page.
//!
//! There are two tables: parameters of every site, and those of single sites, each entry with its
//! sources. Names are separated by spaces. A name ending in `*` stands for all names with that
//! prefix; one with `=` is removed only with that value, in which a `*` stands for any beginning.
//! Case is ignored.
//!
//! Parameters that select what is shown are not in the tables, even if some list removes them: a
//! language, a tab, a part, a seller or a size (`smid` and `psc` of Amazon, `var` of eBay), the
//! title that Netflix shows over its list (`jbv`), the kind of search of Baidu (`tn`), and `__s`,
//! which Drip uses in mails and other sites for menus.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use url::Url;

use Source::{AdGuard, Brave, ClearUrls, Itself, Shortener};

/// Where a parameter is listed as tracking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// `AdGuard`'s "URL Tracking filter": `TrackParamFilter/sections/general_url.txt` and
    /// `specific.txt` in `AdguardTeam/AdguardFilters`.
    AdGuard,
    /// Brave's `query-filter.json` (every site) and `clean-urls.json` (single ones) in
    /// `brave/adblock-lists`.
    Brave,
    /// `ClearURLs`: `globalRules` and the site's provider in `data.min.json` of
    /// `ClearURLs/Rules`.
    ClearUrls,
    /// "Actually Legitimate URL Shortener Tool", which uBlock Origin and `AdGuard` offer:
    /// `LegitimateURLShortener.txt` in `DandelionSprout/adfilt`.
    Shortener,
    /// The share buttons, mails and links of the site or service itself.
    Itself,
}

/// Parameters of every site: owner, names, and sources.
const EVERYWHERE: &[(&str, &str, &[Source])] = &[
    (
        "Urchin, Google Analytics and everybody after",
        "utm_*",
        &[AdGuard, Brave, ClearUrls],
    ),
    (
        "Google Ads, Analytics and Merchant Center",
        "gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid _ga _gl",
        &[AdGuard, Brave, ClearUrls, Shortener],
    ),
    (
        "Facebook",
        "fbclid fb_action_ids fb_action_types fb_source fb_ref action_object_map \
         action_ref_map action_type_map",
        &[AdGuard, Brave, ClearUrls],
    ),
    (
        "Microsoft, X, TikTok, Pinterest",
        "msclkid twclid ttclid epik",
        &[AdGuard, Brave, ClearUrls, Shortener],
    ),
    (
        "Yandex and Russian ad networks",
        "yclid ysclid ymclid _openstat rb_clickid",
        &[AdGuard, Brave, ClearUrls],
    ),
    (
        "Mailchimp, HubSpot, Marketo, MailerLite, Klaviyo, Vero",
        "mc_cid mc_eid _hsenc _hsmi __hssc __hstc __hsfp hsctatracking mkt_tok ml_subscriber \
         ml_subscriber_hash _kx vero_id vero_conv",
        &[AdGuard, Brave, ClearUrls, Shortener],
    ),
    (
        "HubSpot's ads, beehiiv, Blueshift, Salesforce, Squarespace, Sailthru",
        "hsa_* _bhlid bsft_* sfmc_id sfmc_activityid ss_email_id sc_customer sc_eh sc_uid",
        &[AdGuard, Brave],
    ),
    (
        "Omeda, Listrak, Bronto, Mindbox, Segmentify",
        "oly_anon_id oly_enc_id oft_* trk_contact trk_msg trk_module trk_sid _bta_tid _bta_c \
         mindbox-click-id mindbox-message-key _sgm_*",
        &[AdGuard, Brave, Shortener],
    ),
    (
        "Matomo and Piwik",
        "mtm_* pk_campaign pk_cid pk_kwd pk_keyword pk_source pk_medium pk_vid",
        &[AdGuard, Brave, ClearUrls, Shortener],
    ),
    (
        "Adobe, AT Internet, Mapp, Coremetrics, Parse.ly, Echobox",
        "s_cid xtor wt_mc wt_zmc cm_mmc* cm_me cm_cr itm_source itm_medium itm_campaign \
         itm_content itm_term echobox",
        &[AdGuard, ClearUrls],
    ),
    (
        "Branch, Adjust, impact.com, Awin, ShareASale, Tradedoubler, Wicked Reports",
        "_branch_match_id _branch_referrer adjust_* irclickid irgwc awc sscid tduid wickedid",
        &[AdGuard, Brave, ClearUrls, Shortener],
    ),
    (
        "Yahoo's consent page",
        "guccounter guce_referrer guce_referrer_sig",
        &[AdGuard, Brave],
    ),
    (
        "AMP: the AMP plugin for WordPress, Arc Publishing",
        "amp= amp=1 amp=true outputtype=amp",
        &[Itself],
    ),
    (
        "LinkedIn's ads, Klaviyo, Outbrain",
        "li_fat_id _ke dicbo",
        &[Itself],
    ),
];

/// Parameters of single sites.
struct Site {
    /// Host names, including subdomains. `amazon.*` stands for `amazon.` with any public suffix.
    hosts: &'static str,
    /// A part that the path must contain; empty for all paths.
    within: &'static str,
    /// Names listed for this site.
    names: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and a test read it"))]
    lists: &'static [Source],
    /// Names that the site's own share buttons, mails and links add, and positions in a page.
    own: &'static str,
    /// A name that doesn't count if the first name is present: a video is the same within a
    /// playlist.
    beside: Option<(&'static str, &'static str)>,
}

const fn site(hosts: &'static str, lists: &'static [Source], names: &'static str) -> Site {
    Site {
        hosts,
        within: "",
        names,
        lists,
        own: "",
        beside: None,
    }
}

impl Site {
    const fn own(mut self, names: &'static str) -> Self {
        self.own = names;
        self
    }

    const fn within(mut self, path: &'static str) -> Self {
        self.within = path;
        self
    }

    const fn beside(mut self, main: &'static str, names: &'static str) -> Self {
        self.beside = Some((main, names));
        self
    }
}

const SITES: &[Site] = &[
    // `t` and `lc` are positions in the video; `list`, `index` and `start_radio` are the playlist
    // in which it was watched.
    site(
        "youtube.com youtube-nocookie.com youtu.be",
        &[AdGuard, Brave, ClearUrls, Shortener],
        "si is pp feature app kw ab_channel embeds_* source_ve_path",
    )
    .own("t start end autoplay time_continue lc attr_tag cbrd ucbcb themerefresh persist_app")
    .beside("v", "list index start_radio playnext rv shuffle"),
    site(
        "x.com twitter.com",
        &[AdGuard, Brave, ClearUrls],
        "s t cn cxt src refsrc ref_src ref_url",
    ),
    site(
        "threads.net threads.com",
        &[AdGuard, Brave, Shortener],
        "xmt slof igshid",
    ),
    site(
        "reddit.com",
        &[AdGuard, Brave, ClearUrls],
        "share_id rdt correlation_id ref ref_source ref_campaign entry_point post_index \
         post_fullname target_user $deep_link %24deep_link $3p %243p $original_url %24original_url",
    )
    .own("context st sh"),
    // `img_index` is a position in a series of pictures.
    site(
        "instagram.com",
        &[AdGuard, Brave, ClearUrls, Shortener],
        "igsh igshid ig_rid ig_mid",
    )
    .own("img_index saved-by"),
    site(
        "facebook.com fb.watch",
        &[AdGuard, Brave, ClearUrls],
        "mibextid rdid extid sfnsn fref hc_* refsrc refid ref ref_type __tn__ __xts__* __cft__* \
         eid paipv eav acontext tracking comment_tracking wtsid idorvanity external_ref \
         gd_impression_id store_visit_source with_pv referral_code referral_story_type \
         video_source action_history ls_ref _rdr",
    )
    .own("share_url notif_id notif_t"),
    site(
        "tiktok.com",
        &[AdGuard, Brave, ClearUrls, Shortener],
        "_t _r _d is_from_webapp is_copy_url sender_device sender_web_id share_app_id \
         share_app_name share_iid share_link_id share_author_id share_region u_code user_id \
         sec_user_id sec_uid preview_pb timestamp tt_from source checksum social_share_type \
         ug_btm web_id refer referer_url referer_video_id embed_source trackparams enter_method",
    )
    .own("share_item_id sharer_language social_sharing link_reflow_popup_iteration_sharer"),
    site(
        "linkedin.com",
        &[AdGuard, Brave, ClearUrls],
        "trk* trackingid trackingcode refid lipi licu rcm original_referer originalreferer",
    )
    .own("midtoken midsig eid ebp lgcta lgtemp recommendedflavor originalsubdomain"),
    site("linkedin.com", &[AdGuard, Shortener], "origin").within("/feed/update"),
    // `context` is the list from which a track was played, `pt` an invitation.
    site(
        "spotify.com",
        &[AdGuard, Brave, ClearUrls, Shortener],
        "si pi dlsi sp_cid referral context",
    )
    .own("nd pt"),
    site(
        "music.apple.com podcasts.apple.com apps.apple.com books.apple.com tv.apple.com \
         itunes.apple.com",
        &[AdGuard, ClearUrls],
        "itscg itsct ct pt afid cid app ign-*",
    )
    .own("mt at uo ls"),
    site("soundcloud.com", &[Shortener], "si").own("ref in_system_playlist"),
    site("bandcamp.com", &[AdGuard, Brave], "from").own(
        "search_item_id search_item_type search_match_part search_page_id search_page_no \
         search_rank search_sig",
    ),
    site("deezer.com", &[AdGuard], "origin deferredfl"),
    site("twitch.tv", &[ClearUrls, Shortener], "tt_content tt_medium").own("tt_email_id"),
    site("vimeo.com", &[], "").own("share fl fe turnstile"),
    // `p`, the part of a video, counts.
    site(
        "bilibili.com b23.tv",
        &[AdGuard, ClearUrls],
        "spm_id_from from_spm_id from_spmid spmid vd_source share_source share_medium share_plat \
         share_session_id share_tag share_from unique_k bbid timestamp from from_source seid \
         is_story_h5 plat_id buvid msource csource visit_id trackid track_id caid resource_id \
         source_id request_id creative_id linked_creative_id native_mode up_id refer_from",
    )
    .own("share_times bsource"),
    site(
        "nicovideo.jp",
        &[AdGuard],
        "transition_id transition_type transit_from rf rp ra rd ref news_ref cmnhd_ref via",
    ),
    // What a search and a recommendation add to a product's address.
    site(
        "amazon.*",
        &[AdGuard, Brave, ClearUrls, Shortener],
        "ref ref_ pd_rd_* pf_rd_* qid sr srs crid sprefix dib dib_tag tag linkcode linkid \
         ascsubtag asc_campaign asc_refurl asc_source associatetag camp creative creativeasin \
         _encoding content-id social_share skiptwisterog starsleft cv_ct_* hsa_cr_id sb-ci-* \
         spia refrid coliid colid dchild ufe aaxitk th __mk_* sp_csd hvadid hvbmt hvdev \
         hvlocphy hvnetw hvqmt hvrand hvtargid hydadcr adgrpid geniuslink rnid",
    ),
    site("amazon.*", &[AdGuard, ClearUrls], "keywords c pbs").within("/dp/"),
    site("audible.*", &[AdGuard], "ref"),
    site(
        "ebay.*",
        &[AdGuard, Brave, ClearUrls],
        "_trkparms _trksid _from hash mkcid mkevt mkrid campid toolid customid amdata epid \
         itmmeta itmprp ssspo sssrc ssrc ssuid widget_ver media",
    ),
    site("ebay.*", &[AdGuard], "_skw").within("/itm/"),
    site(
        "etsy.com",
        &[AdGuard, ClearUrls, Shortener],
        "click_key click_sum organic_search_click ref pro frs plkey share_time ga_*",
    )
    .own("sts external ls"),
    site("walmart.com", &[AdGuard, ClearUrls], "ath* from u1").own("adsredirect wmlspartner wl*"),
    site("target.com", &[AdGuard], "ref afid fndsrc dfa lnm cpng lid"),
    // `id`, `skuid` and `sku_id` count.
    site(
        "aliexpress.* alibaba.com taobao.com tmall.com 1688.com",
        &[AdGuard, Brave, ClearUrls],
        "spm scm scm_id scm-url pvid algo_* aff_* ws_ab_test btsid gps-id pdp_npi \
         curpageloguid utparam utparam-url sk terminal_id mall_affr dp af cv ali_trackid \
         ali_refid union_lens traceid ut_sk",
    )
    .own("_t pdp_ext_f initiative_id tracelog gatewayadapt"),
    site(
        "lazada.* aliyun.com youku.com sohu.com",
        &[AdGuard],
        "spm scm mkttid laz_trackid trafficfrom acm clicktrackinfo",
    ),
    site(
        "temu.com",
        &[AdGuard],
        "_x_* _oak_* _p_jump_id _p_rfs _bg_fs refer_page_* refer_share_* g_site",
    ),
    site(
        "rakuten.co.jp",
        &[AdGuard],
        "l-id s-id scid sc2id iasid trflg",
    ),
    site("kickstarter.com", &[AdGuard], "ref"),
    site("gofundme.com", &[AdGuard, Brave], "attribution_id"),
    site(
        "change.org",
        &[AdGuard],
        "recruiter recruited_by_id share_id source_location user_flow",
    ),
    site("bookshop.org", &[AdGuard], "affiliate"),
    site(
        "goodreads.com",
        &[AdGuard, Brave],
        "ref from_search from_srp qid rank",
    ),
    site(
        "humblebundle.com",
        &[AdGuard, Brave],
        "partner hmb_* mcid linkid",
    ),
    site("gog.com", &[AdGuard], "pp"),
    site(
        "eventbrite.*",
        &[AdGuard, Brave],
        "aff can_id email_referrer email_subject link_id utm-*",
    ),
    // What a search adds to its words. `tbm`, `udm`, `tbs` and `start` count, and so does an
    // unusual encoding of the words.
    site(
        "google.*",
        &[AdGuard, Brave, ClearUrls],
        "ved ei sa sei sca_esv sca_upv gs_* sclient oq aqs sourceid rlz biw bih dpr uact usg \
         iflsig sxsrf cshid gws_* vet oe pcampaignid referrer g_ep fbs ictx sstk client",
    )
    .own("ie=utf-8 usp rapt entry g_st skid coh shorturl"),
    site(
        "google.*",
        &[AdGuard, Brave, ClearUrls],
        "source esrc cd cad spell uds",
    )
    .within("/search"),
    site("docs.google.com", &[], "").own("ouid rtpof sd"),
    site(
        "bing.com",
        &[AdGuard, ClearUrls, Shortener],
        "cvid form sk sp sc qs qp pq refig pc",
    )
    .own("ghc lq ghsh ghacc ghpl towww redig"),
    site(
        "duckduckgo.com",
        &[AdGuard],
        "t atb origin from vis perf_id parent_perf_id",
    ),
    site(
        "yandex.* ya.ru",
        &[AdGuard, ClearUrls],
        "redircnt clid msid mlid stid persistent_id suggest_reqid search_source search_domain",
    )
    .own("src_pof"),
    site(
        "dzen.ru",
        &[AdGuard],
        "from clid tst yredirect stid persistent_id",
    ),
    site("baidu.com", &[AdGuard, Shortener], "rsv_* inputt oq").own("rqlang bs ts sa fenlei"),
    site(
        "yahoo.co.jp",
        &[AdGuard],
        "sc_i sc_e ikco cpt_c cpt_m cpt_n cpt_s",
    ),
    site("news.yahoo.co.jp", &[AdGuard], "source dv mid date ctg bt").within("/articles/"),
    site("yahoo.com", &[AdGuard], "ncid"),
    site("msn.com", &[AdGuard], "ocid cvid pc ei"),
    site(
        "microsoft.com xbox.com",
        &[AdGuard],
        "ocid raneaid ransiteid epi nclid",
    ),
    site(
        "sharepoint.com",
        &[AdGuard],
        "referrerscenario referrer xsdata sdata clickparams ovuser or ct cid e",
    ),
    // Positions in the text. `sk` is a friend's link to the same story.
    site("medium.com", &[Brave, ClearUrls], "source").own("sk gi"),
    // At `/app-link/post`, `publication_id` and `post_id` identify the page.
    site(
        "substack.com",
        &[AdGuard, Shortener],
        "r isfreemail triedredirect sd",
    )
    .own("showwelcomeonshare showwelcome action"),
    site("substack.com", &[AdGuard], "publication_id post_id").within("/p/"),
    site("tumblr.com", &[AdGuard, Brave], "source"),
    site("note.com", &[AdGuard], "sub_rt").own("magazine_key"),
    site("qiita.com", &[AdGuard], "utml_campaign"),
    site(
        "nytimes.com",
        &[AdGuard, Brave, ClearUrls, Shortener],
        "smid referringsource sgrp ugrp impression_id searchresultposition",
    )
    .own(
        "smtyp unlocked_article_code partner emc ref rref te nl campaign_id instance_id \
         segment_id regi_id action pgtype clicksource src",
    ),
    site("theguardian.com", &[Brave, ClearUrls], "cmp").own("intcmp ref amp_js_v"),
    // `pinned_post_*` are positions in a live page.
    site(
        "bbc.com bbc.co.uk",
        &[AdGuard, ClearUrls],
        "at_* ns_* ocid facebook_page",
    )
    .own("intlink_from_url link_location pinned_post_type pinned_post_asset_id"),
    site("washingtonpost.com", &[AdGuard, Brave], "itid").own("wpisrc wpmk tid pwapi_token"),
    site(
        "bloomberg.com",
        &[AdGuard, Brave],
        "srnd sref leadsource in_source trk",
    )
    .own("accesstoken cmpid"),
    site("ft.com", &[Brave], "trk").own("sharetype accesstoken segmentid syn-* desktop"),
    site("wsj.com", &[AdGuard, Brave], "mod reflink st").own("cx_*"),
    site("marketwatch.com", &[AdGuard], "mod"),
    site("economist.com", &[], "").own("fsrc giftid gifttoken"),
    site("forbes.com", &[AdGuard], "sh"),
    site("cnbc.com", &[AdGuard], "__source par"),
    site("cnet.com", &[AdGuard], "medium source"),
    site("cnn.com", &[], "").own("iid cid hpt"),
    site(
        "wired.com wired.co.uk arstechnica.com pitchfork.com newyorker.com",
        &[AdGuard, Brave],
        "mbid bxid cndid esrc hasha hashb hashc",
    ),
    site("hbr.org techcrunch.com", &[Brave], "tpcc"),
    site("dailymail.co.uk", &[AdGuard], "ito ns_mchannel ns_campaign"),
    site("theregister.com", &[AdGuard], "td"),
    site(
        "theathletic.com",
        &[AdGuard],
        "login_source ref_page source",
    ),
    site("asahi.com", &[AdGuard], "iref ref cid"),
    site("nikkei.com nikkeibp.co.jp", &[AdGuard], "n_cid i_cid n_tw"),
    site("heise.de", &[], "").own("from-classic"),
    site("spiegel.de zeit.de sueddeutsche.de faz.net", &[], "")
        .own("sara_* wt_* ieg campaign reduced gaa_* cid freebie ga_*"),
    site(
        "bild.de techbook.de petbook.de",
        &[AdGuard],
        "t_ref ref dtp tbl cid",
    ),
    site("quora.com", &[AdGuard], "share").own("oid ch srid target_type __nsrc__ top_ans"),
    // `noredirect` prevents a duplicate's page from redirecting to the other question.
    site(
        "stackoverflow.com stackexchange.com superuser.com serverfault.com askubuntu.com \
         mathoverflow.net stackapps.com",
        &[],
        "",
    )
    .own("rq lq cb so_medium so_source newreg noredirect"),
    site("zhihu.com", &[], "").own("share_code s_r hybrid_search_extra hybrid_search_source"),
    site(
        "weibo.com weibo.cn",
        &[AdGuard, ClearUrls],
        "weibo_id dt_dapp",
    )
    .own("from wm sourcetype featurecode share_menu page_source"),
    site("douban.com", &[AdGuard], "_i dt_dapp dt_platform"),
    site(
        "xiaohongshu.com",
        &[AdGuard],
        "app_platform app_version share_channel share_id xhsshare",
    ),
    // `__biz`, `mid`, `idx` and `sn` identify the page.
    site(
        "mp.weixin.qq.com",
        &[AdGuard],
        "chksm key uin devicetype exportkey mpshare scene srcid nettype wbapianalysisoriuicodes \
         v_p launchid from",
    ),
    site("imdb.com", &[AdGuard, Brave, ClearUrls], "ref_ pf_rd_*").own("ref"),
    site(
        "netflix.com",
        &[AdGuard, ClearUrls, Shortener],
        "trackid trkid tctx source jbp jbr",
    )
    .own("s"),
    site("crunchyroll.com", &[AdGuard], "referrer"),
    site(
        "wikipedia.org wikimedia.org wiktionary.org wikidata.org wikibooks.org wikinews.org \
         wikiquote.org wikisource.org wikiversity.org wikivoyage.org",
        &[AdGuard],
        "wprov",
    )
    .own("wvprov mobileaction useformat"),
    site("sciencedirect.com", &[AdGuard], "via"),
    site("researchgate.net", &[AdGuard], "_tp"),
    site("steampowered.com steamcommunity.com", &[ClearUrls], "snr").own("curator_clanid"),
    site(
        "github.com",
        &[AdGuard, Brave, ClearUrls],
        "email_source email_token notification_referrer_id reference_location",
    )
    // The file that is shown below a repository.
    .own("tab=readme tab=*-ov-file"),
    site("mozilla.org", &[ClearUrls], "src redirect_source"),
    site("producthunt.com", &[Shortener], "ref").own("bc"),
    site(
        "meetup.com",
        &[AdGuard, ClearUrls],
        "rv* _xtd eventorigin recid recsource searchid",
    )
    .own("returnpage"),
    site(
        "airbnb.*",
        &[ClearUrls],
        "federated_search_id search_type source_impression_id",
    )
    .own(
        "previous_page_section_name s ref_device_id user_id viralityentrypoint unique_share_id \
         _set_bev_on_new_domain",
    ),
    site("booking.com", &[Shortener], "aid sid srpvid redirected").own(
        "label srepoch ucfs all_sr_blocks hpos hapos sr_pri_blocks matching_block_id \
         highlighted_blocks from_beach*",
    ),
    site("pinterest.*", &[], "").own("mt sender invite_code sfo nic_v*"),
    site("vk.com vk.ru", &[AdGuard], "trackcode recom").own("ref"),
];

/// Names in a form for fast comparison, prepared from a line of a table.
#[derive(Debug, Default)]
struct Names {
    exact: HashSet<&'static str>,
    starts: Vec<&'static str>,
    /// `name=value`.
    whole: Vec<&'static str>,
    /// `name=` and the end of a value.
    ends: Vec<(&'static str, &'static str)>,
}

impl Names {
    fn add(&mut self, line: &'static str) {
        for name in line.split_ascii_whitespace() {
            match name.strip_suffix('*') {
                Some(start) => self.starts.push(start),
                None if name.contains("=*") => self.ends.extend(name.split_once('*')),
                None if name.contains('=') => self.whole.push(name),
                None => _ = self.exact.insert(name),
            }
        }
    }

    /// Returns whether a parameter, in lower case, is one of them.
    fn have(&self, parameter: &str) -> bool {
        let name = parameter.split('=').next().unwrap_or_default();
        self.exact.contains(name)
            || self.starts.iter().any(|start| name.starts_with(start))
            // `amp=` also without the sign.
            || self.whole.iter().any(|whole| {
                *whole == parameter || whole.strip_suffix('=') == Some(parameter)
            })
            || self
                .ends
                .iter()
                .any(|(start, end)| parameter.starts_with(start) && parameter.ends_with(end))
    }
}

/// The entries of a host name: where they apply, and which names they have.
type Entry = (&'static Site, Names, Names);

/// Both tables, prepared for lookup.
struct Tables {
    everywhere: Names,
    /// By host name.
    hosts: HashMap<&'static str, Vec<usize>>,
    /// By the label before any public suffix.
    labels: HashMap<&'static str, Vec<usize>>,
    entries: Vec<Entry>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables {
        everywhere: Names::default(),
        hosts: HashMap::new(),
        labels: HashMap::new(),
        entries: Vec::new(),
    };
    for (_, names, _) in EVERYWHERE {
        tables.everywhere.add(names);
    }
    for site in SITES {
        let at = tables.entries.len();
        for host in site.hosts.split_ascii_whitespace() {
            match host.strip_suffix(".*") {
                Some(label) => tables.labels.entry(label).or_default().push(at),
                None => tables.hosts.entry(host).or_default().push(at),
            }
        }
        let (mut always, mut beside) = (Names::default(), Names::default());
        always.add(site.names);
        always.add(site.own);
        beside.add(site.beside.map_or("", |(_, names)| names));
        tables.entries.push((site, always, beside));
    }
    tables
});

/// The parameters that don't count for an address, looked up once per address.
#[derive(Debug)]
pub(super) struct Ignored {
    names: Vec<&'static Names>,
}

impl Ignored {
    pub(super) fn at(url: &Url) -> Self {
        let tables = &*TABLES;
        let mut names = vec![&tables.everywhere];
        let host = url.host_str().unwrap_or_default();
        let mut below = Some(host);
        while let Some(name) = below {
            let rest = name.split_once('.').map(|(_, rest)| rest);
            let by_host = tables.hosts.get(name).into_iter();
            let label = name.split('.').next().unwrap_or_default();
            // A public suffix has one or two labels: `amazon.de`, `amazon.co.uk`.
            let suffix = rest.is_some_and(|rest| rest.split('.').count() <= 2);
            let by_label = suffix.then(|| tables.labels.get(label)).flatten();
            for at in by_host.chain(by_label).flatten() {
                let (site, always, beside) = &tables.entries[*at];
                if !url.path().contains(site.within) {
                    continue;
                }
                names.push(always);
                if let Some((main, _)) = site.beside
                    && parameter_names(url).any(|name| name.eq_ignore_ascii_case(main))
                {
                    names.push(beside);
                }
            }
            below = rest;
        }
        Self { names }
    }

    /// Returns whether a parameter, `name=value`, doesn't count.
    pub(super) fn has(&self, parameter: &str) -> bool {
        let parameter = parameter.to_ascii_lowercase();
        self.names.iter().any(|names| names.have(&parameter))
    }
}

fn parameter_names(url: &Url) -> impl Iterator<Item = &str> {
    url.query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|parameter| parameter.split('=').next())
}

/// Returns whether `host` is `known` or a subdomain of it.
pub(super) fn is_below(host: &str, known: &str) -> bool {
    match known.strip_suffix(".*") {
        // A public suffix has one or two labels: `amazon.de`, `amazon.co.uk`.
        Some(name) => {
            let suffixes = host.rmatch_indices('.').take(2).map(|(at, _)| &host[..at]);
            suffixes.into_iter().any(|above| is_below(above, name))
        }
        None => host
            .strip_suffix(known)
            .is_some_and(|above| above.is_empty() || above.ends_with('.')),
    }
}

/// Returns the path without what a shop adds to it: `/dp/B0/ref=sr_1_5` becomes `/dp/B0`.
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
    fn a_site_filter_matches_the_host_and_its_subdomains() {
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
    fn no_place_has_two_entries_and_each_entry_has_a_source() {
        let mut places = Vec::new();
        for site in SITES {
            for host in site.hosts.split_ascii_whitespace() {
                places.push((host, site.within));
            }
            assert_eq!(
                site.names.is_empty(),
                site.lists.is_empty(),
                "{}",
                site.hosts
            );
            assert!(
                !site.lists.contains(&Itself),
                "{}: that is `own`",
                site.hosts
            );
            assert!(
                !(site.names.is_empty() && site.own.is_empty()),
                "{}",
                site.hosts
            );
        }
        places.sort_unstable();
        let all = places.len();
        places.dedup();
        assert_eq!(places.len(), all);
        for (whose, names, lists) in EVERYWHERE {
            assert!(!names.is_empty() && !lists.is_empty(), "{whose}");
        }
    }

    #[test]
    fn names_in_the_tables_are_in_small_letters_and_once_in_their_line() {
        let lines = EVERYWHERE.iter().map(|(_, names, _)| (*names).to_owned());
        let of_sites = SITES.iter().map(|site| {
            let beside = site.beside.map_or("", |(_, names)| names);
            format!("{} {} {beside}", site.names, site.own)
        });
        for line in lines.chain(of_sites) {
            assert_eq!(line, line.to_ascii_lowercase());
            let mut names: Vec<&str> = line.split_ascii_whitespace().collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{line}");
        }
    }
}
