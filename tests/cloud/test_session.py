"""The way to AWS: clients made once, calls made together, waits that end."""

import threading

import pytest
from botocore.exceptions import ClientError

from pricemon.cloud.patience import Patience
from pricemon.cloud.session import SERVICES, Aws, Stopped


class TestClients:
    def test_a_client_is_made_once_however_many_ask(self, world):
        aws = world.aws()
        aws.warm()
        asked: list[object] = []
        threads = [
            threading.Thread(target=lambda: asked.append(aws.client("sqs"))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(client) for client in asked}) == 1
        assert all(aws.client(service) is aws.client(service) for service in SERVICES)

    def test_a_client_that_can_not_be_made_is_tried_again(self, world):
        aws = world.aws()
        for _ in range(2):
            with pytest.raises(Exception, match="no-such-service"):
                aws.client("no-such-service")

    @pytest.mark.usefixtures("moto")
    def test_boto3s_own_configuration_is_honoured(self, monkeypatch, tmp_path):
        """Profiles, endpoints, retries: nothing is put in their way."""
        file = tmp_path / "config"
        file.write_text(
            "[profile work]\nregion = ap-south-1\nretry_mode = adaptive\nmax_attempts = 7\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
        client = Aws(profile="work").client("sqs")
        assert client.meta.region_name == "ap-south-1"
        assert client.meta.endpoint_url == "http://127.0.0.1:1"
        assert client.meta.config.retries["mode"] == "adaptive"
        assert client.meta.config.retries["total_max_attempts"] == 7

    def test_who_and_where_we_are(self, world):
        aws = world.aws()
        assert (aws.account, aws.partition, aws.region) == ("123456789012", "aws", "eu-west-1")
        assert aws.arn("sqs", "jobs") == "arn:aws:sqs:eu-west-1:123456789012:jobs"
        assert aws.arn("iam", "role/x", regional=False) == "arn:aws:iam::123456789012:role/x"

    @pytest.mark.parametrize(
        ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
    )
    def test_no_partition_is_assumed(self, world, region, partition):
        aws = world.aws(region=region)
        assert aws.partition == partition
        for resource in world.stack(aws):
            for value in resource.foreseen(aws).values():
                assert not value.startswith("arn:") or value.startswith(f"arn:{partition}:")


class TestCalls:
    def test_absent_is_none_and_other_errors_are_raised(self, world, faults):
        aws = world.aws(faults)
        assert aws.find("sqs", "get_queue_url", QueueName="none") is None
        assert aws.listed("iam", "list_role_policies", "PolicyNames", RoleName="none") is None
        faults.play("sqs", "GetQueueUrl", "InternalError", "Sorry.", times=1)
        with pytest.raises(ClientError, match="Sorry"):
            aws.find("sqs", "get_queue_url", QueueName="none")

    def test_gathered_calls_run_together_and_keep_their_order(self, world):
        aws = world.aws()
        together = threading.Barrier(3, timeout=10)

        def thunk(value):
            def run():
                together.wait()
                return value

            return run

        assert aws.gather(*map(thunk, "abc")) == ["a", "b", "c"]

    def test_a_gather_within_a_gather_does_not_starve(self, world):
        """More nested groups than threads would otherwise wait for each other for ever."""
        aws = world.aws()
        inner = [lambda: 1, lambda: 2]
        outer = [lambda: sum(aws.gather(*inner)) for _ in range(100)]
        assert aws.gather(*outer) == [3] * 100

    def test_the_first_error_of_a_gather_is_raised(self, world):
        def fail():
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            world.aws().gather(lambda: 1, fail)

    def test_waits_of_gathered_calls_are_told_to_whoever_asked(self, world, faults):
        aws = world.aws(faults)
        faults.play("sqs", "ListQueues", "ThrottlingException", "Rate exceeded", times=6)
        told: list[str] = []
        with aws.telling(told.append):
            aws.gather(lambda: aws.call("sqs", "list_queues"), lambda: None)
        assert told
        aws.call("sqs", "list_queues")
        assert all("Rate exceeded" in words for words in told)


class TestPatience:
    def test_delays_double_are_capped_and_jittered(self):
        slow, fast = Patience(random=lambda: 1.0), Patience(random=lambda: 0.0)
        assert [slow.delay(n, 0.25) for n in range(7)] == [0.25, 0.5, 1, 2, 4, 8, 8]
        assert [fast.delay(n, 0.25) for n in range(3)] == [0.125, 0.25, 0.5]

    def test_until_gives_what_it_waited_for(self, world):
        answers = iter([None, None, "there"])
        aws = world.aws()
        assert aws.until(lambda: next(answers), "it") == "there"
        assert len(world.time.slept) == 2

    @pytest.mark.usefixtures("moto")
    def test_an_interruption_ends_the_waits_of_every_thread(self):
        aws = Aws(region="eu-west-1")
        ended = []

        def wait():
            try:
                aws.until(lambda: None, "what never comes", budget=3600)
            except Stopped:
                ended.append(True)

        thread = threading.Thread(target=wait)
        thread.start()
        aws.stop()
        thread.join(timeout=30)
        assert ended == [True]
