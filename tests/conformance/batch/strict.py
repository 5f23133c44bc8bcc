"""Reads JSON against the models of azure-batch: what the SDK could not have sent is refused."""

import enum
import types
import typing
from datetime import datetime, timedelta
from typing import Any, Union

import isodate
from azure.batch import models

Model = typing.get_type_hints(models.BatchTaskCreateOptions.__init__)
