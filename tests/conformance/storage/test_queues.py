"""Calls the operations on queues through azure-storage-queue."""

from typing import Any
from uuid import UUID

import pytest
from azure.storage.queue import QueueServiceClient
from storage.service import Service, offered, refused

Queues = Service[QueueServiceClient]


def test_the_sdk_calls_every_operation(queues: Queues) -> None:
    queue = queues.client.create_queue("runner-requests", metadata={"owner": "mayfly"})
    queue.set_queue_metadata({"owner": "octo"})
    assert queue.get_queue_properties().metadata == {"owner": "octo"}
    assert [found.name for found in queues.client.list_queues()] == ["runner-requests"]
    assert queues.client.get_service_properties()["cors"] == []
    queue.send_message("first")
    queue.send_message("second")
    assert queue.peek_messages()[0].content == "first"
    message = queue.update_message(queue.receive_message(), content="changed")
    queue.delete_message(message)
    queue.clear_messages()
    queue.delete_queue()
    assert set(queues.emulator.calls()) == offered("queues")


def test_a_queue_is_created_again_only_with_the_same_metadata(queues: Queues) -> None:
    queues.client.create_queue("runner-requests", metadata={"owner": "mayfly"})
    # The service answers 204, which the SDK reads as an error.
    with refused(204, "QueueAlreadyExists"):
        queues.client.create_queue("runner-requests", metadata={"owner": "mayfly"})
    with refused(409, "QueueAlreadyExists"):
        queues.client.create_queue("runner-requests", metadata={"owner": "octo"})


def test_a_missing_queue_is_not_found(queues: Queues) -> None:
    queue = queues.client.get_queue_client("nowhere")
    for act in (
        queue.get_queue_properties,
        queue.set_queue_metadata,
        queue.delete_queue,
        queue.receive_message,
        queue.peek_messages,
        queue.clear_messages,
        lambda: queue.send_message("text"),
        lambda: queue.delete_message(str(UUID(int=0)), "AAAAAAAAAAAAAAAAAAAAAA=="),
    ):
        with refused(404, "QueueNotFound"):
            act()


def test_a_queue_counts_visible_and_hidden_messages(queues: Queues) -> None:
    queue = queues.client.create_queue("runner-requests")
    queue.send_message("seen")
    queue.send_message("hidden", visibility_timeout=60)
    queue.receive_message()
    assert queue.get_queue_properties().approximate_message_count == 2


def test_a_list_comes_page_by_page(queues: Queues) -> None:
    names = [f"queue-{number}" for number in range(5)]
    for name in [*names, "other"]:
        queues.client.create_queue(name, metadata={"name": name})
    listed = queues.client.list_queues("queue-", include_metadata=True, results_per_page=2)
    pages = [[(queue.name, queue.metadata) for queue in page] for page in listed.by_page()]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [queue for page in pages for queue in page] == [(name, {"name": name}) for name in names]
    assert [queue.metadata for queue in queues.client.list_queues("other")] == [None]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ab", "OutOfRangeInput"),
        ("a" * 64, "OutOfRangeInput"),
        ("Upper", "InvalidResourceName"),
        ("two--hyphens", "InvalidResourceName"),
    ],
)
def test_an_invalid_name_is_rejected(queues: Queues, name: str, code: str) -> None:
    with refused(400, code):
        queues.client.create_queue(name)


def test_a_metadata_name_is_an_identifier(queues: Queues) -> None:
    with refused(400, "InvalidMetadata"):
        queues.client.create_queue("runner-requests", metadata={"not-one": "value"})


def test_what_is_not_modelled_is_not_implemented(queues: Queues) -> None:
    queue = queues.client.create_queue("runner-requests")
    acts: list[Any] = [
        queue.get_queue_access_policy,
        lambda: queue.set_queue_access_policy({}),
        lambda: queues.client.set_service_properties(cors=[]),
    ]
    for act in acts:
        with refused(501, "NotImplemented"):
            act()
