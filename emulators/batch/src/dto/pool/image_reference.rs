//! References to VM images: of the marketplace, or custom.

use serde::{Deserialize, Serialize};

use super::super::resource_id::is_resource_id;
use super::images;
use crate::error::ApiError;

/// A reference to a VM image.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ImageReference {
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_machine_image_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_gallery_image_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    community_gallery_image_id: Option<String>,
}

impl ImageReference {
    /// Creates a reference to the latest version of a marketplace image.
    pub(crate) fn of(publisher: &str, offer: &str, sku: &str) -> Self {
        Self {
            publisher: Some(publisher.to_owned()),
            offer: Some(offer.to_owned()),
            sku: Some(sku.to_owned()),
            version: Some("latest".to_owned()),
            virtual_machine_image_id: None,
            shared_gallery_image_id: None,
            community_gallery_image_id: None,
        }
    }
}

/// The forms of a custom image's id after `providers`.
const CUSTOM_IMAGES: &[&[&str]] = &[
    &["Microsoft.Compute", "images", "*"],
    &["Microsoft.Compute", "galleries", "*", "images", "*"],
    &["Microsoft.Compute", "galleries", "*", "images", "*", "versions", "*"],
];

impl ImageReference {
    /// Checks the reference and returns the node agent that the image needs; any fits a custom
    /// image.
    ///
    /// A recording of azure-sdk-for-python (test_batch.test_batch_create_pools.yaml) shows the
    /// error for the id of a custom image.
    pub(super) fn agent(&self) -> Result<Option<&'static str>, ApiError> {
        let marketplace = [&self.publisher, &self.offer, &self.sku];
        let custom = [
            &self.virtual_machine_image_id,
            &self.shared_gallery_image_id,
            &self.community_gallery_image_id,
        ];
        match custom.into_iter().flatten().count() {
            0 => self.marketplace_agent().map(Some),
            1 if marketplace.into_iter().all(Option::is_none) => self.check_custom().map(|()| None),
            _ => {
                let reason = "the kinds of references to an image are mutually exclusive";
                Err(ApiError::invalid_property("imageReference", "", reason))
            }
        }
    }

    fn marketplace_agent(&self) -> Result<&'static str, ApiError> {
        let part = |name, value: &'_ Option<String>| match value.as_deref() {
            Some(value) => Ok(value.to_owned()),
            None => Err(ApiError::missing_property(name)),
        };
        let publisher = part("publisher", &self.publisher)?;
        let offer = part("offer", &self.offer)?;
        let sku = part("sku", &self.sku)?;
        images::find(&publisher, &offer, &sku).map(|offer| offer.agent).ok_or_else(|| {
            let value = format!("{publisher} {offer} {sku}");
            let reason =
                "the specified image is not supported; List Supported Images has those that are";
            ApiError::invalid_property("imageReference", &value, reason)
        })
    }

    fn check_custom(&self) -> Result<(), ApiError> {
        let is_image = |id: &String| CUSTOM_IMAGES.iter().any(|form| is_resource_id(id, form));
        let is_gallery = |id: &String, begin: &str| {
            let rest = id.get(..begin.len()).filter(|head| head.eq_ignore_ascii_case(begin));
            rest.is_some() && id.to_ascii_lowercase().contains("/images/")
        };
        let invalid = |name, id: &String, form| {
            let reason = format!("The specified resource id must be of the format {form}");
            Err(ApiError::invalid_property(name, id, &reason))
        };
        if let Some(id) = self.virtual_machine_image_id.as_ref().filter(|id| !is_image(id)) {
            let form = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/images/{image}, or of a gallery's image or version";
            return invalid("virtualMachineImageId", id, form);
        }
        let shared = self.shared_gallery_image_id.as_ref();
        if let Some(id) = shared.filter(|id| !is_gallery(id, "/sharedGalleries/")) {
            return invalid(
                "sharedGalleryImageId",
                id,
                "/sharedGalleries/{gallery}/images/{image}",
            );
        }
        let community = self.community_gallery_image_id.as_ref();
        if let Some(id) = community.filter(|id| !is_gallery(id, "/communityGalleries/")) {
            let form = "/communityGalleries/{gallery}/images/{image}";
            return invalid("communityGalleryImageId", id, form);
        }
        Ok(())
    }
}
