//! Names of VM sizes.
//!
//! The service refuses a name that is no size:
//! [azure-batch-cli-extensions#119](https://github.com/Azure/azure-batch-cli-extensions/issues/119)
//! shows it for `STANDARD_DS64_v3`. Which sizes it takes depends on the region and changes, so here
//! a name must only follow the
//! [naming conventions](https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions):
//! family, cores, features, accelerator and version.

/// A family of sizes, its versions (0: without one), and whether sizes without a version have
/// features.
struct Family(&'static str, &'static [u32], bool);

/// The published families.
const FAMILIES: &[Family] = &[
    Family("a", &[0, 2], false),
    Family("b", &[0, 2], true),
    Family("d", &[0, 2, 3, 4, 5, 6, 7], false),
    Family("dc", &[0, 2, 3, 5, 6], true),
    Family("ds", &[0, 2], false),
    Family("e", &[3, 4, 5, 6, 7], false),
    Family("ec", &[5, 6], false),
    Family("f", &[0, 2, 6, 7], true),
    Family("fx", &[0, 2], true),
    Family("g", &[0], false),
    Family("gs", &[0], false),
    Family("h", &[0], true),
    Family("hb", &[0, 2, 3, 4, 5], true),
    Family("hc", &[0], true),
    Family("hx", &[0], true),
    Family("l", &[0, 2, 3, 4], true),
    Family("m", &[0, 2, 3], true),
    Family("nc", &[0, 2, 3, 4, 5, 6], true),
    Family("ncc", &[5], false),
    Family("nd", &[0, 2, 3, 4, 5, 6], true),
    Family("ng", &[1], false),
    Family("np", &[0], true),
    Family("nv", &[0, 3, 4, 5], true),
    Family("pb", &[0], true),
];

/// The features of a size, one letter each: AMD, block storage, disk, TDX, isolated, low memory,
/// memory, secondary network, Arm, RDMA, premium storage, tiny memory, extra memory.
const FEATURES: &str = "abdeilmnoprstx";

/// The greatest number of cores of a size, rounded up.
const MAX_CORES: u32 = 2_000;

/// Returns whether a name is that of a VM size, in any case.
pub(super) fn is_vm_size(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut parts = name.split('_');
    if parts.next() != Some("standard") {
        return false;
    }
    let Some((family, features)) = parts.next().and_then(series) else { return false };
    let mut rest: Vec<&str> = parts.collect();
    rest.pop_if(|last| *last == "promo");
    let version = rest.pop_if(|last| version(last).is_some());
    let version = version.and_then(version_number).unwrap_or(0);
    let Some(Family(_, versions, bare_features)) = FAMILIES.iter().find(|one| one.0 == family)
    else {
        return false;
    };
    let plain = version == 0 && !bare_features || family == "ds";
    versions.contains(&version)
        && (features.is_empty() || !plain)
        && rest.len() <= 2
        && rest.iter().all(|part| is_accelerator(part))
}

/// Splits the part of family, cores and features; the cores must be plausible.
fn series(part: &str) -> Option<(&str, &str)> {
    let (family, rest) = part.split_at(part.find(|c: char| c.is_ascii_digit())?);
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
    let (cores, features) = rest.split_at(end);
    let (all, active) = cores.split_once('-').unwrap_or((cores, cores));
    let (all, active): (u32, u32) = (all.parse().ok()?, active.parse().ok()?);
    // Only the oldest size, A0, shares a core.
    let fits = active <= all && all <= MAX_CORES && (active > 0 || part == "a0");
    let known = |(index, letter): (usize, char)| {
        FEATURES.contains(letter) && !features[..index].contains(letter)
    };
    (fits && features.char_indices().all(known)).then_some((family, features))
}

fn version(part: &str) -> Option<&str> {
    part.strip_prefix('v').filter(|number| number.len() == 1)
}

fn version_number(part: &str) -> Option<u32> {
    version(part)?.parse().ok()
}

/// Returns whether a part names an accelerator, such as `a100`, confidential computing, or the
/// memory of a size of the M series.
fn is_accelerator(part: &str) -> bool {
    let starts_with_letter = part.starts_with(|c: char| c.is_ascii_lowercase());
    let model = starts_with_letter && part.ends_with(|c: char| c.is_ascii_digit() || c == 'x');
    let memory = part.len() <= 2 && part.parse::<u8>().is_ok_and(|size| size > 0);
    model || memory || part == "cc" || part == "ndr"
}

#[cfg(test)]
mod tests {
    use super::is_vm_size;

    #[test]
    fn published_sizes_are_known() {
        let sizes = "Standard_D2s_v3 STANDARD_D2S_V5 standard_a1_v2 Standard_A1 Standard_A0 \
            Standard_A11 Standard_A2m_v2 Standard_B1ls Standard_B2ats_v2 Standard_B2pls_v2 \
            Standard_D1 Standard_D14_v2 Standard_D2_v2_Promo Standard_D2ds_v5 Standard_D4ds_v5 \
            Standard_D2a_v4 Standard_D2as_v4 Standard_D96ads_v5 Standard_D2plds_v5 \
            Standard_D2alds_v6 Standard_D192s_v6 Standard_DS1 Standard_DS1_v2 Standard_DS11-1_v2 \
            Standard_DC2s Standard_DC2s_v2 Standard_DC2as_cc_v5 Standard_DC2eds_v5 \
            Standard_E2_v3 Standard_E64is_v3 Standard_E80ids_v4 Standard_E2bds_v5 \
            Standard_E4-2ads_v5 Standard_E96ias_v4 Standard_EC96ias_v5 Standard_F1 Standard_F16s \
            Standard_F2s_v2 Standard_F2ams_v6 Standard_FX4mds Standard_FX12ms_v2 Standard_G5 \
            Standard_GS4-4 Standard_H16mr Standard_H8_Promo Standard_HB60-15rs \
            Standard_HB120rs_v2 Standard_HB120-96rs_v3 Standard_HB368rs_v5 Standard_HC44rs \
            Standard_HX176-24rs Standard_L4s Standard_L8s_v2 Standard_L8as_v3 Standard_L2aos_v4 \
            Standard_M8-2ms Standard_M208s_v2 Standard_M192idms_v2 Standard_M48s_1_v3 \
            Standard_M832ixs_12_v3 Standard_NC6 Standard_NC24rs_v3 Standard_NC4as_T4_v3 \
            Standard_NC24ads_A100_v4 Standard_NC80adis_H100_v5 Standard_NCC40ads_H100_v5 \
            Standard_ND40rs_v2 Standard_ND96amsr_A100_v4 Standard_ND96isr_MI300X_v5 \
            Standard_ND128isr_NDR_GB200_v6 Standard_NV6_Promo Standard_NV4as_v4 \
            Standard_NV6ads_A10_v5 Standard_NV28adms_V710_v5 Standard_NG8ads_V620_v1 \
            Standard_NP10s Standard_PB6s";
        for size in sizes.split_whitespace() {
            assert!(is_vm_size(size), "{size}");
        }
    }

    #[test]
    fn other_names_are_no_sizes() {
        let names = [
            "",
            "nonsense",
            "small",
            "D2s_v5",
            "Standard",
            "Standard_",
            "Standard_D",
            "Standard_Ds_v5",
            "Standard_D0s_v5",
            "Standard_D2s",
            "Standard_D2s_v1",
            "Standard_D2s_v99",
            "Standard_D2ss_v5",
            "Standard_D2q_v5",
            "Standard_D2s_v5_extra",
            "Standard_D2s-v5",
            "Standard_D2s_v5 ",
            "Standard_D99999s_v5",
            "Standard_D2-4s_v5",
            "STANDARD_DS64_v3",
            "Standard_E2",
            "Standard_Q2s_v5",
            "Standard_LRS",
            "Basic_A1",
            "Premium_D2s_v5",
        ];
        for name in names {
            assert!(!is_vm_size(name), "{name}");
        }
    }
}
