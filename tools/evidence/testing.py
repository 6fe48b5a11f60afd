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

"""Small evidence for tests: a project of two models and a few rows."""

import json
import pathlib
from typing import Any

from tfmot_contrib.convergence import record
from tools.evidence import rows
from tools.suite import records_testing
from tools.suite.records_testing import claim
from tools.suite.records_testing import exported
from tools.suite.records_testing import run

KNOWN = 'https://github.com/tensorflow/model-optimization/issues/1056'
NIGHT = {
    'date': '2026-11-28',
    'channel': 'nightly',
    'tier': 'cpu',
    'targets': [],
    'versions': {'tf-nightly': '2.23.0'},
    'tests': {},
    'words': {},
    'seconds': 1,
    'explained': {},
    'mended': [],
    'green': True,
}


def histograms() -> dict[str, Any]:
  """Returns what `weights.measure` would."""
  stage = {'technique': 'f', 'test': 't', 'kind': 'float'}
  shown = {'zeros': 3, 'distinct': 2, 'histogram': [0, 1, 0, 6, 0]}
  layer = {'kernel': [2, 1, 1, 7], 'size': 14, 'channel': 1}
  return {
      'stages': [{**stage, 'title': title} for title in ('before', 'after')],
      'layers': [{'name': 'conv', **layer, 'stages': [shown, shown]}],
  }


def technique(
    folder: pathlib.Path,
    runs: dict[str, record.Record],
    claims: dict[str, Any],
    refused: dict[str, str] | None = None,
) -> None:
  """Writes a technique folder.

  Args:
    folder: Where.
    runs: The record of each convergence test.
    claims: The claims of each.
    refused: As in technique.yaml.
  """
  records_testing.declare(folder, claims, refused)
  for name, value in runs.items():
    record.write(value, folder / 'evidence' / f'{name}.json')
  rows.write_sums(folder / 'evidence')


def project(root: pathlib.Path) -> None:
  """Writes a project: baselines, pruning of both, and what combines.

  Args:
    root: An empty folder.
  """
  contrib = root / 'tfmot_contrib'
  one = [claim('steps')]
  technique(
      contrib / 'baselines',
      {
          'mobilenet_v2_cifar10': run('2'),
          'resnet_cifar10': run(
              '1',
              exported={
                  'float': exported(80.0, 1.0, 1.0),
                  'int8': exported(79.5, 0.25, 2.0),
              },
          ),
      },
      {'mobilenet_v2_cifar10': one, 'resnet_cifar10': one},
  )
  pruned = {
      'sparse': exported(79.0, 0.4, 0.5, zeros=40),
      'int8': exported(78.75, 0.15, 2.5, zeros=44),
      'float': exported(79.0, 0.6, 1.0, zeros=40),
  }
  technique(
      contrib / 'pruning',
      {
          'resnet_cifar10_half': run(
              '3',
              '1',
              exported=pruned,
              invariants={'zeros_missing': 0, 'covered': ['conv']},
          ),
      },
      {'resnet_cifar10_half': [*one, claim('other')]},
      {'mobilenet_v2_cifar10_half': 'ValueError: no `a` | b\nat all'},
  )
  known = claim(
      'kept',
      at_least=11,
      known_failure={'issue': KNOWN, 'owner': '@owner', 'until': '2999-01-01'},
  )
  technique(
      contrib / 'combine',
      {
          'resnet_cifar10_all': run(
              '4',
              '1',
              '3',
              training={
                  **records_testing.TRAINING,
                  'steps': 1,
                  'seconds': 99.0,
              },
              exported={'qat_int8': exported(81.0, 0.1, 3.0)},
              invariants={'clusters_in_excess': 0, 'covered': ['conv']},
          ),
      },
      {'resnet_cifar10_all': [*one, known]},
  )
  (contrib / rows.WEIGHTS).write_text(
      json.dumps(histograms()), encoding='utf-8'
  )
  rows.write_sums((contrib / rows.WEIGHTS).parent)
  for folder in (root, contrib):
    (folder / 'README.md').write_text(records_testing.MARKED, encoding='utf-8')
  (root / 'docs').mkdir()
