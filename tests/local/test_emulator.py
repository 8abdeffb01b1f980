"""Where the emulator is brought nearer to AWS: what a price monitor would notice."""

import io
import json
import zipfile

import boto3
import pytest
from botocore.exceptions import ClientError

from pricemon.local import embedded


@pytest.fixture
def endpoint(data_dir, free_port):
    return embedded.ensure_started(data_dir, free_port)


def client(endpoint, service, key=None, secret=None):
    return boto3.client(
        service,
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=key or endpoint.access_key,
        aws_secret_access_key=secret or endpoint.secret_key,
    )


def allow(*actions):
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_batch_needs_the_permission_of_its_single_call(endpoint):
    """As in AWS, where `sqs:SendMessageBatch` is not an action."""
    iam = client(endpoint, "iam")
    iam.create_user(UserName="sender")
    policy = allow("sqs:SendMessage", "sns:Publish")
    iam.put_user_policy(UserName="sender", PolicyName="send", PolicyDocument=policy)
    made = iam.create_access_key(UserName="sender")["AccessKey"]
    key = (made["AccessKeyId"], made["SecretAccessKey"])
    queue = client(endpoint, "sqs").create_queue(QueueName="jobs")["QueueUrl"]
    topic = client(endpoint, "sns").create_topic(Name="news")["TopicArn"]

    sqs = client(endpoint, "sqs", *key)
    entry = {"Id": "1", "MessageBody": "x"}
    assert sqs.send_message_batch(QueueUrl=queue, Entries=[entry])["Successful"]
    with pytest.raises(ClientError, match="sqs:DeleteMessage "):
        sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": "x"}])
    note = {"Id": "1", "Message": "x"}
    sns = client(endpoint, "sns", *key)
    assert sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[note])["Successful"]


COUNTER = """
import boto3, os
def handler(event, context):
    boto3.client("sqs").send_message(
        QueueUrl=os.environ["TELL"], MessageBody=str(len(event["Records"])))
"""


def test_a_queues_batch_is_filled_up_to_the_mappings_size(endpoint):
    role = client(endpoint, "iam").create_role(
        RoleName="worker",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )["Role"]["Arn"]
    client(endpoint, "iam").put_role_policy(
        RoleName="worker", PolicyName="all", PolicyDocument=allow("sqs:*")
    )
    sqs = client(endpoint, "sqs")
    jobs, told = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("jobs", "told"))
    for start in range(0, 30, 10):
        entries = [{"Id": str(n), "MessageBody": str(start + n)} for n in range(10)]
        sqs.send_message_batch(QueueUrl=jobs, Entries=entries)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("count.py", COUNTER)
    functions = client(endpoint, "lambda")
    functions.create_function(
        FunctionName="count",
        Runtime="python3.13",
        Role=role,
        Handler="count.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=20,
        Environment={"Variables": {"TELL": told}},
    )
    functions.create_event_source_mapping(
        EventSourceArn=sqs.get_queue_attributes(QueueUrl=jobs, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"],
        FunctionName="count",
        BatchSize=25,
        MaximumBatchingWindowInSeconds=1,
    )
    assert sorted(receive(sqs, told) + receive(sqs, told)) == [5, 25]


def receive(sqs, queue):
    """The one number that comes next."""
    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
    (message,) = answer["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [int(message["Body"])]
