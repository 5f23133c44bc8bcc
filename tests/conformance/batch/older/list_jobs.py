"""Lists the jobs of a Batch account through the older azure-batch, and prints the code of the error.

    tests/.venv-older-sdk/bin/python list_jobs.py URL ACCOUNT KEY
"""

import sys

from azure.batch import BatchServiceClient, batch_auth, models


def main(url: str, account: str, key: str) -> None:
    """Prints the status, the code and the API version that was used."""
    client = BatchServiceClient(batch_auth.SharedKeyCredentials(account, key), batch_url=url)
    client.config.retry_policy.retries = 0
    try:
        list(client.job.list())
    except models.BatchErrorException as refusal:
        print(refusal.response.status_code, refusal.error.code, client.job.api_version)


if __name__ == "__main__":
    main(*sys.argv[1:])
