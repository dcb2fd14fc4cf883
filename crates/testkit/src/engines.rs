//! One contract, every engine.

use crate::{Setup, TestApp};

/// Where a test's data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Files in a temporary directory.
    Sqlite,
    /// A fresh database of the throw-away PostgreSQL.
    Postgres,
}

/// What a test can ask for: the engine itself, or an app on it.
pub trait FromEngine: Sized {
    /// Makes it.
    fn on(engine: Engine) -> impl Future<Output = Self> + Send;
}

impl FromEngine for Engine {
    async fn on(engine: Engine) -> Self {
        engine
    }
}

impl FromEngine for TestApp {
    async fn on(engine: Engine) -> Self {
        Self::start(Setup::on(engine)).await
    }
}

/// An app in the live environment: limits as in production, mail through a transport.
#[derive(Clone)]
pub struct Live(
    /// The app.
    pub TestApp,
);

impl FromEngine for Live {
    async fn on(engine: Engine) -> Self {
        Self(TestApp::start(Setup::on(engine).live()).await)
    }
}

/// Runs one test on one engine, on a runtime of its own.
pub fn run<A: FromEngine, F: Future<Output = ()>>(engine: Engine, test: impl FnOnce(A) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async { test(A::on(engine).await).await });
}

/// Makes two tests of each function named, one on SQLite and one on PostgreSQL. The function takes an [`Engine`], a
/// [`TestApp`] or [`Live`]. One that is not named is dead code, and the compiler says so.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { $crate::run($crate::Engine::Sqlite, super::$name); })*
        }
        mod postgres {
            $(#[test] fn $name() { $crate::run($crate::Engine::Postgres, super::$name); })*
        }
    };
}
