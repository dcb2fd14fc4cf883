//! Devices: one's own, other people's, and what is reported of one (`contract/10` §§3, 5, 6).

use avnology_core::sessions::{self, DeviceChange, DeviceDetail, PostureReport};
use avnology_http::{
    Auth, Body, Json, NoContent, NoInput, Patch, Path1, Path2, Route, Scoped, SignedIn, scopes,
};
use avnology_model::{
    Result,
    events::EventType,
    ids::{DeviceId, IdentityId},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Devices.
#[derive(Serialize, ToSchema)]
struct DeviceList {
    /// The one seen last first.
    devices: Vec<DeviceDetail>,
}

async fn list_own(auth: Auth<SignedIn>, _: NoInput) -> Result<Json<DeviceList>> {
    let devices = sessions::list_own_devices(&auth.app, &auth.cx, auth.session()).await?;
    Ok(Json(DeviceList { devices }))
}

async fn rename_own(
    auth: Auth<SignedIn>,
    (Path1(id), Patch(change)): (Path1<DeviceId>, Patch<DeviceChange>),
) -> Result<Json<DeviceDetail>> {
    sessions::rename_own_device(&auth.app, &auth.cx, auth.session(), id, change).await.map(Json)
}

async fn remove_own(auth: Auth<SignedIn>, Path1(id): Path1<DeviceId>) -> Result<NoContent> {
    sessions::remove_own_device(&auth.app, &auth.cx, auth.session(), id).await?;
    Ok(NoContent)
}

async fn list(
    auth: Auth<Scoped<scopes::SessionsRead>>,
    Path1(id): Path1<IdentityId>,
) -> Result<Json<DeviceList>> {
    Ok(Json(DeviceList { devices: sessions::list_devices(&auth.app, &auth.cx, id).await? }))
}

async fn remove(
    auth: Auth<Scoped<scopes::SessionsWrite>>,
    Path2(id, device): Path2<IdentityId, DeviceId>,
) -> Result<NoContent> {
    sessions::remove_device(&auth.app, &auth.cx, id, device).await?;
    Ok(NoContent)
}

async fn report_posture(
    auth: Auth<Scoped<scopes::SessionsWrite>>,
    (Path1(id), Body(report)): (Path1<DeviceId>, Body<PostureReport>),
) -> Result<Json<DeviceDetail>> {
    sessions::report_posture(&auth.app, &auth.cx, id, report).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/me/devices", list_own)
            .operation_id("listMyDevices")
            .summary("List one's own devices")
            .tag("me")
            .answers::<DeviceList>(200, "The devices."),
        Route::patch("/v1/me/devices/{dev_id}", rename_own)
            .operation_id("updateMyDevice")
            .summary("Name one of one's own devices")
            .tag("me")
            .answers::<DeviceDetail>(200, "The device."),
        Route::delete("/v1/me/devices/{dev_id}", remove_own)
            .operation_id("deleteMyDevice")
            .summary("Remove one of one's own devices, and end its sessions")
            .tag("me")
            .answers_empty(204),
        Route::get("/v1/identities/{id}/devices", list)
            .operation_id("listIdentityDevices")
            .summary("List the devices of an identity")
            .tag("sessions")
            .answers::<DeviceList>(200, "The devices."),
        Route::delete("/v1/identities/{id}/devices/{dev_id}", remove)
            .operation_id("deleteIdentityDevice")
            .records(EventType::DeviceRemoved)
            .summary("Remove a device of an identity, and end its sessions")
            .tag("sessions")
            .answers_empty(204),
        Route::put("/v1/devices/{id}/posture", report_posture)
            .operation_id("setDevicePosture")
            .records(EventType::DevicePostureChanged)
            .summary("Report whether a device is managed and compliant")
            .tag("sessions")
            .answers::<DeviceDetail>(200, "The device."),
    ]
}
