# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Reads the nights that `tools/nox -s nightly` has taken note of."""

import json
import pathlib
from typing import Any

from tfmot_contrib import errors
from tfmot_contrib.convergence import schema
from tools.base import files

HISTORY = pathlib.Path('docs/nightly.jsonl')
_SCHEMA = pathlib.Path(__file__).parent / 'nights_schema.json'


def read(root: pathlib.Path) -> list[dict[str, Any]]:
  """Reads the nights, the oldest first.

  Args:
    root: The folder of the project.

  Returns:
    A line for each; none without a file.

  Raises:
    errors.InputError: A line is no night.
  """
  path = root / HISTORY
  lines = files.read(path).splitlines() if path.exists() else []
  found = []
  for number, line in enumerate(lines, 1):
    try:
      night = json.loads(line)
    except ValueError:
      night = None
    if breach := schema.breach(night, _SCHEMA):
      raise errors.InputError(
          f'{path}: line {number} is no night, {breach}: restore it with git'
      )
    found.append(night)
  return found
