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

"""Shows that another TFMOT reruns pruned runs and leaves float baselines alone.

It drives the real Bazel on the smoke runs, first with the TFMOT in force and
then with another one that has a lock, and reads from Bazel's execution log
which trainings ran. `nox -s tests` calls it; it is no Bazel test because Bazel
cannot run inside its own sandbox.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Iterator, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.env import bazel_command
from tools.env import bootstrap
from tools.env import environment

_BASELINE = '//tfmot_contrib/baselines:resnet_cifar10_smoke_run'
_PRUNED = '//tfmot_contrib/pruning:resnet_cifar10_sparsity50_smoke_run'


def _objects(text: str) -> Iterator[dict]:
  """Yields the JSON objects that stand one after another in `text`."""
  decoder = json.JSONDecoder()
  position = 0
  while position < len(text):
    value, position = decoder.raw_decode(text, position)
    yield value
    while position < len(text) and text[position].isspace():
      position += 1


def trainings_of(log: str) -> list[str]:
  """Returns the trainings that really ran.

  Args:
    log: What Bazel wrote with `--execution_log_json_file`.

  Returns:
    The name of the folder of each `TrainingRun` that came from no cache.
  """
  return sorted(
      pathlib.PurePath(spawn['listedOutputs'][0]).name
      for spawn in _objects(log)
      if spawn['mnemonic'] == 'TrainingRun' and not spawn['remoteCacheHit']
  )


def build(tfmot: str, disk_cache: str) -> list[str]:
  """Builds both smoke runs with a TFMOT.

  Args:
    tfmot: Its version.
    disk_cache: A folder for Bazel's cache.

  Returns:
    The trainings that ran.

  Raises:
    errors.InputError: The build fails.
  """
  with tempfile.NamedTemporaryFile('r', suffix='.json') as log:
    done = subprocess.run(
        bazel_command.words(
            bootstrap.bazel(),
            'build',
            f'--repo_env=TFMOT={tfmot}',
            f'--disk_cache={disk_cache}',
            f'--execution_log_json_file={log.name}',
            _BASELINE,
            _PRUNED,
        ),
        env=surroundings.with_user(),
        cwd=bootstrap.ROOT,
        check=False,
    )
    if done.returncode:
      raise errors.InputError(f'the smoke runs fail with TFMOT {tfmot}')
    return trainings_of(log.read())


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Checks the trainings that a change of TFMOT causes."""
  parser = argparse.ArgumentParser(prog='cache_check', description=__doc__)
  parser.add_argument('--other', default='0.8.0', help='the other TFMOT')
  other = parser.parse_args(argv).other
  pinned = environment.settings({})['tfmot']
  names = {label.split(':')[1] for label in (_BASELINE, _PRUNED)}
  with tempfile.TemporaryDirectory() as disk_cache:
    build(pinned, disk_cache)
    changed = build(other, disk_cache)
  expected = [_PRUNED.split(':')[1]]
  if changed != expected:
    raise errors.InputError(
        f'TFMOT {other} in place of {pinned} trained {changed} of'
        f' {sorted(names)}, expected {expected}: see the fingerprints in'
        ' tools/bazel/convergence.bzl'
    )
  print(f'cache_check: TFMOT {other} in place of {pinned} trains {changed}')


if __name__ == '__main__':
  main(sys.argv[1:])
