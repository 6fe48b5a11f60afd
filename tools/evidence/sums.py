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

"""Digests of evidence, so that a number that nobody saw is no evidence.

Each folder `evidence/` has a file `SHA256SUMS`, which is written when records
are collected and which `sha256sum --check` reads too.
"""

import pathlib

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.base import files

NAME = 'SHA256SUMS'
_COLLECT = 'restore it with git, or run tools/nox -s evidence -- --collect'


def write(folder: pathlib.Path) -> None:
  """Writes the digests of what a folder holds.

  Args:
    folder: One of evidence.
  """
  lines = [
      f'{record.digest_of_file(path)}  {path.name}\n'
      for path in sorted(folder.glob('*.json'))
  ]
  files.write(folder / NAME, ''.join(lines))


def check(path: pathlib.Path) -> None:
  """Refuses evidence that is not what was collected.

  Args:
    path: A file of a folder of evidence.

  Raises:
    errors.InputError: It has another digest than when it was collected, or
      none.
  """
  sums = path.parent / NAME
  lines = sums.read_text('utf-8').splitlines() if sums.is_file() else []
  if f'{record.digest_of_file(path)}  {path.name}' in lines:
    return
  known = any(line.endswith(f'  {path.name}') for line in lines)
  what = 'was edited by hand' if known else f'is not in {NAME}'
  raise errors.InputError(f'{path} {what}: {_COLLECT}')
