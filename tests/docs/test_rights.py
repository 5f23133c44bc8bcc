"""Holds the table of rights in docs/deploy.md to what the template needs them for."""

import json
import re
import unittest

from pages import page, rows
from project import template

SECTION = "Rights"


def actions() -> dict[str, str]:
    """Gives the row of each action in the table: choice and scope."""
    found: dict[str, str] = {}
    for choice, action, scope in rows(page("docs/deploy.md").section(SECTION)):
        for name in re.findall(r"`([^`]+/(?:action|read|write|\*))`", action):
            found[name] = found.get(name, "") + f"{choice}: {scope}\n"
    return found


class Rights(unittest.TestCase):
    def test_what_the_template_does_beyond_its_resources_is_in_the_table(self) -> None:
        text = json.dumps(template())
        needed = {
            "Microsoft.Resources/deployments/*": "Microsoft.Resources/deployments",
            "Microsoft.Authorization/roleAssignments/write": "Microsoft.Authorization/roleAssignments",
            "Microsoft.Authorization/roleDefinitions/write": "Microsoft.Authorization/roleDefinitions",
            "Microsoft.Network/virtualNetworks/subnets/join/action": "functionSubnetId",
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action": "vnetSubnetResourceId",
            "Microsoft.Network/privateDnsZones/join/action": "privateDnsZoneGroups",
        }
        for action, because in needed.items():
            self.assertIn(because, text, f"{action} is not needed any more")
            self.assertIn(action, actions())

    def test_the_table_says_how_to_see_what_one_has(self) -> None:
        self.assertIn("/providers/Microsoft.Authorization/permissions?", page("docs/deploy.md").section(SECTION))


if __name__ == "__main__":
    unittest.main()
