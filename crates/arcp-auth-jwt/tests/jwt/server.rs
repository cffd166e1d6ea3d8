//! An HTTP server on this machine that answers as it is told.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a request gets.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A document.
    Body(String),
    /// A document that does not say how long it is.
    Endless(String),
    /// Headers only, with this status line.
    Status(&'static str),
    /// The start of a document, and then nothing more until the answer is another.
    Stuck,
    /// Nothing until the answer is another.
    Silence,
}

pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Ends with the server.
    _accept: JoinSet<()>,
}

struct Shared {
    answer: watch::Sender<Answer>,
    requests: watch::Sender<usize>,
}

impl Server {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { answer: watch::Sender::new(answer), requests: watch::Sender::new(0) };
        let shared = Arc::new(shared);
        let mut accept = JoinSet::new();
        accept.spawn(serve(listener, shared.clone()));
        Self { address, shared, _accept: accept }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/keys?secret=s3cret", self.address)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.shared.answer.send_replace(answer);
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        *self.shared.requests.borrow()
    }

    /// Waits until as many have come.
    pub(crate) async fn requested(&self, times: usize) {
        let mut requests = self.shared.requests.subscribe();
        requests.wait_for(|seen| *seen >= times).await.unwrap();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, shared.clone()));
    }
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    assert!(request.starts_with(b"GET /keys?secret=s3cret HTTP/1.1\r\n"));
    shared.requests.send_modify(|requests| *requests += 1);
    let mut answers = shared.answer.subscribe();
    let answer =
        answers.wait_for(|answer| !matches!(answer, Answer::Silence)).await.unwrap().clone();
    let (text, stuck) = match answer {
        Answer::Body(body) => {
            let length = body.len();
            (format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"), false)
        }
        Answer::Endless(body) => {
            (format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"), false)
        }
        Answer::Status(line) => (format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n"), false),
        Answer::Stuck => ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_owned(), true),
        Answer::Silence => unreachable!(),
    };
    // Who asked may have gone.
    drop(stream.write_all(text.as_bytes()).await);
    if stuck {
        drop(answers.changed().await);
    }
}
