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

"""Whether an exported model is the Keras model that was trained.

Accuracy is that of the exported model, by the TFLite interpreter. If another
model was exported, or measured, or the images were prepared otherwise for it,
a drop does not show it where the float control is wrong in the same way. The
Keras model of the same run does: after the same weights both say the same, but
for what the kind of export rounds.
"""

import math
from typing import Any, NamedTuple

from tfmot_contrib.convergence import record


class _Rounding(NamedTuple):
  """How far an export may be from Keras.

  Attributes:
    least: Root of the mean squared difference of logits, as a share of Keras'
      logits, that rounding leaves at least; else it is not that export.
    logits: What it leaves at most.
    points: Difference of top-1 accuracy, in points.
  """

  least: float
  logits: float
  points: float


# Ten times what is seen of floats and twice of integers, or a tenth at least.
# Quantization-aware training does the rounding itself, and Keras has it too.
_QAT = _Rounding(0.0, 0.6, 5.0)
_ROUNDING = {
    'float': _Rounding(0.0, 1e-4, 0.05),
    'sparse': _Rounding(0.0, 1e-4, 0.05),
    'float16': _Rounding(1e-5, 0.01, 0.1),
    'dynamic_range': _Rounding(5e-4, 0.1, 0.5),
    'int8': _Rounding(1e-3, 0.4, 5.0),
    'int16': _Rounding(1e-3, 0.1, 1.0),
}
# Of the 256 images of a smoke run, one is 0.4 points.
_IMAGE = {'smoke': 0.4}
# The same weights, evaluated twice.
_SAME = 1e-3
# Mirror images are as easy as those that they are of.
_MIRRORED = 2.0


def strays(
    run: record.Record, baseline: record.Record | None
) -> list[tuple[str, Any, Any]]:
  """Returns where what was exported is not what was trained.

  Args:
    run: The run to judge.
    baseline: The float run that it started from, or None.

  Returns:
    Path into the record, what was expected, and what was got.
  """
  found = []
  smoke = run.tier == 'smoke'
  image = _IMAGE.get(run.tier, 0.0)
  for kind, export in run.exported.items():
    path = f'exported.{kind}'
    bound = _ROUNDING.get(kind, _QAT)
    gap, logits = export['keras_gap'], export['logit_gap']
    if gap > bound.points + image:
      found.append((f'{path}.keras_gap', f'<= {bound.points + image:g}', gap))
    if not bound.least <= logits <= bound.logits:
      within = f'{bound.least:g} to {bound.logits:g}'
      found.append((f'{path}.logit_gap', within, logits))
    own = export['accuracy']
    both = export.get('mirrored_accuracy', own)
    if not smoke and abs(both - own) > _MIRRORED:
      found.append(
          (f'{path}.mirrored_accuracy', f'{own:g} +- {_MIRRORED:g}', both)
      )
  if baseline and not run.training['steps']:
    found += [
        (f'keras.{key}', baseline.keras.get(key), value)
        for key, value in run.keras.items()
        if not math.isclose(
            value, baseline.keras.get(key, math.nan), rel_tol=_SAME
        )
    ]
  return found
