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

"""Post-training quantization: the converter rounds, nothing is trained.

https://www.tensorflow.org/lite/performance/post_training_quantization. It is
the reference of quantization-aware training: what that costs in training must
show here as accuracy.
"""

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
import tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.deployment import flatbuffer

KINDS = ('dynamic_range', 'float16', 'int8')
# The converter does not quantize smaller kernels for a dynamic range.
LEAST_WEIGHTS = 1024


@dataclasses.dataclass
class PostTrainingConfig(technique.TechniqueConfig):
  """Config of post-training quantization.

  Attributes:
    kind: `dynamic_range` (int8 weights, outputs quantized while it runs),
      `float16` (weights stored in half precision) or `int8` (integers alone,
      with ranges taken from images).
  """

  kind: str = 'int8'


def _is_stored(kernel: flatbuffer.Kernel, kind: str) -> bool:
  """Tells whether a kernel is stored as its kind says."""
  values = kernel.values
  if kind == 'float16':
    return bool(np.array_equal(values, values.astype(np.float16)))
  return bool(np.issubdtype(values.dtype, np.integer))


@technique.register(PostTrainingConfig)
class PostTraining(technique.Technique):
  """What the TFLite converter can do to any model."""

  @property
  def kinds(self) -> Sequence[str]:
    """As what the result is exported: as what the config says."""
    return (self.config.kind,)

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model itself: there is nothing to train.

    Args:
      model: A flat functional model.

    Returns:
      The same.

    Raises:
      errors.InputError: The kind is unknown.
    """
    if self.config.kind not in KINDS:
      raise errors.InputError(
          f'task.technique.kind is {self.config.kind}: one of {KINDS}'
      )
    return model

  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model itself."""
    return model

  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """Measures how the kernels are stored.

    Args:
      exported: By kind, the kernels of the exported model.

    Returns:
      `covered` layers; `skipped`, whose kernels stayed float32, how many, and
      how many of them are not small enough to explain it.
    """
    covered, skipped = [], []
    for kernel in {k.name: k for k in exported[self.config.kind]}.values():
      stored = _is_stored(kernel, self.config.kind)
      (covered if stored else skipped).append(kernel)
    small = self.config.kind == 'dynamic_range'
    unexplained = [
        k for k in skipped if not small or k.values.size >= LEAST_WEIGHTS
    ]
    return {
        'covered': [k.name for k in covered],
        'skipped': [k.name for k in skipped],
        'kernels_left_float': len(skipped),
        'kernels_left_unexplained': len(unexplained),
    }
