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

"""Post-training quantization: the converter alone, no training.

https://www.tensorflow.org/lite/performance/post_training_quantization. It needs
no TFMOT. It is here as what every technique that trains is compared with: a
quantization-aware training that is no better has cost time for nothing.
"""

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
import tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.deployment import flatbuffer

_KINDS = ('dynamic_range', 'float16', 'int8')


@dataclasses.dataclass
class PostTrainingConfig(technique.TechniqueConfig):
  """Config of post-training quantization.

  Attributes:
    kind: `dynamic_range` stores weights as int8, `float16` in half precision;
      `int8` computes all in int8, inputs and outputs too.
  """

  kind: str = 'int8'


@technique.register(PostTrainingConfig)
class PostTraining(technique.Technique):
  """Leaves the model as it is; the export does it."""

  def __init__(self, config: PostTrainingConfig):
    """Initializes the technique from the experiment's config."""
    super().__init__(config)
    if config.kind not in _KINDS:
      raise errors.InputError(
          f'task.technique.kind is {config.kind}: one of {", ".join(_KINDS)}'
      )
    self.kinds = (config.kind,)
    self._given: dict[str, np.ndarray] = {}

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    return model

  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    return model

  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """See base class."""
    (kernels,) = exported.values()
    covered, skipped = [], []
    for kernel in kernels:
      values = kernel.values
      if self.config.kind == 'float16':
        # As computed they are float32 again, but each fits in half precision.
        done = np.array_equal(values, values.astype(np.float16))
      else:
        done = values.dtype == np.int8
      (covered if done else skipped).append(kernel)
    weights = sum(kernel.values.size for kernel in kernels)
    return {
        'covered': [kernel.name for kernel in covered],
        'skipped': [kernel.name for kernel in skipped],
        'kernels_left_float': len(skipped),
        'weights_left_float': sum(k.values.size for k in skipped) / weights,
    }
