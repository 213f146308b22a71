//! Certificates: those that the system trusts, and no others.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    thread,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivatePkcs8KeyDer};

use super::{Notes, server::response};

/// Serves a feed over TLS on this computer. Returns the port, and the authority's certificate.
fn serve() -> (u16, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
    let own = own.signed_by(&key, &issuer).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let feed = "<rss version=\"2.0\"><channel><title>Safe</title></channel></rss>";
    // Ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut head = [0; 4096];
            // A client that doesn't trust the certificate hangs up.
            if stream.read(&mut head).is_ok() {
                let _ = stream.write_all(response("200 OK", "", feed).as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    let certificate = BASE64_STANDARD.encode(authority.der());
    let begin_and_end = ["BEGIN", "END"].map(|word| format!("-----{word} CERTIFICATE-----"));
    let [begin, end] = begin_and_end;
    (port, format!("{begin}\n{certificate}\n{end}\n"))
}

#[test]
fn a_feed_over_https_is_read_if_the_system_trusts_its_certificate() {
    let (port, authority) = serve();
    let notes = Notes::new();
    let url = format!("https://127.0.0.1:{port}/");
    let arguments = ["feed", "add", &url, "--allow-private"];
    let (_, sentence) = notes.fails(&arguments);
    assert!(
        sentence.contains("its certificate isn't valid"),
        "{sentence}"
    );

    // What is in this file is what the system trusts, on Linux.
    let file = notes.path("authority.pem");
    fs::write(&file, authority).unwrap();
    let output = notes
        .command(&arguments)
        .env("SSL_CERT_FILE", file)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "");
    assert_eq!(output.stdout, b"Added: Safe, nothing new in the inbox\n");
}
