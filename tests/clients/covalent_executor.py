"""Drives the Batch emulator by Covalent's AzureBatchExecutor, without its blobs: they have no other endpoint than Azure's.

    tests/.venv-covalent/bin/python tests/clients/covalent_executor.py
"""

import asyncio
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from operations import ACCOUNT, KEY, Client, account, report

# Stands for the image of the plugin: reports its input, waits if it is to be cancelled, fails if it is to fail.
IMAGE = """#!/bin/sh
echo "$COVALENT_TASK_FUNC_FILENAME"
case $COVALENT_RESULT_FILENAME in
  *fails*) exit 3 ;;
  *long*) exec sleep 600 ;;
esac
"""


def executor(url: str, cache: str) -> Any:
    """Creates an executor that signs with the account's key: its service principal signs in at Azure only."""
    import covalent  # noqa: F401 (reads the plugin's defaults into Covalent's settings)
    from azure.batch.batch_auth import SharedKeyCredentials
    from covalent_azurebatch_plugin import azurebatch

    class Executor(azurebatch.AzureBatchExecutor):
        def _get_batch_service_client_credential(self) -> SharedKeyCredentials:
            return SharedKeyCredentials(ACCOUNT, KEY)

    names = {"batch_account_domain": "localhost", "storage_account_name": "s", "storage_account_domain": "localhost"}
    names |= {"tenant_id": "t", "client_id": "c", "client_secret": "s", "base_image_uri": "covalent"}
    return Executor(batch_account_url=url, pool_id="covalent", poll_freq=1, retries=1, cache_dir=cache, **names)


async def run(covalent: Client, url: str, cache: str) -> None:
    """Submits tasks that succeed, fail and are cancelled."""
    plugin = executor(url, cache)
    batch = plugin._get_batch_service_client()

    async def submit(node: str) -> Any:
        return await plugin.submit_task({"dispatch_id": "d", "node_id": node})

    with covalent.tries("submit_task"):
        works = await submit("works")
        assert batch.job.get(works).pool_info.pool_id == "covalent"
    with covalent.tries("_poll_task (success)"):
        await plugin._poll_task(works)
    with covalent.tries("get_status"):
        state, exit_code = await plugin.get_status(works)
        assert (state.value, exit_code) == ("completed", 0), (state, exit_code)
        assert b"".join(batch.file.get_from_task(works, works, "stdout.txt")) == b"func-d-works.pkl\n"
    with covalent.tries("_terminate_job"):
        await plugin._terminate_job(works)
        assert batch.job.get(works).execution_info.terminate_reason == "Completed"
    with covalent.tries("_poll_task (failure)"):
        fails = await submit("fails")
        try:
            await plugin._poll_task(fails)
        except Exception as error:
            assert type(error).__name__ == "BatchTaskFailedException", error
        assert batch.task.get(fails, fails).execution_info.retry_count == 1
    with covalent.tries("cancel"):
        long = await submit("long")
        await plugin.cancel(long)
        assert (await plugin.get_status(long))[0].value == "completed"


def main() -> None:
    """Runs the executor's methods on a pool whose tasks run the script in place of its image."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "image.sh")
        image.write_text(IMAGE)
        image.chmod(0o755)
        os.environ |= {"HOME": folder, "COVALENT_CONFIG_DIR": folder}
        with account("--pool", "covalent=2", "--program", str(image)) as batch:
            name = f"covalent-azurebatch-plugin {version('covalent-azurebatch-plugin')}"
            covalent = Client(name, "2022-10-01.16.0")
            asyncio.run(run(covalent, batch.url, folder))
    report(covalent)


if __name__ == "__main__":
    main()
