//! The snippets of the dialect answer alike on both engines.

use avnology_store::{Value, dialect};
use serde_json::json;

use crate::harness::TestStore;

const DOCUMENTS: [&str; 10] = [
    r#"{"a": {"b": "Plan_X"}}"#,
    r#"{"a": {"b": "plan%y"}}"#,
    r#"{"a": {"b": 5}}"#,
    r#"{"a": {"b": 5.5}}"#,
    r#"{"a": {"b": true}}"#,
    r#"{"a": {"b": false}}"#,
    r#"{"a": {"b": null}}"#,
    r#"{"a": {"b": {"c": 1}}}"#,
    r#"{"a": [{"b": "in a list"}]}"#,
    r#"{"é k": "ü"}"#,
];

async fn with_documents(store: TestStore) -> TestStore {
    store.run(&["CREATE TABLE documents (n BIGINT NOT NULL, body TEXT NOT NULL, list TEXT NOT NULL, word TEXT NOT NULL)"]).await;
    for (n, body) in (0_i64..).zip(DOCUMENTS) {
        let list = json!([format!("x{n}"), "y"]);
        let word = format!("W{n}_é%");
        let insert = store.identity().write(move |tx| {
            let params = avnology_store::params![n, body, &list, &word];
            tx.execute_text("INSERT INTO documents (n, body, list, word) VALUES ($1, $2, $3, $4)", &params)
        });
        insert.await.unwrap();
    }
    store
}

/// The numbers of the documents for which `condition` holds.
async fn hits<const N: usize>(store: &TestStore, condition: &str, params: [Value; N]) -> Vec<i64> {
    let text = format!("SELECT n FROM documents WHERE {condition} ORDER BY n");
    let read = store
        .identity()
        .read(move |tx| tx.query_text(&text, &params)?.into_iter().map(|mut row| row.take()).collect());
    read.await.unwrap()
}

both_engines! {
    async fn json_snippets_find_the_same(store) {
        let store = with_documents(store).await;
        let path: Value = dialect::json_path(&["a", "b"]).unwrap().into();
        let at = |value: &str| [path.clone(), value.into()];
        assert_eq!(hits(&store, "{json_text:body:$1} = $2", at("Plan_X")).await, [0]);
        assert_eq!(hits(&store, "{json_text:body:$1} = $2", at("5")).await, [2]);
        assert_eq!(hits(&store, "{json_text:body:$1} = $2", at("5.5")).await, [3]);
        assert_eq!(hits(&store, "{json_text:body:$1} = $2", at("true")).await, [4]);
        assert_eq!(hits(&store, "{json_text:body:$1} IS NULL", [path.clone()]).await, [6, 7, 8, 9]);
        assert_eq!(hits(&store, "{json_number:body:$1} > {number:$2}", at("5")).await, [3]);
        assert_eq!(hits(&store, "{json_number:body:$1} >= {number:$2}", at("4.75")).await, [2, 3]);
        assert_eq!(hits(&store, "{json_bool:body:$1}", [path.clone()]).await, [4]);
        assert_eq!(hits(&store, "NOT {json_bool:body:$1}", [path.clone()]).await, [5]);
        let path = dialect::json_path(&["é k"]).unwrap();
        assert_eq!(hits(&store, "{json_text:body:$1} = $2", [path.into(), "ü".into()]).await, [9]);
    }

    async fn lists_find_the_same(store) {
        let store = with_documents(store).await;
        assert_eq!(hits(&store, "word {in_list:$1}", [json!(["W1_é%", "W3_é%", "no"]).into()]).await, [1, 3]);
        assert_eq!(hits(&store, "word {in_list:$1}", [json!([]).into()]).await, [0_i64; 0]);
        assert_eq!(hits(&store, "n {in_numbers:$1}", [json!([2, 4, 99]).into()]).await, [2, 4]);
        assert_eq!(hits(&store, "{json_has:list:$1}", ["x7".into()]).await, [7]);
        assert_eq!(hits(&store, "{json_has:list:$1}", ["y".into()]).await.len(), DOCUMENTS.len());
        assert_eq!(hits(&store, "{json_has:list:$1}", ["x".into()]).await, [0_i64; 0]);
    }

    async fn text_snippets_find_the_same(store) {
        let store = with_documents(store).await;
        let like = |text: &str| -> [Value; 1] { [format!("%{}%", dialect::like_escape(text)).into()] };
        assert_eq!(hits(&store, "{ci_like:word:$1}", like("w2_")).await, [2]);
        assert_eq!(hits(&store, "{ci_like:word:$1}", like("é%")).await.len(), DOCUMENTS.len());
        assert_eq!(hits(&store, "{ci_like:word:$1}", like("2%")).await, [0_i64; 0]);
        assert_eq!(hits(&store, "{ci_like:word:$1}", like("É")).await, [0_i64; 0]);
        assert_eq!(hits(&store, "{starts_with:word:$1}", ["W4_é".into()]).await, [4]);
        assert_eq!(hits(&store, "{starts_with:word:$1}", ["w4".into()]).await, [0_i64; 0]);
        assert_eq!(hits(&store, "{contains:word:$1}", ["5_é".into()]).await, [5]);
        assert_eq!(hits(&store, "{contains:word:$1}", ["w5".into()]).await, [0_i64; 0]);
    }
}
