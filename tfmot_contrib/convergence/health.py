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

"""Watches a training: what moves, what stays, and what each variable becomes.

Most faults of a technique leave the accuracy as it is, but not the way there: a
mask that is never set anew, a range that is not learned, a centroid without a
gradient. So a run looks at every variable of the model that trains, the ones of
TFMOT's wrappers too, before the first step and after each inner loop. It knows
nothing of techniques; claims do.
"""

import pathlib
import re
from typing import Any, Callable, Sequence

import numpy as np
import orbit
import tensorflow as tf, tf_keras

# From the most able on; TensorFlow's kernels, and so results, differ by them.
_INSTRUCTION_SETS = (
    'amx_bf16',
    'avx512_bf16',
    'avx512_vnni',
    'avx512f',
    'avx2',
    'asimd',
)
_MOST_DISTINCT = 256
_KEYS = ('moved', 'finite', 'zeros', 'distinct')


def instruction_set(cpuinfo: str = '/proc/cpuinfo') -> str:
  """Returns the name of the most able vector instructions of this machine.

  Args:
    cpuinfo: Where the kernel of the operating system lists them.

  Returns:
    One of Linux' names of processor features, or `unknown`.
  """
  try:
    text = pathlib.Path(cpuinfo).read_text(encoding='utf-8')
  except OSError:
    return 'unknown'
  has = set(text.split())
  return next((name for name in _INSTRUCTION_SETS if name in has), 'unknown')


def _variables(model: tf_keras.Model) -> dict[str, tf.Variable]:
  """Returns the variables of a model by names that are unique."""
  named: dict[str, tf.Variable] = {}
  for variable in model.variables:
    name, count = variable.name.removesuffix(':0'), 2
    unique = name
    while unique in named:
      unique, count = f'{name}#{count}', count + 1
    named[unique] = variable
  return named


class Observer:
  """An action that remembers how each variable stands after an inner loop."""

  def __init__(self, model: tf_keras.Model, step: tf.Variable):
    """Takes a look at the model before its first step.

    Args:
      model: What is about to train.
      step: The number of steps that were taken.
    """
    self._step = step
    self._variables = _variables(model)
    self._trainable = {id(v) for v in model.trainable_variables}
    self._start = {n: v.numpy() for n, v in self._variables.items()}
    self._looks: list[tuple[int, dict[str, dict[str, Any]]]] = []

  def __call__(self, output: orbit.runner.Output) -> None:
    """Looks at every variable; an action of orbit.

    Args:
      output: Of the inner loop.
    """
    del output
    seen = {
        name: self._look(name, variable.numpy())
        for name, variable in self._variables.items()
    }
    self._looks.append((int(self._step.numpy()), seen))

  def _look(self, name: str, value: np.ndarray) -> dict[str, Any]:
    """Returns what is to be remembered of one value."""
    distinct = int(np.unique(value).size)
    return {
        'moved': not np.array_equal(value, self._start[name], equal_nan=True),
        'finite': bool(np.all(np.isfinite(value))),
        'zeros': int(value.size - np.count_nonzero(value)),
        'distinct': distinct if distinct <= _MOST_DISTINCT else None,
    }

  def variables(self) -> dict[str, dict[str, Any]]:
    """Returns what was seen of each variable.

    Returns:
      By name: `trainable`, `size`, and for each look whether it had `moved`
      from where it began, was `finite`, its `zeros` and its number of
      `distinct` values (None for more than 256).
    """
    return {
        name: {
            'trainable': id(variable) in self._trainable,
            'size': int(np.prod(variable.shape)),
            **{
                key: [seen[name][key] for _, seen in self._looks]
                for key in _KEYS
            },
        }
        for name, variable in self._variables.items()
    }

  def summary(self) -> dict[str, Any]:
    """Returns what was seen of variables of a kind: all that end in `/mask`.

    Returns:
      `steps`, when it looked; `not_finite`, how many variables once were not;
      `kinds`, by the last part of the names, with `(trainable)` behind it where
      they are: how many there are (`of`), and for each look how many had
      `moved`, their `zeros` and the most `distinct` values of one.
    """
    kinds: dict[str, list[dict[str, Any]]] = {}
    for name, seen in self.variables().items():
      kind = re.sub(r'_?\d*(#\d+)?$', '', name.rpartition('/')[2])
      kind += ' (trainable)' if seen['trainable'] else ''
      kinds.setdefault(kind, []).append(seen)
    every = [seen for group in kinds.values() for seen in group]
    return {
        'steps': [step for step, _ in self._looks],
        'not_finite': sum(not all(seen['finite']) for seen in every),
        'kinds': {
            kind: {
                'of': len(group),
                'moved': _by_look(sum, group, 'moved'),
                'zeros': _by_look(sum, group, 'zeros'),
                'distinct': _by_look(_most, group, 'distinct'),
            }
            for kind, group in sorted(kinds.items())
        },
    }


def _by_look(
    total: Callable[[Any], Any], group: Sequence[dict[str, Any]], key: str
) -> list[Any]:
  """Returns for each look the total of one key over a group."""
  looks = [seen[key] for seen in group]
  return [total(values) for values in zip(*looks, strict=True)]


def _most(values: Sequence[int | None]) -> int | None:
  """Returns the largest, None being larger than all."""
  return None if None in values else max(values)
