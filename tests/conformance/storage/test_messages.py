"""Calls the operations on messages through azure-storage-queue; time passes only by the emulator's clock."""

from datetime import timedelta

import pytest
from azure.storage.queue import (
    BinaryBase64DecodePolicy,
    BinaryBase64EncodePolicy,
    QueueClient,
    QueueServiceClient,
)
from storage.service import Service, refused

Queues = Service[QueueServiceClient]
SEVEN_DAYS = 7 * 24 * 3600


def contents(queue: QueueClient) -> list[str]:
    """Receives every visible message, which hides it for half a minute."""
    return [message.content for message in queue.receive_messages()]


def test_a_message_carries_any_text_and_its_times(queue: QueueClient) -> None:
    text = "<ünïcode> & \"quotes\"\n\t'apostrophes' 🪰 ]]>"
    sent = queue.send_message(text)
    assert sent.expires_on - sent.inserted_on == timedelta(days=7)
    assert sent.next_visible_on == sent.inserted_on
    got = queue.receive_message()
    assert (got.id, got.content, got.dequeue_count) == (sent.id, text, 1)
    assert (got.inserted_on, got.expires_on) == (sent.inserted_on, sent.expires_on)
    assert got.next_visible_on - got.inserted_on >= timedelta(seconds=30)
    assert got.pop_receipt != sent.pop_receipt


def test_the_sdks_base64_reads_back(queues: Queues) -> None:
    queue = queues.client.get_queue_client(
        "binary",
        message_encode_policy=BinaryBase64EncodePolicy(),
        message_decode_policy=BinaryBase64DecodePolicy(),
    )
    queue.create_queue()
    queue.send_message(bytes(range(256)))
    assert queue.peek_messages()[0].content == bytes(range(256))


def test_a_message_that_is_not_deleted_becomes_visible_again(queues: Queues, queue: QueueClient) -> None:
    queue.send_message("text")
    seen = []
    for _ in range(3):
        seen.append(queue.receive_message(visibility_timeout=60).dequeue_count)
        queues.emulator.advance(40)
        assert queue.receive_message() is None
        queues.emulator.advance(20)
    assert seen == [1, 2, 3]


def test_a_message_is_hidden_for_half_a_minute_by_default(
    queues: Queues, queue: QueueClient
) -> None:
    queue.send_message("text")
    queue.receive_message()
    queues.emulator.advance(20)
    assert queue.receive_message() is None
    queues.emulator.advance(10)
    assert queue.receive_message().dequeue_count == 2


def test_messages_come_in_the_order_in_which_they_became_visible(
    queues: Queues, queue: QueueClient
) -> None:
    queue.send_message("late", visibility_timeout=20)
    queue.send_message("early", visibility_timeout=10)
    queue.send_message("now")
    assert contents(queue) == ["now"]
    queues.emulator.advance(20)
    assert contents(queue) == ["early", "late"]


def test_peeking_changes_nothing(queue: QueueClient) -> None:
    for text in ("one", "two", "three"):
        queue.send_message(text)
    for _ in range(2):
        peeked = queue.peek_messages(max_messages=2)
        assert [(message.content, message.dequeue_count) for message in peeked] == [
            ("one", 0),
            ("two", 0),
        ]
        assert peeked[0].pop_receipt is None
    assert contents(queue) == ["one", "two", "three"]


def test_messages_are_received_in_pages_of_at_most_32(queue: QueueClient) -> None:
    texts = [str(number) for number in range(40)]
    for text in texts:
        queue.send_message(text)
    pages = queue.receive_messages(messages_per_page=32).by_page()
    assert [[message.content for message in page] for page in pages] == [texts[:32], texts[32:]]
    with refused(400, "OutOfRangeQueryParameterValue"):
        next(queue.receive_messages(messages_per_page=33).by_page())


def test_a_stale_receipt_does_nothing(queues: Queues, queue: QueueClient) -> None:
    queue.send_message("text")
    stale = queue.receive_message(visibility_timeout=10)
    queues.emulator.advance(10)
    fresh = queue.receive_message(visibility_timeout=10)
    with refused(400, "PopReceiptMismatch"):
        queue.delete_message(stale)
    with refused(400, "PopReceiptMismatch"):
        queue.update_message(stale, visibility_timeout=0)
    queue.delete_message(fresh)
    with refused(404, "MessageNotFound"):
        queue.delete_message(fresh)
    with refused(404, "MessageNotFound"):
        queue.update_message(fresh, visibility_timeout=0)


def test_a_receipt_is_valid_until_the_message_is_received_again(
    queues: Queues, queue: QueueClient
) -> None:
    queue.send_message("text")
    message = queue.receive_message(visibility_timeout=10)
    queues.emulator.advance(60)
    queue.delete_message(message)
    assert queue.receive_message() is None


def test_an_update_renews_the_receipt_and_may_change_the_text(
    queues: Queues, queue: QueueClient
) -> None:
    queue.send_message("first")
    got = queue.receive_message(visibility_timeout=10)
    longer = queue.update_message(got, visibility_timeout=100)
    assert longer.pop_receipt != got.pop_receipt
    with refused(400, "PopReceiptMismatch"):
        queue.update_message(got, visibility_timeout=0)
    queues.emulator.advance(80)
    assert queue.receive_message() is None
    queues.emulator.advance(20)
    again = queue.receive_message()
    assert (again.content, again.dequeue_count) == ("first", 2)
    changed = queue.update_message(again, content="second", visibility_timeout=0)
    assert changed.next_visible_on is not None
    assert queue.receive_message().content == "second"


def test_a_message_expires_after_its_time_to_live(
    queues: Queues, queue: QueueClient
) -> None:
    queue.send_message("short", time_to_live=60)
    queue.send_message("usual")
    for_ever = queue.send_message("for ever", time_to_live=-1)
    assert for_ever.expires_on.year == 9999
    queues.emulator.advance(60)
    assert [message.content for message in queue.peek_messages(5)] == ["usual", "for ever"]
    queues.emulator.advance(SEVEN_DAYS)
    assert [message.content for message in queue.peek_messages(5)] == ["for ever"]


def test_a_held_message_cannot_be_deleted_after_it_has_expired(
    queues: Queues, queue: QueueClient
) -> None:
    queue.send_message("short", time_to_live=60)
    held = queue.receive_message(visibility_timeout=120)
    queues.emulator.advance(60)
    with refused(404, "MessageNotFound"):
        queue.delete_message(held)


def test_a_queue_is_cleared_of_hidden_messages_too(queues: Queues, queue: QueueClient) -> None:
    queue.send_message("seen")
    queue.send_message("hidden", visibility_timeout=10)
    queue.clear_messages()
    queues.emulator.advance(10)
    assert queue.get_queue_properties().approximate_message_count == 0
    assert contents(queue) == []


def test_a_text_has_at_most_64_kib_of_utf_8(queue: QueueClient) -> None:
    queue.send_message("x" * 65_536)
    queue.send_message("ü" * 32_768)
    assert [len(text) for text in contents(queue)] == [65_536, 32_768]
    for text in ("x" * 65_537, "ü" * 32_769):
        with refused(413, "RequestBodyTooLarge"):
            queue.send_message(text)


@pytest.mark.parametrize("timeout", [-1, SEVEN_DAYS + 1])
def test_a_message_is_hidden_for_at_most_seven_days(queue: QueueClient, timeout: int) -> None:
    queue.send_message("text")
    with refused(400, "OutOfRangeQueryParameterValue"):
        queue.send_message("text", visibility_timeout=timeout)
    with refused(400, "OutOfRangeQueryParameterValue"):
        queue.receive_message(visibility_timeout=timeout)
    with refused(400, "OutOfRangeQueryParameterValue"):
        queue.update_message(queue.receive_message(), visibility_timeout=timeout)


def test_a_message_must_become_visible_before_it_expires(queue: QueueClient) -> None:
    with refused(400, "InvalidQueryParameterValue"):
        queue.send_message("text", time_to_live=60, visibility_timeout=60)
    with refused(400, "InvalidQueryParameterValue"):
        queue.send_message("text", time_to_live=0)
