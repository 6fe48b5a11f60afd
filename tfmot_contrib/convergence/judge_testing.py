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

"""Runs, controls and a reference to judge, for tests."""

from typing import Any

from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference

DROP = claims.Claim(
    id='accuracy_drop',
    kind=claims.ACCURACY,
    metric='exported.float.accuracy',
    relation='drop',
    against='exported.float.accuracy',
    at_most=0.5,
    at_least=None,
    source='the guide',
    reason='It is only for a test.',
    documented='0.5',
    tiers=('cpu',),
)


def run(seed: int, accuracy: float, **changes: Any) -> record.Record:
  """Returns a record of a run with such an accuracy."""
  exported = {
      'accuracy': accuracy,
      'bytes': 3000,
      'gzip_bytes': 1000,
      'operators': {},
      'integer_share': 0.0,
      'kernels': [],
  }
  fields = {
      'experiment': 'net_cifar10',
      'tier': 'cpu',
      'seed': seed,
      'params': {'task': {'train_data': {'seed': seed}}},
      'environment': 'a' * 64,
      'versions': {},
      'data': 'b' * 64,
      'batches': {'train': f'{seed}' * 64, 'validation': 'd' * 64},
      'instruction_set': 'avx2',
      'weights': '9' * 64,
      'parameters': 20,
      'lineage': ['c' * 64],
      'training': {'steps': 0, 'cpus': 2},
      'health': {'not_finite': 0},
      'keras': {'accuracy': 0.84},
      'exported': {'float': exported},
      'invariants': {},
  }
  return record.Record(**{**fields, **changes})


def shown(*drops: float, **changes: Any) -> pairing.Shown:
  """Returns runs with such drops and a reference of 0.2 +- 0.1."""
  runs = [run(i + 1, 80 - drop) for i, drop in enumerate(drops)]
  seeds = [
      reference.Seed(
          i + 1,
          {'accuracy_drop': drop},
          weights=f'{i}' * 64,
          control='f' * 64,
          batch=f'{i + 1}' * 64,
      )
      for i, drop in enumerate((0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3))
  ]
  fields = {
      'runs': runs,
      'baseline': run(1, 79, weights='c' * 64),
      'controls': [run(r.seed, 80.0, weights='f' * 64) for r in runs],
      'reference': reference.Reference(
          test='net_half',
          tier='cpu',
          instruction_set='avx2',
          recipe=reference.recipe_of(runs[0]),
          data='b' * 64,
          stack=runs[0].stack,
          seeds=seeds,
          exact=likeness.exact(runs),
          sizes=likeness.sizes(runs),
          history=[],
          drops_of={'accuracy_drop': DROP.difference},
      ),
  }
  return pairing.Shown(**{**fields, **changes})
