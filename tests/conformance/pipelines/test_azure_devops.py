"""Drives the emulated Azure Pipelines by azure-devops 7.1.0b4 from PyPI, Microsoft's client for Python, unchanged.

    tests/.venv-azure-devops/bin/python -m unittest discover --start-directory tests/conformance/pipelines
"""

import json
import sys
import tempfile
import threading
import unittest
import urllib.request
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

sys.path.append(str(Path(__file__).resolve().parents[1]))

from azure.devops import _file_cache  # noqa: E402
from azure.devops.connection import Connection  # noqa: E402
from azure.devops.exceptions import AzureDevOpsServiceError  # noqa: E402
from azure.devops.v7_1.service_hooks import models as hook_models  # noqa: E402
from azure.devops.v7_1.task_agent import models  # noqa: E402
from msrest.authentication import BasicAuthentication, BasicTokenAuthentication  # noqa: E402
from program import Emulator, emulate  # noqa: E402

TOKEN = "pat-of-the-emulator"
# Two numbers of the lengths of a key of 2,048 bits, in base64.
KEY = models.TaskAgentPublicKey(exponent="AQAB", modulus=b64encode(b"\xa5" * 256).decode())
EVENT = "ms.vss-pipelines.job-state-changed-event"


class Organization(unittest.TestCase):
    """An emulated organization for all tests of a class."""

    emulator: ClassVar[Emulator]

    @classmethod
    def setUpClass(cls) -> None:
        # The client keeps what it learns in files of the user, for an hour.
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        for cache in (_file_cache.OPTIONS_CACHE, _file_cache.RESOURCE_CACHE):
            cache.file_name = f"{folder}/{Path(cache.file_name).name}"
        cls.emulator = cls.enterClassContext(emulate("pipelines", "--pool", "linux", "--project", "shop"))
        cls.connection = Connection(cls.emulator.url + "/contoso", BasicAuthentication("", TOKEN))
        cls.agents = cls.connection.clients_v7_1.get_task_agent_client()
        cls.hooks = cls.connection.clients_v7_1.get_service_hooks_client()
        cls.pool = cls.agents.get_agent_pools(pool_name="linux")[0].id

    def agent(self, name: str, **capabilities: str) -> models.TaskAgent:
        """Registers an agent as a provider does."""
        authorization = models.TaskAgentAuthorization(public_key=KEY)
        new = models.TaskAgent(name=name, version="4.274.1", max_parallelism=1, authorization=authorization)
        new.system_capabilities = capabilities
        added = self.agents.add_agent(new, self.pool)
        self.addCleanup(self.agents.delete_agent, self.pool, added.id)
        return added

    def raises(self, key: str, act: Any, *arguments: Any) -> AzureDevOpsServiceError:
        """Checks that a call fails with an exception of the service."""
        with self.assertRaises(AzureDevOpsServiceError) as raised:
            act(*arguments)
        self.assertEqual(raised.exception.type_key, key)
        return raised.exception

    def raw(self, path: str) -> Any:
        """Reads a resource without the client."""
        pair = b64encode(f":{TOKEN}".encode()).decode()
        request = urllib.request.Request(f"{self.emulator.url}/contoso/_apis/{path}")
        request.add_header("Authorization", f"Basic {pair}")
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def assert_modelled(self, value: Any, model: Any, known: Any) -> None:
        """Checks that every member of an object is one of the client's model, down to the models of its members."""
        members = {entry["key"]: entry["type"] for entry in model._attribute_map.values()}
        for name, member in value.items():
            self.assertIn(name, members, f"{model.__name__} has no member {name}")
            inner = getattr(known, members[name].strip("[]{}"), None)
            for item in member if isinstance(member, list) else [member]:
                # The model of links describes the client's own form of them.
                if inner and name != "_links" and isinstance(item, dict):
                    self.assert_modelled(item, inner, known)


class Pools(Organization):
    """Pools and agents."""

    def test_a_pool_is_found_and_its_updates_are_switched_off(self) -> None:
        self.assertEqual(self.agents.get_agent_pools(pool_name="absent"), [])
        changed = self.agents.update_agent_pool(models.TaskAgentPool(auto_update=False), self.pool)
        self.assertFalse(changed.auto_update)
        self.assertEqual(self.agents.get_agent_pool(self.pool).name, "linux")
        self.assert_modelled(self.raw("distributedtask/pools/1"), models.TaskAgentPool, models)
        self.raises("TaskAgentPoolNotFoundException", self.agents.get_agent_pool, 9)

    def test_an_agent_is_registered_found_and_removed(self) -> None:
        added = self.agent("az-1", gpu="A100")
        self.assertEqual((added.status, added.enabled, added.authorization.public_key.exponent), ("offline", True, "AQAB"))
        found = self.agents.get_agents(self.pool, agent_name="az-1", include_capabilities=True)
        self.assertEqual([agent.system_capabilities for agent in found], [{"gpu": "A100"}])
        self.assertEqual(len(self.agents.get_agents(self.pool, demands=["gpu -equals A100"])), 1)
        self.assertEqual(self.agents.get_agents(self.pool, demands=["fpga"]), [])
        again = models.TaskAgent(name="az-1", version="4.274.1")
        self.raises("TaskAgentExistsException", self.agents.add_agent, again, self.pool)
        replaced = self.agents.replace_agent(again, self.pool, added.id)
        self.assertNotEqual(replaced.authorization.client_id, added.authorization.client_id)
        self.raises("TaskAgentNotFoundException", self.agents.get_agent, self.pool, 999)

    def test_an_agent_is_disabled(self) -> None:
        added = self.agent("az-2")
        change = models.TaskAgent(id=added.id, name="az-2", enabled=False)
        self.assertFalse(self.agents.update_agent(change, self.pool, added.id).enabled)
        self.assertFalse(self.agents.get_agent(self.pool, added.id).enabled)

    def test_every_member_of_an_agent_and_of_a_request_is_in_the_models(self) -> None:
        self.agent("az-3", size="small")
        job = {"project": "shop", "pool": "linux", "demands": ["size -equals small"]}
        queued = self.emulator.ask("POST", "/jobs", job)
        agents = self.raw("distributedtask/pools/1/agents?includeCapabilities=true")["value"]
        requests = self.raw("distributedtask/pools/1/jobrequests?completedRequestCount=0")["value"]
        self.assertEqual([request["requestId"] for request in requests], [queued["request"]])
        for agent in agents:
            self.assert_modelled(agent, models.TaskAgent, models)
        for request in requests:
            # The service sends demands as texts.
            self.assert_modelled(request, models.TaskAgentJobRequest, models)
        self.emulator.ask("POST", f"/runs/{queued['run']}/cancellation")


class Credentials(Organization):
    """Callers without access."""

    def pools_of(self, credentials: Any) -> Any:
        """Lists the pools with other credentials, with a client that already knows the locations."""
        client = Connection(self.emulator.url + "/contoso", credentials).clients_v7_1.get_task_agent_client
        return client().get_agent_pools()

    def test_an_expired_token_is_named(self) -> None:
        expired = {"text": "old", "expires_at": "2020-01-01T00:00:00Z"}
        self.emulator.ask("POST", "/tokens", expired)
        error = self.raises("AccessCheckException", self.pools_of, BasicAuthentication("", "old"))
        self.assertIn("Personal Access Token used has expired", str(error))

    def test_a_forged_token_is_rejected_because_the_client_suppresses_the_sign_in_page(self) -> None:
        forged = BasicTokenAuthentication({"access_token": "forged"})
        self.raises("UnauthorizedRequestException", self.pools_of, forged)

    def test_a_failure_of_the_service_is_an_error_of_the_client(self) -> None:
        self.emulator.ask("POST", "/faults", {"operation": "GetPool", "kind": "fail", "status": 400})
        self.raises("VssServiceException", self.agents.get_agent_pool, self.pool)


class Hooks(Organization):
    """Service hooks."""

    def setUp(self) -> None:
        self.statuses: list[int] = []
        self.received: list[tuple[Any, Any]] = []
        test = self

        class Receiver(BaseHTTPRequestHandler):
            """Records what it receives, and answers with the statuses of the test."""

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                test.received.append((self.headers, body))
                self.send_response(test.statuses.pop(0) if test.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                """Prints nothing."""

        server = HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/api/ProvidePipelinesAgent"

    def subscription(self) -> hook_models.Subscription:
        """Subscribes to the states of all jobs of the project."""
        project = self.emulator.ask("POST", "/projects", {"name": "shop"})["project"]
        inputs = {"url": self.url, "basicAuthUsername": "mayfly", "basicAuthPassword": "secret"}
        new = hook_models.Subscription(
            publisher_id="pipelines",
            event_type=EVENT,
            resource_version="5.1-preview.1",
            consumer_id="webHooks",
            consumer_action_id="httpRequest",
            publisher_inputs={"projectId": project},
            consumer_inputs=inputs,
        )
        return self.hooks.create_subscription(new)

    def until(self, attempts: int, result: str) -> list[Any]:
        """Waits for the result of the only notification."""
        for _ in range(200):
            known = self.hooks.get_notifications(self.created.id)
            if known and known[0].result == result and known[0].details.request_attempts == attempts:
                return known
            threading.Event().wait(0.05)
        raise AssertionError(f"no notification is {result} after {attempts} attempts")

    def test_a_subscription_is_put_on_probation_and_enabled_again(self) -> None:
        self.created = created = self.subscription()
        self.assertEqual((created.status, created.consumer_inputs["basicAuthPassword"]), ("enabled", "********"))
        self.assert_modelled(
            self.raw(f"hooks/subscriptions/{created.id}"), hook_models.Subscription, hook_models
        )
        self.statuses.append(500)
        # No agent is registered, so the job is rejected, which is an event too.
        self.emulator.ask("POST", "/jobs", {"project": "shop", "pool": "linux"})
        self.until(1, "pending")
        raw = self.raw(f"hooks/subscriptions/{created.id}/notifications")["value"]
        self.assert_modelled(raw[0], hook_models.Notification, hook_models)
        read = self.hooks.get_subscription(created.id)
        self.assertEqual(read.status, "onProbation")
        read.status = "enabled"
        read.consumer_inputs["basicAuthPassword"] = "secret"
        self.assertEqual(self.hooks.replace_subscription(read, created.id).status, "enabled")
        self.emulator.advance(21 * 60)
        known = self.until(2, "succeeded")
        self.assertEqual(self.hooks.get_notification(created.id, known[0].id).status, "completed")
        headers, body = self.received[-1]
        self.assertEqual(headers["Authorization"], "Basic " + b64encode(b"mayfly:secret").decode())
        self.assertEqual((body["eventType"], body["resource"]["job"]["result"]), (EVENT, "rejected"))
        self.assertEqual(len(self.hooks.list_subscriptions(publisher_id="pipelines")), 1)
        self.hooks.delete_subscription(created.id)
        self.assertEqual(self.hooks.list_subscriptions(), [])
        self.raises("SubscriptionNotFoundException", self.hooks.get_subscription, created.id)


if __name__ == "__main__":
    unittest.main()
