"""Redeploys each deployment of the matrix, with the same parameters and with changed ones."""

import unittest
from typing import Any

from deployment.deployment import Deployment
from deployment.place import Place
from matrix import NETWORK, REQUIRED, ROUTES, ZONES, choices
from mutations import Mutation, mutated, put, section
from project import Project, read_project
from redeployment import effects

# The values of `again` and of the portal page from the second deployment on: no secrets, and no existing pool.
AGAIN = {"keepSecrets": True, "create_UbuntuBatchPool": False, "create_WindowsBatchPool": False}
ENDPOINTS = ("batch", "blob", "nodes", "queue", "registry", "vault")
ZONE_NAMES = (
    "privatelink.azurecr.io",
    "privatelink.batch.azure.com",
    "privatelink.blob.core.windows.net",
    "privatelink.queue.core.windows.net",
    "privatelink.vaultcore.azure.net",
)
NAME = "mayflyvjisytkwugtou"


class Changes(unittest.TestCase):
    def setUp(self) -> None:
        self.project = read_project()
        self.maxDiff = None

    def test_the_same_parameters_change_nothing(self) -> None:
        for name, values in choices():
            with self.subTest(name):
                self.assertEqual(self.effects(values, values), [])

    def test_redeploying_an_existing_pool_is_rejected(self) -> None:
        for name, values in choices():
            pools = [one.name for one in self.deployed(values).deployed if one.kind.endswith("/pools")]
            rejections = sorted(f"rejected: pools {pool.rpartition('/')[2]} while it has nodes (PropertyCannotBeUpdated)" for pool in pools)
            with self.subTest(name):
                again = effects(self.deployed(values), self.deployed(values | {"keepSecrets": True}))
                self.assertEqual(again, rejections)

    def test_changed_parameters_have_known_effects(self) -> None:
        left = [f"left: privateDnsZones {zone}" for zone in ZONE_NAMES]
        groups = ["left: privateDnsZoneGroups default"]
        gateway = [f"left: natGateways {NAME}", f"left: publicIPAddresses {NAME}"]
        settings, rules = f"replaced: sites {NAME} appSettings", f"replaced: sites {NAME} ipSecurityRestrictions"
        no_gateway = ["removed: subnets function natGateway", "removed: subnets pool natGateway"]
        for change, expected in (
            ({"ubuntuMaxNodes": 20, "functionMemoryMB": 2048, "osDiskSizeGB": 256, "alertEmail": "a@b.example"}, []),
            ({"tags": {"costCenter": "4711"}}, []),
            ({"maxJobHours": 12}, [settings]),
            ({"ubuntuPoolName": "ubuntu-2"}, ["left: pools ubuntu", settings]),
            ({"githubHookRanges": "203.0.113.0/24"}, [settings, rules]),
            ({"operatorRanges": "203.0.113.0/24"}, [settings, rules, f"replaced: sites {NAME} scmIpSecurityRestrictions"]),
            ({"routeTableResourceId": ROUTES}, []),
            ({"egress": "existing", "routeTableResourceId": ROUTES}, [*gateway, *no_gateway, rules]),
            ({"privateDnsZonesResourceGroupId": ZONES}, [*left, "replaced: privateDnsZoneGroups default privateDnsZoneConfigs"]),
            ({"privateDnsZonesResourceGroupId": "none"}, [*groups, *left]),
            ({"poolSubnetPrefix": "10.77.2.0/24"}, ["rejected: subnets pool changes addressPrefix"]),
            ({"virtualNetworkAddressPrefix": "10.77.0.0/21"}, [f"replaced: virtualNetworks {NAME} addressSpace"]),
            (
                {"isolation": "public"},
                [
                    *gateway, *groups, *left,
                    *(f"left: privateEndpoints {NAME}-{one}" for one in ENDPOINTS),
                    f"rejected: registries {NAME} changes its SKU while it has private endpoints",
                    "removed: subnets pool natGateway",
                    rules,
                    f"replaced: sites {NAME} virtualNetworkSubnetId",
                ],
            ),
        ):
            with self.subTest(change=change):
                self.assertEqual(self.effects(REQUIRED, REQUIRED | change, "ubuntuPoolName" in change), sorted(expected))

    def test_endpoints_reject_another_network(self) -> None:
        found = self.effects(REQUIRED, REQUIRED | {"virtualNetworkResourceId": NETWORK})
        self.assertLessEqual({f"rejected: privateEndpoints {NAME}-{one} changes subnet" for one in ENDPOINTS}, set(found))

    def test_another_region_is_rejected(self) -> None:
        moved = self.deployed(REQUIRED | AGAIN | {"location": "westeurope"})
        found = effects(self.deployed(REQUIRED), moved)
        self.assertIn(f"rejected: batchAccounts {NAME} changes its location", found)

    def test_two_deployments_of_one_group_share_nothing(self) -> None:
        other = self.deployed(REQUIRED | {"deploymentName": "two", "privateDnsZonesResourceGroupId": Place().id, "virtualNetworkResourceId": NETWORK})
        first = {one.id.lower() for one in self.deployed(REQUIRED).deployed}
        self.assertEqual(first & {one.id.lower() for one in other.deployed}, set())

    def test_omitted_tags_are_removed(self) -> None:
        tagged = REQUIRED | {"tags": {"costCenter": "4711"}}
        self.assertEqual(self.effects(tagged, REQUIRED), ["removed: tag costCenter"])

    def test_harmful_changes_of_the_template_are_found(self) -> None:
        inline = put("Microsoft.Network/virtualNetworks", "properties/subnets", [])
        without = section("variables", "egressOfSubnets", "[if(true(), variables('natGateway'), variables('routeTable'))]")
        renamed = put("Microsoft.Authorization/roleAssignments", "properties/roleDefinitionId", "[variables('roles').acrPull]")
        routed = REQUIRED | {"egress": "existing", "routeTableResourceId": ROUTES}
        for mutate, values, expected in (
            (inline, REQUIRED, f"removed: every one of virtualNetworks {NAME} subnets that the template does not list"),
            (without, routed, "removed: subnets pool routeTable"),
            (renamed, REQUIRED, "changes roleDefinitionId"),
        ):
            after = Deployment(mutated(self.project, Mutation("", mutate, "")).template, values | AGAIN)
            self.assertTrue(any(expected in line for line in effects(self.deployed(values), after)), expected)

    def effects(self, before: dict[str, Any], after: dict[str, Any], new_pool: bool = False) -> list[str]:
        """Deploys twice; a pool with a new name is created."""
        again = AGAIN | ({"create_UbuntuBatchPool": True} if new_pool else {})
        return effects(self.deployed(before), self.deployed(after | again))

    def deployed(self, values: dict[str, Any], project: Project | None = None) -> Deployment:
        return Deployment((project or self.project).template, values)


if __name__ == "__main__":
    unittest.main()
