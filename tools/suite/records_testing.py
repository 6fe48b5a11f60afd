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

"""Small records and techniques for tests."""

import copy
import pathlib
from typing import Any

import yaml

from tfmot_contrib.convergence import record

MARKED = 'before\n<!-- evidence:begin -->\nold\n<!-- evidence:end -->\nafter\n'
TRAINING = {
    'steps': 10,
    'seconds': 12.3,
    'cpu_seconds': 20.0,
    'images_per_second': 100,
    'cpus': 2,
}


def exported(accuracy: float, share: float, faster: float, zeros: int = 0):
  """Returns what is measured of an exported model.

  Args:
    accuracy: Top-1 in percent.
    share: Its size, as a share of the float baseline's.
    faster: How many times as fast as that.
    zeros: Of the 80 weights of the layer `conv`; the 20 of the layer
      `depthwise` are as many distinct ones.

  Returns:
    That part of a record.
  """
  kernel = {'distinct': 9, 'distinct_per_channel': 9, 'scales': 0}
  conv = {'name': 'conv', 'operator': 'CONV_2D', 'size': 80, 'zeros': zeros}
  depthwise = {
      'name': 'depthwise',
      'operator': 'DEPTHWISE_CONV_2D',
      'size': 20,
      'zeros': 0,
  }
  return {
      'accuracy': accuracy,
      'mirrored_accuracy': accuracy,
      'disagreement': 0.0,
      'logit_gap': 0.02 if share < 0.3 else 0.0,  # Integers round.
      'keras_gap': 0.0,
      'bytes': round(200_000 * share),
      'gzip_bytes': round(100_000 * share),
      'integer_share': 0.0,
      'kernels': [
          {**kernel, **conv},
          {**kernel, **depthwise, 'distinct_per_channel': 20},
      ],
      'operators': {'CONV_2D': {'total': 1, 'integer': 0}},
      'latency': {
          'median_ms': 1.0,
          'quartiles_ms': [0.9, 1.1],
          'repeats': 10,
          'threads': 1,
          'times_faster': faster,
      },
  }


def run(weights: str, *lineage: str, **changes: Any) -> record.Record:
  """Returns a record.

  Args:
    weights: A hex digit that stands for the digest.
    *lineage: The same of the runs that it comes from.
    **changes: Other fields.

  Returns:
    The record.
  """
  fields = {
      'experiment': 'net_cifar10',
      'tier': 'cpu',
      'seed': 1,
      'params': {},
      'environment': 'e' * 64,
      'versions': {},
      'data': 'd' * 64,
      'batches': {'train': 'b' * 64, 'validation': 'b' * 64},
      'instruction_set': 'avx2',
      'parameters': 200,
      'health': {'not_finite': 0, 'kinds': {}},
      'weights': weights * 64,
      'lineage': [digit * 64 for digit in lineage],
      'training': dict(TRAINING),
      'keras': {'accuracy': 0.8},
      'exported': {'float': exported(80.0, 1.0, 1.0)},
      'invariants': {},
  }
  return record.Record(**{**fields, **changes})


def claim(name: str, **changes: Any) -> dict[str, Any]:
  """Returns a claim that holds of each record here."""
  entry = {
      'id': name,
      'kind': 'training health',
      'metric': 'training.steps',
      'as': 'value',
      'at_least': 1,
      'source': 'the guide',
      'reason': 'It is only for a test.',
  }
  return {**entry, **changes}


def declare(
    folder: pathlib.Path,
    claims: dict[str, Any],
    refused: dict[str, str] | None = None,
) -> None:
  """Writes a technique folder without evidence.

  Args:
    folder: Where.
    claims: The claims of each convergence test.
    refused: As in technique.yaml.
  """
  (folder / 'evidence').mkdir(parents=True)
  declared = {
      'name': folder.name,
      'summary': 'Only for tests.',
      'owners': ['@owner'],
      'guide': 'https://www.tensorflow.org/',
      'api': [],
      'floor': '0.8.0',
      'claims': copy.deepcopy(claims),  # Else YAML would have anchors.
  }
  if refused:
    declared['refused'] = refused
  text = yaml.safe_dump(declared, sort_keys=False)
  (folder / 'technique.yaml').write_text(text, encoding='utf-8')
  (folder / 'README.md').write_text(MARKED, encoding='utf-8')
