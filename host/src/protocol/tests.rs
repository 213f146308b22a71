//! Tests of the messages: typings, envelopes, kinds.

use std::fmt::Write as _;

use ts_rs::{Config, TS};

use super::*;

/// Returns the declarations in the order of this file.
fn declarations() -> String {
    let config = Config::default();
    let mut text = String::from(
        "// Generated from host/src/protocol/; to regenerate it: UPDATE_EXPECT=1 cargo test typings\n\
         // The messages between extension and host. Their meaning is documented there.\n\n",
    );
    let mut add = |declaration: String| {
        writeln!(text, "export {declaration}\n").expect("a String takes all that is written");
    };
    macro_rules! declare {
        ($($name:ident)*) => { $(add($name::decl(&config));)* };
    }
    declare! {
        Note HelloParams HelloResult Quote SaveNoteParams SaveNoteResult SamePage
            SamePageReason
        NoteForUrlParams NoteForUrlResult UpdateNoteParams SeenFields NoteIdParams RestoreNoteParams NoteResult
        CompleteTagsParams CompleteTagsResult TagCount SuggestTagsParams SuggestTagsResult
        SuggestedTag SuggestReason ImpliedTag SearchNotesParams SearchOrder SearchPlace
        SearchNotesResult FoundNote QueryProblemKind QueryProblem ListOrder ListNotesParams
        ListNotesResult ListNoteIdsParams ListNoteIdsResult NoteRow LinkInfo LinkVerdict SyncInfo NoteConflicts Alternative ConflictField
            SettleConflictParams SyncStatus SyncState SyncProblem EditNotesParams EditState EditResult RefusedNote RefusalReason
        EditIdParams UndoEditParams ChangeAddressParams MergeNotesParams SuggestForNotesParams
        SuggestForNotesResult NoteSuggestions SavedSearch
        SearchSaveParams SearchForgetParams SearchListParams SearchListResult
        PutIconParams PutIconResult IconsParams IconsResult
        PutTextParams PutTextResult TextKept RemoveTextParams RemoveTextResult TextInfo KeepText GistInfo
        Arrival ListArrivalsParams ListArrivalsResult FeedCount KeepArrivalParams
        UnkeepArrivalParams SkipArrivalsParams SkipArrivalsResult UnskipArrivalsParams UnskipArrivalsResult
        RenderMarkdownParams RenderMarkdownResult MarkdownNode MarkdownElement MarkdownAlign
        MarkdownName StatsParams StatsResult ErrorKind ErrorObject ErrorData
    }
    text.push_str(
        "/** Each method with its parameters and its result. */\n\
         export interface Methods {\n",
    );
    for (method, params, result) in [
        ("hello", "HelloParams", "HelloResult"),
        ("saveNote", "SaveNoteParams", "SaveNoteResult"),
        ("noteForUrl", "NoteForUrlParams", "NoteForUrlResult"),
        ("updateNote", "UpdateNoteParams", "NoteResult"),
        ("deleteNote", "NoteIdParams", "NoteResult"),
        ("restoreNote", "RestoreNoteParams", "NoteResult"),
        ("completeTags", "CompleteTagsParams", "CompleteTagsResult"),
        ("suggestTags", "SuggestTagsParams", "SuggestTagsResult"),
        (
            "suggestForNotes",
            "SuggestForNotesParams",
            "SuggestForNotesResult",
        ),
        ("searchNotes", "SearchNotesParams", "SearchNotesResult"),
        ("listNotes", "ListNotesParams", "ListNotesResult"),
        ("listNoteIds", "ListNoteIdsParams", "ListNoteIdsResult"),
        ("editNotes", "EditNotesParams", "EditResult"),
        ("editStatus", "EditIdParams", "EditResult"),
        ("cancelEdit", "EditIdParams", "EditResult"),
        ("undoEdit", "UndoEditParams", "EditResult"),
        ("changeAddress", "ChangeAddressParams", "NoteResult"),
        ("mergeNotes", "MergeNotesParams", "NoteResult"),
        ("settleConflict", "SettleConflictParams", "NoteResult"),
        ("searchSave", "SearchSaveParams", "SearchListResult"),
        ("searchForget", "SearchForgetParams", "SearchListResult"),
        ("searchList", "SearchListParams", "SearchListResult"),
        ("putIcon", "PutIconParams", "PutIconResult"),
        ("icons", "IconsParams", "IconsResult"),
        ("putText", "PutTextParams", "PutTextResult"),
        ("removeText", "RemoveTextParams", "RemoveTextResult"),
        ("listArrivals", "ListArrivalsParams", "ListArrivalsResult"),
        ("keepArrival", "KeepArrivalParams", "SaveNoteResult"),
        ("skipArrivals", "SkipArrivalsParams", "SkipArrivalsResult"),
        (
            "unkeepArrival",
            "UnkeepArrivalParams",
            "UnskipArrivalsResult",
        ),
        (
            "unskipArrivals",
            "UnskipArrivalsParams",
            "UnskipArrivalsResult",
        ),
        (
            "renderMarkdown",
            "RenderMarkdownParams",
            "RenderMarkdownResult",
        ),
        ("stats", "StatsParams", "StatsResult"),
    ] {
        writeln!(
            text,
            "  {method}: {{ params: {params}; result: {result} }};"
        )
        .expect("a String takes all that is written");
    }
    text.push_str("}\n");
    text
}

/// Returns the error for a payload.
#[track_caller]
fn refusal(payload: impl AsRef<[u8]>) -> ErrorObject {
    parse_request(payload.as_ref()).request.unwrap_err()
}

#[track_caller]
fn check_params(method: &str, params: &str, code: i32, message: &str) {
    let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let refused = refusal(&request);
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (code, message),
        "{params}"
    );
}

#[test]
fn a_list_is_not_accepted_as_a_request() {
    for list in [
        r#"["2.0",1,"stats",{}]"#,
        r#"["2.0", 1, "noteForUrl", {"url": "https://e.org"}]"#,
        r#" [{"jsonrpc":"2.0","id":1,"method":"stats"}]"#,
        "[]",
    ] {
        let refused = refusal(list);
        assert_eq!(refused.code, -32600, "{list}");
        assert!(refused.message.contains("no JSON-RPC batch"), "{list}");
    }
}

#[test]
fn data_after_a_request_makes_it_invalid_json() {
    let good = r#"{"jsonrpc":"2.0","id":1,"method":"stats"}"#;
    for garbage in ["x", "{}", ",", "]", "\0", good] {
        let refused = refusal(format!("{good}{garbage}"));
        assert_eq!(refused.code, -32700, "{garbage:?}");
        assert!(
            refused.message.contains("trailing characters"),
            "{}",
            refused.message
        );
    }
    // Even if the request before it is invalid itself.
    assert_eq!(refusal(r#"{"id":1,"id":2}x"#).code, -32700);
    assert_eq!(refusal(r#"["2.0",1,"stats",{}]x"#).code, -32700);
    let blank = parse_request(format!(" {good}\n\t ").as_bytes());
    assert!(blank.request.is_ok());
}

#[test]
fn invalid_utf_8_is_no_json_anywhere() {
    for before in [
        r#"{"jsonrpc":"2.0","id":1,"method":"stats","other":""#,
        r#"{"jsonrpc":"2.0","id":1,"method":"noteForUrl","params":{"url":""#,
    ] {
        let payload = [before.as_bytes(), b"\xff\"}}"].concat();
        let refused = refusal(payload);
        assert_eq!(refused.message, "The message is not JSON: it is not UTF-8.");
        assert_eq!(refused.code, -32700);
    }
}

#[test]
fn parameters_are_an_object_by_name() {
    for method in [
        "hello",
        "saveNote",
        "noteForUrl",
        "updateNote",
        "deleteNote",
        "restoreNote",
        "completeTags",
        "suggestTags",
        "suggestForNotes",
        "searchNotes",
        "listNotes",
        "listNoteIds",
        "editNotes",
        "editStatus",
        "cancelEdit",
        "undoEdit",
        "changeAddress",
        "mergeNotes",
        "settleConflict",
        "searchSave",
        "searchForget",
        "searchList",
        "putIcon",
        "icons",
        "putText",
        "removeText",
        "renderMarkdown",
        "stats",
    ] {
        for params in ["[]", r#"["https://e.org","A"]"#, "7", "true", r#""text""#] {
            check_params(
                method,
                params,
                -32602,
                "The parameters don't fit the method: they must be a JSON object.",
            );
        }
    }
}

#[test]
fn a_wrong_parameter_is_named() {
    for (method, params, message) in [
        ("noteForUrl", "{}", "missing field `url`"),
        (
            "noteForUrl",
            r#"{"url":7}"#,
            "`url` is invalid: invalid type: integer `7`, expected a string",
        ),
        (
            "noteForUrl",
            r#"{"url":"a","url":"b"}"#,
            "duplicate field `url`",
        ),
        (
            "searchNotes",
            r#"{"query":"a","limit":1e99}"#,
            "`limit` is invalid: invalid type: floating point `1e+99`, expected u32",
        ),
        (
            "searchNotes",
            r#"{"query":"a","limit":-1}"#,
            "`limit` is invalid: invalid value: integer `-1`, expected u32",
        ),
        (
            "saveNote",
            r#"{"opId":"a","url":"b","title":"c","tags":["d",{}]}"#,
            "`tags[1]` is invalid: invalid type: map, expected a string",
        ),
        (
            "saveNote",
            r#"{"opId":"a","url":"b","title":"c","quote":{"text":7}}"#,
            "`quote.text` is invalid: invalid type: integer `7`, expected a string",
        ),
    ] {
        let message = format!("The parameters don't fit the method: {message}.");
        check_params(method, params, -32602, &message);
    }
}

#[test]
fn a_list_is_not_accepted_as_quote_or_fields() {
    for (method, field) in [("saveNote", "quote"), ("updateNote", "seen")] {
        for list in ["[]", r#"["a","b","c"]"#, r#"[["a"],"b"]"#] {
            let params = format!(r#"{{"opId":"a","id":1,"url":"b","title":"c","{field}":{list}}}"#);
            let message = format!(
                "The parameters don't fit the method: `{field}` is invalid: invalid type: sequence, expected a JSON object."
            );
            check_params(method, &params, -32602, &message);
        }
    }
}

#[test]
fn null_and_nothing_are_the_same() {
    for params in ["", r#","params":null"#, r#","params":{}"#] {
        let request = format!(r#"{{"jsonrpc":"2.0","id":"a","method":"stats"{params}}}"#);
        assert!(
            parse_request(request.as_bytes()).request.is_ok(),
            "{params}"
        );
    }
    let quote = r#"{"jsonrpc":"2.0","id":1,"method":"saveNote","params":{"opId":"a","url":"b","title":"c","quote":null}}"#;
    assert!(parse_request(quote.as_bytes()).request.is_ok());
}

#[test]
fn an_id_is_a_number_or_a_string() {
    for id in ["null", "true", "{}", "[]", "[1]"] {
        let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"stats"}}"#);
        let incoming = parse_request(request.as_bytes());
        assert_eq!(incoming.id, RequestId::Null(()));
        assert_eq!(incoming.request.unwrap_err().code, -32600, "{id}");
    }
}

#[test]
fn typings_are_fresh() {
    expect_test::expect_file!["../../../extension/protocol.d.ts"].assert_eq(&declarations());
}

#[test]
fn each_error_kind_has_a_code_of_its_own() {
    let kinds = [
        ErrorKind::ParseError,
        ErrorKind::InvalidRequest,
        ErrorKind::UnknownMethod,
        ErrorKind::InvalidParams,
        ErrorKind::Internal,
        ErrorKind::InvalidUrl,
        ErrorKind::InvalidTag,
        ErrorKind::TooLarge,
        ErrorKind::NotFound,
        ErrorKind::Conflict,
        ErrorKind::StoreFull,
        ErrorKind::StoreNewer,
        ErrorKind::StoreBusy,
        ErrorKind::StoreBroken,
        ErrorKind::StoreUnwritable,
        ErrorKind::StoreIo,
        ErrorKind::FrameTooLarge,
        ErrorKind::ResponseTooLarge,
        ErrorKind::ProtocolUnsupported,
        ErrorKind::OpIdReused,
        ErrorKind::FrameCutShort,
        ErrorKind::ClockWrong,
        ErrorKind::AddressTaken,
        ErrorKind::SelectionChanged,
    ];
    let table: Vec<String> = kinds
        .iter()
        .map(|kind| {
            let word = serde_json::to_string(kind).expect("a unit variant is a string");
            format!("{} {}", word.trim_matches('"'), kind.code())
        })
        .collect();
    // Written out, because neither words nor numbers may ever change.
    expect_test::expect![[r#"
        parse_error -32700
        invalid_request -32600
        unknown_method -32601
        invalid_params -32602
        internal -32603
        invalid_url -32000
        invalid_tag -32001
        too_large -32002
        not_found -32003
        conflict -32004
        store_full -32005
        store_newer -32006
        store_busy -32007
        store_broken -32008
        store_unwritable -32009
        store_io -32010
        frame_too_large -32011
        response_too_large -32012
        protocol_unsupported -32013
        op_id_reused -32014
        frame_cut_short -32015
        clock_wrong -32016
        address_taken -32017
        selection_changed -32018"#]]
    .assert_eq(&table.join("\n"));
}
