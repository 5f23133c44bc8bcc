//! The images that pools can use, and the node agents for them.
//!
//! The list joins those of recordings of List Supported Images, of 2020
//! ([azure-cli](https://github.com/Azure/azure-cli), test_batch_pools_and_nodes.yaml) and of 2022
//! ([azure-sdk-for-python](https://github.com/Azure/azure-sdk-for-python),
//! test_batch.test_batch_create_pools.yaml), with the images of Microsoft's present examples.
//! Images that have left the service remain: the examples of older clients use them.

/// The images of an offer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) publisher: &'static str,
    pub(crate) offer: &'static str,
    /// The SKUs that exist; `*` stands for the names of [`is_windows_sku`].
    pub(crate) skus: &'static [&'static str],
    pub(crate) agent: &'static str,
    /// Whether the images include a container runtime.
    pub(crate) containers: bool,
}

macro_rules! offers {
    ($($publisher:literal $offer:literal [$($sku:literal)*] $agent:literal $containers:literal;)*) => {
        &[$(Offer {
            publisher: $publisher,
            offer: $offer,
            skus: &[$($sku),*],
            agent: $agent,
            containers: $containers,
        }),*]
    };
}

/// The supported offers.
pub(crate) const OFFERS: &[Offer] = offers! {
    "canonical" "ubuntu-24_04-lts" ["server" "server-gen1" "minimal"] "batch.node.ubuntu 24.04" false;
    "canonical" "0001-com-ubuntu-server-jammy" ["22_04-lts" "22_04-lts-gen2"] "batch.node.ubuntu 22.04" false;
    "canonical" "0001-com-ubuntu-server-focal" ["20_04-lts" "20_04-lts-gen2"] "batch.node.ubuntu 20.04" false;
    "canonical" "ubuntuserver" ["18.04-lts" "18_04-lts-gen2"] "batch.node.ubuntu 18.04" false;
    "canonical" "ubuntuserver" ["16.04-lts" "16.04.0-lts" "16_04-lts-gen2"] "batch.node.ubuntu 16.04" false;
    "microsoft-dsvm" "ubuntu-hpc" ["2404"] "batch.node.ubuntu 24.04" true;
    "microsoft-dsvm" "ubuntu-hpc" ["2204" "2204-preview-ndv5"] "batch.node.ubuntu 22.04" true;
    "microsoft-dsvm" "ubuntu-hpc" ["2004"] "batch.node.ubuntu 20.04" true;
    "microsoft-dsvm" "ubuntu-hpc" ["1804"] "batch.node.ubuntu 18.04" false;
    "microsoft-dsvm" "ubuntu-1804" ["1804"] "batch.node.ubuntu 18.04" false;
    "microsoft-dsvm" "ubuntu-2004" ["2004" "2004-gen2"] "batch.node.ubuntu 20.04" false;
    "microsoft-azure-batch" "ubuntu-server-container" ["20-04-lts"] "batch.node.ubuntu 20.04" true;
    "microsoft-azure-batch" "ubuntu-server-container" ["16-04-lts"] "batch.node.ubuntu 16.04" true;
    "microsoft-azure-batch" "ubuntu-server-container-rdma" ["20-04-lts"] "batch.node.ubuntu 20.04" true;
    "microsoft-azure-batch" "ubuntu-server-container-rdma" ["16-04-lts"] "batch.node.ubuntu 16.04" true;
    "microsoft-azure-batch" "centos-container" ["7-4" "7-5" "7-6" "7-7" "7-8"] "batch.node.centos 7" true;
    "microsoft-azure-batch" "centos-container-rdma" ["7-4" "7-6" "7-7" "7-8"] "batch.node.centos 7" true;
    "almalinux" "almalinux" ["8_4" "8_4-gen2" "8_5" "8_5-gen2" "8-gen1" "8-gen2"] "batch.node.el 8" false;
    "almalinux" "almalinux-x86_64" ["8-gen1" "8-gen2"] "batch.node.el 8" false;
    "almalinux" "almalinux-x86_64" ["9-gen1" "9-gen2"] "batch.node.el 9" false;
    "almalinux" "almalinux" ["9-gen1" "9-gen2"] "batch.node.el 9" false;
    "almalinux" "almalinux-hpc" ["8_5-hpc" "8_5-hpc-gen2" "8_6-hpc" "8_6-hpc-gen2" "8_7-hpc-gen1" "8_7-hpc-gen2" "8_10-hpc-gen2"] "batch.node.el 8" true;
    "debian" "debian-10" ["10"] "batch.node.debian 10" false;
    "debian" "debian-11" ["11" "11-gen2"] "batch.node.debian 11" false;
    "debian" "debian-12" ["12" "12-gen2"] "batch.node.debian 12" false;
    "credativ" "debian" ["8"] "batch.node.debian 8" false;
    "credativ" "debian" ["9"] "batch.node.debian 9" false;
    "openlogic" "centos" ["7.3" "7.4" "7.5" "7.6" "7.7" "7_8" "7_8-gen2" "7_9" "7_9-gen2"] "batch.node.centos 7" false;
    "openlogic" "centos" ["8_1" "8_2" "8_2-gen2"] "batch.node.centos 8" false;
    "openlogic" "centos-hpc" ["7.3" "7.4" "7.6" "7.7" "7_7-gen2" "7_9" "7_9-gen2"] "batch.node.centos 7" false;
    "oracle" "oracle-linux" ["7.4" "78"] "batch.node.centos 7" false;
    "oracle" "oracle-linux" ["81"] "batch.node.el 8" false;
    "batch" "rendering-centos73" ["rendering"] "batch.node.centos 7" false;
    "batch" "rendering-windows2016" ["rendering"] "batch.node.windows amd64" false;
    "microsoft-dsvm" "dsvm-win-2019" ["server-2019" "winserver-2019"] "batch.node.windows amd64" false;
    "microsoft-dsvm" "dsvm-win-2022" ["winserver-2022"] "batch.node.windows amd64" false;
    "microsoftwindowsserver" "windowsserver" ["2025-datacenter" "2022-datacenter" "2022-datacenter-g2" "2022-datacenter-core" "2022-datacenter-core-g2" "2019-datacenter" "2019-datacenter-core" "2019-datacenter-core-with-containers" "2016-datacenter" "*"] "batch.node.windows amd64" false;
};

/// Returns the offer that has an image. The parts are compared without regard to case.
pub(super) fn find(publisher: &str, offer: &str, sku: &str) -> Option<&'static Offer> {
    let sku = sku.to_ascii_lowercase();
    OFFERS.iter().find(|one| {
        one.publisher.eq_ignore_ascii_case(publisher)
            && one.offer.eq_ignore_ascii_case(offer)
            && one.skus.iter().any(|known| *known == sku || *known == "*" && is_windows_sku(&sku))
    })
}

/// Returns whether a node agent exists.
pub(super) fn is_agent(name: &str) -> bool {
    OFFERS.iter().any(|offer| offer.agent == name)
}

/// Returns whether a name is built as those of Windows Server's images, of which there are more
/// than a hundred: `2019-datacenter-core-with-containers-g2`.
fn is_windows_sku(sku: &str) -> bool {
    const YEARS: &[&str] = &["2008", "2012", "2016", "2019", "2022", "2025"];
    const RELEASES: &[&str] = &["1903", "1909", "2004", "20h2"];
    const WORDS: &[&str] = &[
        "r2",
        "sp1",
        "datacenter",
        "core",
        "with",
        "containers",
        "smalldisk",
        "gensecond",
        "g2",
        "gs",
        "azure",
        "edition",
        "hotpatch",
    ];
    let mut words = sku.split('-');
    let edition = sku.starts_with("2008-r2-sp1") || words.clone().any(|word| word == "datacenter");
    let begins = words.next().is_some_and(|first| YEARS.contains(&first) || first == "datacenter");
    begins && edition && words.all(|word| WORDS.contains(&word) || RELEASES.contains(&word))
}
