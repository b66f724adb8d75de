//! `/api/v1/admin/deployments`.

use serde_json::json;

use crate::support::Instance;

const DEPLOYMENTS: &str = "/api/v1/admin/deployments";

#[tokio::test]
async fn each_change_is_one_and_the_earlier_come_back() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    owner.patch(&format!("/api/v1/admin/scripts/{script}"), &json!({ "source": "2" })).await.expect(200);

    let listed = owner.get(&format!("{DEPLOYMENTS}?app=shop")).await.expect(200);
    assert_eq!((listed.at("/items/0/number"), listed.at("/items/0/active")), (&json!(2), &json!(true)));
    assert_eq!((listed.at("/items/1/number"), listed.at("/items/1/active")), (&json!(1), &json!(false)));
    let first = listed.text("/items/1/id");
    let activated = owner.send(http::Method::POST, &format!("{DEPLOYMENTS}/{first}/activate"), None).await.expect(200);
    assert_eq!((activated.at("/number"), activated.at("/active")), (&json!(1), &json!(true)));
    assert_eq!(owner.get(&format!("/api/v1/admin/scripts/{script}")).await.expect(200).at("/source"), "// hello\n1");

    let detail = owner.get(&format!("{DEPLOYMENTS}/{first}")).await.expect(200);
    assert_eq!((detail.at("/number"), detail.at("/scripts/0/name"), detail.at("/routes")), (&json!(1), &json!("hello"), &json!([])));
    assert_eq!((detail.at("/author/username"), detail.at("/author/key_id")), (&json!("owner"), &json!(null)), "{}", detail.json);
}
