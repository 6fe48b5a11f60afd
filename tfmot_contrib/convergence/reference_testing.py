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

"""A small reference, and runs that it fits."""

from typing import Any

from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference as reference_lib

EXPORTED = {
    'accuracy': 80.0,
    'disagreement': 0.0,
    'logit_gap': 0.0,
    'keras_gap': 0.0,
    'bytes': 3000,
    'gzip_bytes': 1000,
    'operators': {'CONV_2D': {'total': 2, 'integer': 2}},
    'integer_share': 1.0,
    'kernels': [
        {
            'name': name,
            'operator': 'CONV_2D',
            'size': 100,
            'zeros': zeros,
            'distinct': 20,
            'distinct_per_channel': 8,
            'scales': 2,
        }
        for name, zeros in (('conv', 4), ('dense', 0))
    ],
    'latency': {
        'median_ms': 1.0,
        'quartiles_ms': [0.9, 1.1],
        'times_faster': 1.0,
        'repeats': 10,
        'threads': 1,
    },
}
VERSIONS = {'tensorflow': '2.20.0', 'tf-keras': '2.20.1', 'numpy': '2.4.6'}
TRAINING = {
    'steps': 10,
    'seconds': 1.5,
    'cpu_seconds': 2.5,
    'images_per_second': 100,
    'cpus': 2,
}


def run(seed: int, **changes: Any) -> record.Record:
  """Returns a record."""
  fields = {
      'experiment': 'net_cifar10_pruning',
      'tier': 'cpu',
      'seed': seed,
      'params': {'task': {'train_data': {'seed': seed}, 'technique': {}}},
      'environment': 'a' * 64,
      'versions': VERSIONS,
      'data': 'b' * 64,
      'batches': {'train': 'd' * 64, 'validation': 'd' * 64},
      'instruction_set': 'avx2',
      'weights': f'{seed}' * 64,
      'parameters': 20,
      'lineage': ['c' * 64],
      'training': TRAINING,
      'health': {'not_finite': 0, 'kinds': {'mask': {'zeros': [4, 8]}}},
      'keras': {'accuracy': 0.84},
      'exported': {'int8': {**EXPORTED, 'gzip_bytes': 1000 + 10 * seed}},
      'invariants': {'zeros_missing': 0, 'covered': ['conv'], 'noisy': seed},
  }
  return record.Record(**{**fields, **changes})


def reference(**changes: Any) -> reference_lib.Reference:
  """Returns what three runs make."""
  runs = [run(seed) for seed in (1, 2, 3)]
  fields = {
      'test': 'net_half',
      'tier': 'cpu',
      'instruction_set': 'avx2',
      'recipe': reference_lib.recipe_of(runs[0]),
      'data': 'b' * 64,
      'stack': runs[0].stack,
      'seeds': [
          reference_lib.Seed(
              r.seed, {'drop': drop}, r.weights, 'f' * 64, 'd' * 64
          )
          for r, drop in zip(runs, (0.1, 0.3, 0.2), strict=True)
      ],
      'exact': likeness.exact(runs),
      'sizes': likeness.sizes(runs),
      'history': [{
          'date': '2026-11-25',
          'who': 'a maintainer',
          'why': 'It is the first one.',
          'versions': VERSIONS,
          'seeds': [1, 2, 3],
          'drops': {'drop': 0.2},
      }],
  }
  return reference_lib.Reference(**{**fields, **changes})
