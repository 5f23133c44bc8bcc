"""Edge values of every text parameter: empty, blank, longest, other case, trailing separators, equal names.

`accepted` values deploy like the plain value; `rejected` values are rejected before anything is created.
"""

from typing import Any, NamedTuple

from matrix import AZURE_DEVOPS, KEY, NETWORK, ROUTES, ZONES

PACKAGE = "https://github.com/octo/mayfly/releases/download/v1.2.3/released-package.zip"
ENTERPRISE = {"runnerScope": "enterprise", "githubEnterprise": "octo-corp"}
EXISTING = {"virtualNetworkResourceId": NETWORK}
ROUTED = {"egress": "existing"}
APP = {"githubAppId": "12345", "githubAppPrivateKey": KEY, "githubToken": ""}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
# Invalid names of subnets.
NAMES = ["", " ", "a b", "-pool", "pool-", "pool.", "po/ol", "pöl", "p" * 81]


class EdgeValues(NamedTuple):
    """Values of one parameter, and the other values that they need: in the template, and on the page."""

    accepted: list[Any]
    rejected: list[Any]
    parameters: dict[str, Any] = {}
    page_values: dict[str, Any] = {}


# One number for all hours, or one for each hour of the week.
TABLES = {
    f"{pool}{table}Nodes": EdgeValues(
        ["0", "12", "0,12,500", ",".join(["500"] * 168)], ["", ",".join(["50"] * 225)], {}, {f"{pool}Nodes": "weekly"}
    )
    for pool in ("ubuntu", "windows")
    for table in ("Hour", "Spare", "Start")
}

EDGE_VALUES: dict[str, EdgeValues] = {
    **TABLES,
    "allowedRepositories": EdgeValues(
        ["octo/*", " octo/* ", "octo/*,", "octo/*,,acme/x", "octo/* acme/x", "OCTO/*", ", octo/*", "*/*", "octo/" + "r" * 100],
        ["", " ", ",", "octo", "octo/*, acme", "octo/", "/repo", "octo/*,/", "octo/*,!octo/secret", "https://github.com/octo/app", "@octo/app", "octo/app[12]", "octo/{a,b}"],
    ),
    "githubToken": EdgeValues(["g" * 20, "g" * 255], ["", " ", "g" * 19, "g" * 20 + ",", "g" * 20 + " g"]),
    "githubAppId": EdgeValues(["12345", "Iv23liAbc", "Iv1.abc"], [" ", "12 345", "12345,", ",12345", "1,,2", "ä"], APP, {"credential": "app"}),
    "githubAppPrivateKey": EdgeValues([KEY, KEY.replace("PRIVATE", "RSA PRIVATE")], ["", " ", "key", KEY[5:], KEY[:30]], APP, {"credential": "app"}),
    "githubWebhookSecret": EdgeValues(["s" * 20, "s" * 255], ["", " ", "s" * 19, "s" * 20 + ",b", "s" * 20 + " "]),
    "githubEnterprise": EdgeValues(["octo-corp", "OCTO_corp", "o"], ["", " ", "octo corp", "octo/", "öcto"], ENTERPRISE),
    "githubApiUrl": EdgeValues(
        ["https://api.github.com", "https://api.github.com/", "https://API.github.com"],
        ["", " ", "https://", "http://api.github.com", "api.github.com", "https://api.github.com /", "https://ghes.example/api/v3"],
    ),
    "githubHookRanges": EdgeValues(
        ["", " ", ",", "192.0.2.0/24", "192.0.2.0/24,", " 192.0.2.0/24 , 2a0a:a440::/29 ", "192.0.2.0/24,,198.51.100.7/32", "meta", "META"],
        ["192.0.2.0", "192.0.2.0/33", "300.0.2.0/24", "192.0.2.0/24;198.51.100.0/24", "any", "192.0.2.0/24 198.51.100.7/32"],
    ),
    "runnerGroup": EdgeValues(["Default", "Grün & Söhne", "g" * 100], ["", " "]),
    "runnerProfiles": EdgeValues(["", "[]", ' [{"name": "big"}] '], [" ", "{}", "big", "null", '[{"name": }]']),
    "azureDevOpsUrl": EdgeValues(
        ["https://dev.azure.com/contoso", "https://contoso.visualstudio.com/"], [" ", "dev.azure.com/contoso", "http://dev.azure.com/contoso"], AZURE_DEVOPS
    ),
    "azureDevOpsToken": EdgeValues(["t" * 20, "t" * 84], ["", " ", "t" * 19, "t" * 20 + " "], AZURE_DEVOPS | {"azureDevOpsCredential": "token"}),
    "azureDevOpsHookPassword": EdgeValues(["p" * 20, "p" * 255], ["", " ", "p" * 19, "p" * 20 + ",b"], AZURE_DEVOPS | {"azureDevOpsHook": True}),
    "httpsProxy": EdgeValues(
        ["", "http://proxy:3128", "https://proxy:3128/", "http://10.0.0.4:3128"],
        [" ", "proxy:3128", "http://", "http://user:pass@proxy:3128", "socks5://proxy", "http://proxy:3128 "],
    ),
    "extraCaCertificates": EdgeValues(["", CERTIFICATE, f"# ours\n{CERTIFICATE}"], [" ", "MII", "-----BEGIN PRIVATE KEY-----"]),
    "deploymentName": EdgeValues(["gh", "g", "a1b2c3d4e5f6"], ["", " ", "GH", "gh-1", "gh_", "ä", "a" * 13, "gh "]),
    "operatorRanges": EdgeValues(
        ["", "  ", "203.0.113.0/24", "203.0.113.0/24,", " 203.0.113.0/24 , 198.51.100.7/32 ", "2001:db8::/32", ",,"],
        ["203.0.113.0", "203.0.113.0/24;", "me", "203.0.113.0/99"],
    ),
    "packageUri": EdgeValues(
        [PACKAGE, "https://mirror.example/released-package.zip"],
        ["https://unstamped.invalid/released-package.zip", "", " ", PACKAGE.replace("https", "http"), PACKAGE + "/", PACKAGE + " ", PACKAGE.upper(), "https://", "released-package.zip"],
    ),
    "virtualNetworkResourceId": EdgeValues(
        ["", NETWORK, NETWORK + "/", NETWORK.replace("resourceGroups", "resourcegroups"), NETWORK.upper()],
        [" ", "corporate", NETWORK + "//", NETWORK + "/subnets/pool", NETWORK.replace("-00000000bbbb", "-00000000cccc"), ROUTES],
    ),
    "virtualNetworkAddressPrefix": EdgeValues(["10.77.0.0/22", "10.0.0.0/8"], ["", " ", "10.77.0.0", "10.77.0.0/7", "10.77.0.0/30", "fd00::/48", "10.77.0.0/22,"]),
    "poolSubnetName": EdgeValues(["pool", "Pool_1", "p", "p" * 80], [*NAMES, "FUNCTION", "endpoint"]),
    "poolSubnetPrefix": EdgeValues(["10.77.0.0/24", "10.77.0.0/28"], ["", "10.77.0.0", "10.77.0.0/29", "10.77.0.0/32", "fd00::/64", "10.77.0.0/24 "]),
    "functionSubnetName": EdgeValues(["function", "fn-1", "f"], [*NAMES, "fn_1", "Pool"]),
    "functionSubnetPrefix": EdgeValues(["10.77.1.0/26", "10.77.1.0/27"], ["", " ", "10.77.1.0", "10.77.1.0/28", "fd00::/64"]),
    "endpointSubnetName": EdgeValues(["endpoint", "E_1"], [*NAMES, "POOL", "Function"]),
    "endpointSubnetPrefix": EdgeValues(["10.77.1.64/27", "10.77.1.64/28"], ["", " ", "10.77.1.64", "10.77.1.64/29", "fd00::/64"]),
    "routeTableResourceId": EdgeValues(
        [ROUTES, ROUTES + "/", ROUTES.upper()], ["", " ", "firewall", ROUTES + "//", ROUTES + "/routes/x", NETWORK], ROUTED
    ),
    "privateDnsZonesResourceGroupId": EdgeValues(
        ["", "none", "None", ZONES, ZONES + "/", ZONES.replace("resourceGroups", "RESOURCEGROUPS")],
        [" ", "names", "no", ZONES + "//", ZONES + "/providers/Microsoft.Network/privateDnsZones/x", ZONES[1:]],
        EXISTING,
        {"which": "existing", "virtualNetwork": {"id": NETWORK}, "zones": "existing"},
    ),
    "ubuntuPoolName": EdgeValues(["ubuntu", "Ubuntu-2", "u_1", "u" * 64], ["", " ", "u/1", "u.1", "ü", "u" * 65, "windows", "WINDOWS"]),
    "ubuntuVmSize": EdgeValues(["Standard_D2ds_v5", "standard_d2ds_v5", "Standard_D16-8ds_v5"], ["", " ", "D2ds_v5", "Standard_", "Standard_D2 v5"]),
    "windowsPoolName": EdgeValues(["windows", "W-2", "w" * 64], ["", " ", "w/1", "w" * 65, "ubuntu", "Ubuntu"]),
    "windowsVmSize": EdgeValues(["Standard_D4ds_v5", "STANDARD_D4DS_V5"], ["", " ", "D4ds_v5", "Standard_", "Standard_D4ds_v5 "]),
    "warmWeekdays": EdgeValues(["1-5", "7-4", "3-3"], ["", "1-8", "9-0", "0-5", "abc", "1.5", "5", "1-15", " - "]),
    "windowsDockerMirror": EdgeValues(["", "https://mirror.example/docker", "https://mirror.example"], [" ", "http://mirror.example", "mirror", "https://", "https://a b"]),
    "runnerVersion": EdgeValues(["2.338.0", "3.0.12"], ["", " ", "2.338", "2.338.0.1", "v2.338.0", "2..0", "2.338.0 ", "latest"]),
    "alertEmail": EdgeValues(["", "ops@example.com", "Ops+x@sub.example.com"], [" ", "ops", "ops@", "@example.com", "ops@example", "a@b.c,d@e.f", "ops @example.com"]),
}
# Values for which the page is stricter, or leaves the check to the template in its last step.
DIFFERENCES: dict[tuple[str, Any], str] = {
    ("runnerProfiles", '[{"name": }]'): "a pattern cannot parse JSON; the template does when the page validates",
    ("poolSubnetPrefix", "10.77.0.0/29"): "the number of addresses is chosen in a later step",
}
# Not typed on the page but selected from a list.
SELECTED_FROM_A_LIST = {"virtualNetworkResourceId", "routeTableResourceId"}
