"""The topic that runs announce themselves on, and a queue that receives it (local AWS only)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.stack.environment import LocalAws

NAME = "audit-notifications"


def topic_arn(aws: LocalAws) -> str:
    """The topic's ARN; it follows from account and region."""
    return f"arn:aws:sns:{aws.regions[0]}:{aws.management}:{NAME}"


def client(aws: LocalAws, service: str) -> Any:
    """A boto3 client of the management account in the home region of the local AWS."""
    import boto3

    return boto3.client(
        service,
        region_name=aws.regions[0],
        endpoint_url=aws.endpoint,
        aws_access_key_id=aws.management,
        aws_secret_access_key="local",
    )


def open_mailbox(aws: LocalAws) -> None:
    """Make topic, queue and subscription; those that exist stay as they are."""
    topic = client(aws, "sns").create_topic(Name=NAME)["TopicArn"]
    queues = client(aws, "sqs")
    url = queues.create_queue(QueueName=NAME)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    client(aws, "sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])


def receive(aws: LocalAws) -> list[dict[str, Any]]:
    """All messages that have arrived, oldest first, each as SNS delivered it; they are deleted."""
    queues = client(aws, "sqs")
    url = queues.get_queue_url(QueueName=NAME)["QueueUrl"]
    received: list[dict[str, Any]] = []
    while batch := queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            received.append(json.loads(message["Body"]))
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return received
