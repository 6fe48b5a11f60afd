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

"""A small project with records of seeds, and a program in place of Bazel."""

import json
import pathlib
import sys
from typing import Any

from tfmot_contrib.convergence import record
from tools.suite import records_testing

TEST = 'resnet_cifar10_half'
VERSIONS = {'tensorflow': '2.20.0', 'tf-keras': '2.20.1', 'numpy': '2.4.6'}
LABEL = f'//tfmot_contrib/pruning:{TEST}'
_BASE = '//tfmot_contrib/baselines:resnet_cifar10'
# Answers queries, and says that it has built what is there.
_BAZEL = """\
#!PYTHON
import json, pathlib, sys
ours = ('--output_user_root', '--disk_cache')
sys.argv = [x for x in sys.argv if not x.startswith(ours)]
with open('asked.txt', 'a') as stream:
  stream.write(' '.join(sys.argv[1:]) + '\\n')
if sys.argv[1] == 'query':
  if 'LABEL' not in sys.argv[2]:
    sys.exit('ERROR: no such target')
  print('LABEL', 'LABEL_run', 'LABEL_record', 'BASE_record',
        'BASE_control_epoch_record', sep='\\n')
else:
  for label in sys.argv[2:]:
    name = label[2:].replace(':', '/') + '.json'
    if not (pathlib.Path('bazel-bin') / name).exists():
      sys.exit('cannot build ' + label)
"""


def _run(seed: int, accuracy: float, weights: str, **changes: Any):
  """Returns a record."""
  exported = records_testing.exported(accuracy, 1.0, 1.0)
  fields = {
      'seed': seed,
      'params': {
          'task': {'train_data': {'seed': seed}, 'technique': {}},
          'trainer': {'train_steps': 10},
      },
      'batches': {'train': f'{seed}' * 64, 'validation': 'b' * 64},
      'exported': {'float': exported},
      'invariants': {'zeros_missing': 0},
      'versions': VERSIONS,
  }
  return records_testing.run(weights, 'b', **{**fields, **changes})


def project(root: pathlib.Path, drops: list[float]) -> str:
  """Makes a project whose test has such drops.

  Args:
    root: An empty folder.
    drops: By seed, from 1 on.

  Returns:
    The program in place of Bazel.
  """
  folder = root / 'tfmot_contrib/pruning'
  baselines = root / 'tfmot_contrib/baselines'
  drop = records_testing.claim(
      'accuracy_drop',
      kind='accuracy',
      metric='exported.float.accuracy',
      at_most=2.0,
  )
  drop['as'] = 'drop'
  del drop['at_least']
  for place, claims in (
      (baselines, {'resnet_cifar10': [records_testing.claim('steps')]}),
      (folder, {TEST: [drop]}),
  ):
    records_testing.declare(place, claims)
    (root / 'bazel-bin/tfmot_contrib' / place.name).mkdir(parents=True)
  write(root, f'{_BASE}_record', _run(1, 79.0, 'b', lineage=[]))
  records(root, drops)
  program = root / 'bazel'
  text = _BAZEL.replace('PYTHON', sys.executable).replace('LABEL', LABEL)
  program.write_text(text.replace('BASE', _BASE), encoding='utf-8')
  program.chmod(0o755)
  return str(program)


def records(
    root: pathlib.Path, drops: list[float], weights: str = '12345678'
) -> None:
  """Leaves the records of a test and its controls.

  Args:
    root: The folder of the project.
    drops: By seed, from 1 on.
    weights: A hex digit for each seed that stands for the digest.
  """
  for seed, (lost, digit) in enumerate(
      zip(drops, weights, strict=False), start=1
  ):
    suffix = '' if seed == 1 else f'_seed{seed}'
    control = _run(seed, 80.0, 'a', invariants={})
    write(root, f'{_BASE}_control_epoch{suffix}_record', control)
    run = _run(seed, 80.0 - lost, digit)
    write(root, f'{LABEL}{suffix}_record', run)


def write(root: pathlib.Path, label: str, run: record.Record) -> None:
  """Leaves a record where Bazel would."""
  name = label.removeprefix('//').replace(':', '/') + '.json'
  record.write(run, root / 'bazel-bin' / name)


def asked(root: pathlib.Path) -> list[str]:
  """Returns the command lines that the program was given."""
  return (root / 'asked.txt').read_text(encoding='utf-8').splitlines()


def reference(root: pathlib.Path) -> dict[str, Any]:
  """Returns the reference that was written."""
  folder = root / 'tfmot_contrib/pruning/references/cpu_avx2'
  return json.loads((folder / f'{TEST}.json').read_text(encoding='utf-8'))
