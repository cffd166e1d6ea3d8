//! One process has a data folder, and another one is told so.

use super::program::{Serve, finish, text, within};

#[tokio::test]
async fn a_second_server_is_refused_by_name() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let first = Serve::start(folder.path(), &["--anonymous"]).await;
        let refused = finish(&mut Serve::command(folder.path(), &["--anonymous"])).await.with(1);
        assert_eq!(refused.out, "");
        assert!(refused.err.contains(text(folder.path())), "{}", refused.err);
        assert!(refused.err.contains("open already"), "{}", refused.err);
        assert_eq!(refused.err.lines().count(), 1, "{}", refused.err);

        first.kill_9().await;
        Serve::start(folder.path(), &["--anonymous"]).await.stop().await;
        // And a clean end leaves it free, too.
        Serve::start(folder.path(), &["--anonymous"]).await.stop().await;
    })
    .await;
}
