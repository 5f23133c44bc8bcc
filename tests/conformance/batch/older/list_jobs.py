"""Lists the jobs of a Batch account through the older azure-batch.

    tests/.venv-older-sdk/bin/python list_jobs.py URL ACCOUNT KEY
"""

import sys

from azure.batch import BatchServiceClient, batch_auth


def main(url: str, account: str, key: str) -> None:
    """Prints the ids of the jobs and the API version that was used."""
    client = BatchServiceClient(batch_auth.SharedKeyCredentials(account, key), batch_url=url)
    client.config.retry_policy.retries = 0
    print([job.id for job in client.job.list()], client.job.api_version)


if __name__ == "__main__":
    main(*sys.argv[1:])
