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

"""Proves a floor tight: runs what is in use on the release before it.

In an environment with that release the probe imports TFMOT, looks for each
symbol in use, and prunes, clusters and quantizes a tiny model. If all of that
works, a higher floor is not needed; if not, what failed is the proof and goes
into `tight.json`. The release itself has to pass.
"""

import json
import os
import pathlib
import subprocess
from typing import Any, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.floor import symbols
from tools.versions import environment

RECORD = pathlib.Path('tools/floor/tight.json')
_PROBE = pathlib.Path(__file__).parent / 'probe.py'
_SECONDS = 900


def before(version: str, table: symbols.Table) -> str | None:
  """Returns the release before a version, or None for the oldest.

  Args:
    version: A release.
    table: The releases that there are.

  Returns:
    The release before.

  Raises:
    errors.InputError: The table does not know the version.
  """
  order = list(table.releases)
  if version not in order:
    raise errors.InputError(
        f'the table of symbols ends at {order[-1]} and does not have {version}:'
        ' build it with tools/nox -s pin_tfmot -- --build-table'
    )
  at = order.index(version)
  return order[at - 1] if at else None


def run(
    version: str, uses: Sequence[str], tensorflow: str, table: symbols.Table
) -> dict[str, Any]:
  """Runs the probe on a release.

  Args:
    version: Of TFMOT.
    uses: The symbols in use.
    tensorflow: The version of TensorFlow.
    table: It knows the digest of the wheel.

  Returns:
    `release`, `tensorflow`, `python`, `passes`, and of the first step that
    failed `step` and `error`, with all `missing` symbols.

  Raises:
    errors.InputError: There is no such environment, or another wheel than that
      of the table.
  """
  wheel = symbols.wheel_of(version)
  if record.digest_of_file(wheel) != table.releases.get(version):
    raise errors.InputError(
        f'{wheel.name} is not the file that the table of symbols was built'
        ' from: delete it from the cache, or build the table anew'
    )
  # That it asks for what is not there is no failure yet.
  os.environ['TFMOT_CLASHES'] = 'ignore'
  made = environment.make({'tensorflow': tensorflow, 'tfmot': str(wheel)})
  try:
    done = subprocess.run(
        [made.python, str(_PROBE)],
        input=json.dumps(list(uses)),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
        env={**os.environ, 'TF_CPP_MIN_LOG_LEVEL': '3', 'PYTHONPATH': ''},
    )
  except subprocess.TimeoutExpired as error:
    raise errors.InputError(
        f'the probe of TFMOT {version} did not end in {_SECONDS} s: try again'
        ' on an idle machine'
    ) from error
  try:
    said = json.loads(done.stdout.splitlines()[-1])
  except (ValueError, IndexError) as error:
    raise errors.InputError(
        f'the probe of TFMOT {version} broke ({done.returncode}):'
        f' {done.stderr.strip()[-200:]}'
    ) from error
  return {'release': version, 'tensorflow': tensorflow, **said}


def told(found: Mapping[str, Any]) -> str:
  """Returns what a probe has found, in a line."""
  if found['passes']:
    return f'TFMOT {found["release"]} passes all steps of the probe'
  return f'TFMOT {found["release"]} fails at {found["step"]}: {found["error"]}'
